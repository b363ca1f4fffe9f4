package io.github.dl4jqat.integer;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession;
import io.github.dl4jqat.integer.OnnxGraph.ElementType;
import io.github.dl4jqat.integer.OnnxGraph.Value;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Whether a {@link PairOperator} is exact with the runtime and on the processor at hand: it is
 * given all 65,536 pairs of bytes, and each result is compared with the defined one. Each pair goes
 * through every lane of the operator's loop, and through every place of what is left behind the
 * last whole vector. Results are remembered as long as the JVM runs.
 *
 * <p>One for the opening of a model; not thread-safe.
 */
final class OrtPairCheck implements AutoCloseable {

    private static final int BYTES = 256;

    /** The widest loops take 32 bytes at once; what is left is at most one less. */
    private static final int RUN = 63;

    private static final int REMEMBERED = 4096;

    private static final Map<PairOperator, Boolean> KNOWN =
            new LinkedHashMap<>() {
                @Override
                protected boolean removeEldestEntry(Map.Entry<PairOperator, Boolean> eldest) {
                    return size() > REMEMBERED;
                }
            };

    private final OrtEnvironment environment = OrtEnvironment.getEnvironment();
    private final Map<String, OrtSession> sessions = new LinkedHashMap<>();

    /** The operator that computes an operation exactly; empty where none does. */
    Optional<PairOperator> exact(Combine op) {
        return PairOperator.of(op).filter(operator -> isExact(operator, op));
    }

    private boolean isExact(PairOperator operator, Combine op) {
        synchronized (KNOWN) {
            Boolean known = KNOWN.get(operator);
            if (known != null) {
                return known;
            }
        }
        boolean exact =
                allPairs(operator).map(y -> agree(y, PairOperator.defined(op))).orElse(false);
        synchronized (KNOWN) {
            KNOWN.put(operator, exact);
        }
        return exact;
    }

    private static boolean agree(ByteBuffer y, byte[] defined) {
        byte[] row = new byte[BYTES * RUN];
        for (int first = 0; first < BYTES; first++) {
            for (int second = 0; second < BYTES; second++) {
                int from = second * RUN;
                Arrays.fill(row, from, from + RUN, defined[first * BYTES + second]);
            }
            if (!y.slice(first * row.length, row.length).equals(ByteBuffer.wrap(row))) {
                return false;
            }
        }
        return true;
    }

    /**
     * What the operator makes of the pairs, {@code [256, 256, 63]}: the first byte, the second one,
     * and as often as it takes to meet every lane. Empty if the runtime refuses it.
     */
    private Optional<ByteBuffer> allPairs(PairOperator operator) {
        ByteBuffer bytes = ByteBuffer.allocateDirect(BYTES * RUN);
        while (bytes.hasRemaining()) {
            bytes.put((byte) (bytes.position() / RUN));
        }
        bytes.flip();
        Map<String, OnnxTensor> feeds = new LinkedHashMap<>();
        try {
            OrtSession session = session(operator.type());
            feeds.put("a", bytes(bytes, 1, BYTES, 1, RUN));
            feeds.put("b", bytes(bytes.duplicate(), 1, 1, BYTES, RUN));
            grid(feeds, "a", operator.a());
            grid(feeds, "b", operator.b());
            grid(feeds, "y", operator.y());
            try (OrtSession.Result result = session.run(feeds)) {
                return Optional.of(((OnnxTensor) result.get(0)).getByteBuffer());
            }
        } catch (OrtException e) {
            return Optional.empty();
        } finally {
            feeds.values().forEach(OnnxTensor::close);
        }
    }

    private OnnxTensor bytes(ByteBuffer buffer, long... shape) throws OrtException {
        return OnnxTensor.createTensor(environment, buffer, shape, OnnxJavaType.UINT8);
    }

    private void grid(Map<String, OnnxTensor> feeds, String name, PairOperator.Grid grid)
            throws OrtException {
        FloatBuffer scale = FloatBuffer.wrap(new float[] {grid.scale()});
        feeds.put(name + "_scale", OnnxTensor.createTensor(environment, scale, new long[] {1}));
        ByteBuffer zero = ByteBuffer.allocateDirect(1).put((byte) grid.zero()).flip();
        feeds.put(name + "_zero", bytes(zero, 1));
    }

    /** Scales and zero points are inputs, so one session of an operator serves all grids. */
    private OrtSession session(String type) throws OrtException {
        OrtSession open = sessions.get(type);
        if (open != null) {
            return open;
        }
        try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
            options.setIntraOpNumThreads(1);
            options.setSessionLogLevel(OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR);
            OrtSession session = environment.createSession(graph(type), options);
            sessions.put(type, session);
            return session;
        }
    }

    private static byte[] graph(String type) {
        OnnxGraph graph = new OnnxGraph("pairs");
        Value a = graph.input("a", ElementType.UINT8, List.of(BYTES, 1, RUN));
        Value b = graph.input("b", ElementType.UINT8, List.of(1, BYTES, RUN));
        graph.reserveOutput("y");
        OnnxGraph.Node node =
                graph.runtimeNode(
                        type,
                        a,
                        number(graph, "a_scale", ElementType.FLOAT),
                        number(graph, "a_zero", ElementType.UINT8),
                        b,
                        number(graph, "b_scale", ElementType.FLOAT),
                        number(graph, "b_zero", ElementType.UINT8),
                        number(graph, "y_scale", ElementType.FLOAT),
                        number(graph, "y_zero", ElementType.UINT8));
        graph.output("y", node.as("y/bytes"), ElementType.UINT8, List.of(BYTES, BYTES, RUN));
        return graph.model().build().toByteArray();
    }

    /** A scalar of what is fed, which is a batch of one. */
    private static Value number(OnnxGraph graph, String name, ElementType type) {
        Value one = graph.input(name, type, List.of());
        return graph.node("Reshape", one, graph.longs(name + "_shape", new long[0], 0))
                .as(name + "_only");
    }

    @Override
    public void close() {
        sessions.values().forEach(OrtPairCheck::close);
        sessions.clear();
    }

    private static void close(OrtSession session) {
        try {
            session.close();
        } catch (OrtException e) {
            throw new IllegalStateException("ONNX Runtime cannot close its session", e);
        }
    }
}
