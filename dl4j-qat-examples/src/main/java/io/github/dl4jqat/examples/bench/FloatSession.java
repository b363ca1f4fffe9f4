package io.github.dl4jqat.examples.bench;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Map;

/** A float graph of one input and one output in ONNX Runtime, with the settings that it likes. */
final class FloatSession implements AutoCloseable {

    private final OrtEnvironment environment = OrtEnvironment.getEnvironment();
    private final OrtSession session;
    private final String input;

    FloatSession(byte[] graph) throws OrtException {
        try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
            options.setIntraOpNumThreads(Runtime.getRuntime().availableProcessors());
            options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.ALL_OPT);
            // Here everything takes its turn: a pool that spins would take the others' time.
            options.addConfigEntry("session.intra_op.allow_spinning", "0");
            session = environment.createSession(graph, options);
        }
        input = session.getInputNames().iterator().next();
    }

    /** Floats in, floats out; both from and to the heap. */
    float[] output(float[] x, long[] shape) {
        FloatBuffer buffer =
                ByteBuffer.allocateDirect(Float.BYTES * x.length)
                        .order(ByteOrder.nativeOrder())
                        .asFloatBuffer();
        buffer.put(x).flip();
        try (OnnxTensor tensor = OnnxTensor.createTensor(environment, buffer, shape);
                OrtSession.Result result = session.run(Map.of(input, tensor))) {
            FloatBuffer y = ((OnnxTensor) result.get(0)).getFloatBuffer();
            float[] floats = new float[y.remaining()];
            y.get(floats);
            return floats;
        } catch (OrtException e) {
            throw new IllegalStateException("ONNX Runtime: " + e.getMessage(), e);
        }
    }

    @Override
    public void close() throws OrtException {
        session.close();
    }
}
