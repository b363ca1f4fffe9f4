package io.github.dl4jqat.examples.deploy;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;
import java.nio.FloatBuffer;
import java.util.Map;

/** ONNX Runtime on an ONNX file with one input and one output, both float. */
final class OnnxRunner implements Runner {

    private final OrtEnvironment environment = OrtEnvironment.getEnvironment();
    private final OrtSession session;
    private final String input;
    private final long[] shape;
    private final int batch;

    OnnxRunner(byte[] file, int batch) {
        this.batch = batch;
        try {
            session = environment.createSession(file, new OrtSession.SessionOptions());
            input = session.getInputNames().iterator().next();
            shape = ((TensorInfo) session.getInputInfo().get(input).getInfo()).getShape();
            shape[0] = batch;
        } catch (OrtException e) {
            throw new IllegalStateException("ONNX Runtime does not take the file: " + e, e);
        }
    }

    @Override
    public String name() {
        return "ONNX Runtime " + environment.getVersion();
    }

    @Override
    public int batch() {
        return batch;
    }

    @Override
    public float[] run(float[] x) {
        try (OnnxTensor tensor = OnnxTensor.createTensor(environment, FloatBuffer.wrap(x), shape);
                OrtSession.Result result = session.run(Map.of(input, tensor))) {
            FloatBuffer y = ((OnnxTensor) result.get(0)).getFloatBuffer();
            float[] values = new float[y.remaining()];
            y.get(values);
            return values;
        } catch (OrtException e) {
            throw new IllegalStateException("ONNX Runtime cannot run the file: " + e, e);
        }
    }

    @Override
    public void close() {
        try {
            session.close();
        } catch (OrtException e) {
            throw new IllegalStateException("ONNX Runtime does not end: " + e, e);
        }
    }
}
