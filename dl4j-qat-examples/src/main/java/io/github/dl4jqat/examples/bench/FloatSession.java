package io.github.dl4jqat.examples.bench;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * A float graph of one input and one output in ONNX Runtime, at its best: for each size of a batch
 * the ways to use the processors are tried, and the fastest is kept. Not thread-safe.
 */
final class FloatSession implements AutoCloseable {

    private static final int TRIALS = 15;

    /** How a batch is computed. */
    private enum Way {
        /** By the calling thread. */
        ALONE,
        /** By the runtime's threads, which share the work of each operator. */
        TOGETHER,
        /** In parts, a thread each. */
        SIDE_BY_SIDE
    }

    private final OrtEnvironment environment = OrtEnvironment.getEnvironment();
    private final int processors = Runtime.getRuntime().availableProcessors();
    private final OrtSession alone;
    private final OrtSession together;
    private final String input;
    private final Map<Integer, Way> fastest = new HashMap<>();

    FloatSession(byte[] graph) throws OrtException {
        alone = session(graph, 1);
        together = session(graph, processors);
        input = alone.getInputNames().iterator().next();
    }

    private OrtSession session(byte[] graph, int threads) throws OrtException {
        try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
            options.setIntraOpNumThreads(threads);
            options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.ALL_OPT);
            // Here everything takes its turn: a pool that spins would take the others' time.
            options.addConfigEntry("session.intra_op.allow_spinning", "0");
            return environment.createSession(graph, options);
        }
    }

    /** Floats in, floats out; both from and to the heap. */
    float[] output(float[] x, long[] shape) {
        int batch = Math.toIntExact(shape[0]);
        Way way = fastest.get(batch);
        if (way == null) {
            way = fastest(x, shape);
            fastest.put(batch, way);
        }
        return output(way, x, shape);
    }

    private Way fastest(float[] x, long[] shape) {
        Map<Way, Long> best = new EnumMap<>(Way.class);
        for (int trial = 0; trial < TRIALS; trial++) {
            for (Way way : Way.values()) {
                long start = System.nanoTime();
                output(way, x, shape);
                best.merge(way, System.nanoTime() - start, Math::min);
            }
        }
        Way fastest = Way.ALONE;
        for (Way way : Way.values()) {
            fastest = best.get(way) < best.get(fastest) ? way : fastest;
        }
        return fastest;
    }

    private float[] output(Way way, float[] x, long[] shape) {
        int batch = Math.toIntExact(shape[0]);
        if (way != Way.SIDE_BY_SIDE) {
            return part(way == Way.ALONE ? alone : together, x, shape, 0, batch);
        }
        int parts = Math.min(batch, processors);
        float[][] outputs =
                IntStream.range(0, parts)
                        .parallel()
                        .mapToObj(
                                i -> {
                                    int from = batch * i / parts;
                                    return part(
                                            alone, x, shape, from, batch * (i + 1) / parts - from);
                                })
                        .toArray(float[][]::new);
        int length = 0;
        for (float[] y : outputs) {
            length += y.length;
        }
        float[] all = new float[length];
        int at = 0;
        for (float[] y : outputs) {
            System.arraycopy(y, 0, all, at, y.length);
            at += y.length;
        }
        return all;
    }

    private float[] part(OrtSession session, float[] x, long[] shape, int from, int examples) {
        int each = x.length / Math.toIntExact(shape[0]);
        long[] some = shape.clone();
        some[0] = examples;
        FloatBuffer buffer =
                ByteBuffer.allocateDirect(Float.BYTES * each * examples)
                        .order(ByteOrder.nativeOrder())
                        .asFloatBuffer();
        buffer.put(x, from * each, each * examples).flip();
        try (OnnxTensor tensor = OnnxTensor.createTensor(environment, buffer, some);
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
        alone.close();
        together.close();
    }
}
