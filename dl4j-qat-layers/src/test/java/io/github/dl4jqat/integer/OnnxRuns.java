package io.github.dl4jqat.integer;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import onnx.Onnx.AttributeProto;
import onnx.Onnx.GraphProto;
import onnx.Onnx.ModelProto;
import onnx.Onnx.NodeProto;

/** Runs ONNX files with floats at both ends in ONNX Runtime, from the file. */
final class OnnxRuns {

    private OnnxRuns() {}

    /** The outputs of a file, in the order of the model's. */
    static List<float[]> run(Path file, IntegerModel model, Map<String, float[]> feeds, int batch) {
        return run(file, model, feeds, batch, null);
    }

    private static List<float[]> run(
            Path file, IntegerModel model, Map<String, float[]> feeds, int batch, Path dump) {
        OrtEnvironment environment = OrtEnvironment.getEnvironment();
        Map<String, OnnxTensor> in = new LinkedHashMap<>();
        try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
            // As the exporter's page advises for processors without VNNI.
            options.addConfigEntry("session.x64quantprecision", "1");
            options.setSessionLogLevel(OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR);
            if (dump != null) {
                options.setOptimizedModelFilePath(dump.toString());
            }
            try (OrtSession session = environment.createSession(file.toString(), options)) {
                if (feeds == null) {
                    return List.of();
                }
                for (TensorType x : model.inputs()) {
                    FloatBuffer values = FloatBuffer.wrap(feeds.get(x.name()));
                    in.put(x.name(), OnnxTensor.createTensor(environment, values, shape(x, batch)));
                }
                List<float[]> outputs = new ArrayList<>();
                try (OrtSession.Result result = session.run(in)) {
                    for (TensorType y : model.outputs()) {
                        OnnxTensor tensor = (OnnxTensor) result.get(y.name()).orElseThrow();
                        FloatBuffer values = tensor.getFloatBuffer();
                        float[] floats = new float[values.remaining()];
                        values.get(floats);
                        outputs.add(floats);
                    }
                }
                return outputs;
            }
        } catch (OrtException e) {
            throw new AssertionError(file + ": " + e.getMessage(), e);
        } finally {
            in.values().forEach(OnnxTensor::close);
        }
    }

    private static long[] shape(TensorType type, int batch) {
        long[] shape = new long[type.rank() + 1];
        shape[0] = batch;
        for (int axis = 0; axis < type.rank(); axis++) {
            shape[axis + 1] = type.size(axis);
        }
        return shape;
    }

    /** The operators that ONNX Runtime makes of a file, and how often, loops included. */
    static Map<String, Integer> optimized(Path file) throws IOException {
        Path dump = file.resolveSibling(file.getFileName() + ".optimized");
        run(file, null, null, 0, dump);
        ModelProto model = ModelProto.parseFrom(Files.readAllBytes(dump));
        Files.delete(dump);
        Map<String, Integer> ops = new TreeMap<>();
        count(model.getGraph(), ops);
        return ops;
    }

    private static void count(GraphProto graph, Map<String, Integer> ops) {
        for (NodeProto node : graph.getNodeList()) {
            ops.merge(node.getOpType(), 1, Integer::sum);
            for (AttributeProto attribute : node.getAttributeList()) {
                if (attribute.hasG()) {
                    count(attribute.getG(), ops);
                }
            }
        }
    }

    /** The Java engine's outputs for floats, in the order of the model's. */
    static List<float[]> java(IntegerModel model, Map<String, float[]> feeds, int batch) {
        Map<String, TensorData> in = new LinkedHashMap<>();
        feeds.forEach((name, x) -> in.put(name, TensorData.of(x)));
        List<String> wanted = model.outputs().stream().map(TensorType::name).toList();
        Map<String, TensorData> out = new JavaEngine(model).run(in, wanted, batch);
        return wanted.stream().map(name -> out.get(name).floats()).toList();
    }

    /** The largest difference in steps of the integers that the only output is made of. */
    static int largestDifference(IntegerModel model, List<float[]> a, List<float[]> b) {
        float scale = ModelEnds.endOf(model, "y").orElseThrow().params().scale();
        float largest = 0;
        for (int i = 0; i < a.get(0).length; i++) {
            largest = Math.max(largest, Math.abs(a.get(0)[i] - b.get(0)[i]));
        }
        return Math.round(largest / scale);
    }
}
