package io.github.dl4jqat.integer;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession;
import java.lang.ref.Cleaner;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * The integer model in ONNX Runtime: bytes go in, bytes come out, and the floats at both ends are
 * made by the same code as in {@link JavaEngine}. It gives the same integers as that engine.
 *
 * <p>The only class that refers to ONNX Runtime. Thread-safe.
 */
final class OrtEngine implements IntegerEngine {

    private static final Cleaner CLEANER = Cleaner.create();

    /** Large batches go through in parts, which bounds the memory for what lies between. */
    private static final int LARGEST_PART = 256;

    private final IntegerModel model;
    private final Native session;
    private final Cleaner.Cleanable cleanable;
    private final String name;

    OrtEngine(IntegerModel model) {
        this(model, null);
    }

    /**
     * Opens a session.
     *
     * @param optimized where ONNX Runtime leaves the graph as it runs it, or null
     * @throws UnsupportedOperationException if it refuses the graph
     */
    OrtEngine(IntegerModel model, Path optimized) {
        this.model = model;
        byte[] graph = graph(model);
        OrtEnvironment environment = OrtEnvironment.getEnvironment();
        try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
            options.setIntraOpNumThreads(Runtime.getRuntime().availableProcessors());
            options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.ALL_OPT);
            // Threads that spin between operators take the processor from everyone else.
            options.addConfigEntry("session.intra_op.allow_spinning", "0");
            // Without VNNI, unsigned times signed bytes saturates at int16; this way it is exact.
            options.addConfigEntry("session.x64quantprecision", "1");
            options.setSessionLogLevel(OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR);
            if (optimized != null) {
                options.setOptimizedModelFilePath(optimized.toString());
            }
            this.session = new Native(environment, environment.createSession(graph, options));
        } catch (OrtException e) {
            throw new UnsupportedOperationException(
                    "ONNX Runtime refuses the model: " + e.getMessage(), e);
        }
        this.cleanable = CLEANER.register(this, session);
        this.name = "ONNX Runtime " + environment.getVersion();
    }

    private static byte[] graph(IntegerModel model) {
        try {
            return OnnxQdq.of(model, OnnxQdq.Ends.INTEGERS).toByteArray();
        } catch (IllegalArgumentException e) {
            // A tensor whose name is the one made for an output, for example.
            throw new UnsupportedOperationException(
                    "The model has no ONNX form: " + e.getMessage(), e);
        }
    }

    /** What must be closed, apart from the engine so that the cleaner can hold it. */
    private static final class Native implements Runnable {
        private final OrtEnvironment environment;
        private final OrtSession session;
        private final ReadWriteLock lock = new ReentrantReadWriteLock();
        private boolean closed;

        Native(OrtEnvironment environment, OrtSession session) {
            this.environment = environment;
            this.session = session;
        }

        /** Waits for runs under way: freeing a session in use would end the JVM. */
        @Override
        public void run() {
            lock.writeLock().lock();
            try {
                if (!closed) {
                    closed = true;
                    session.close();
                }
            } catch (OrtException e) {
                throw new IllegalStateException("ONNX Runtime cannot close its session", e);
            } finally {
                lock.writeLock().unlock();
            }
        }
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public IntegerModel model() {
        return model;
    }

    @Override
    public Map<String, TensorData> run(
            Map<String, TensorData> feeds, Collection<String> wanted, int batch) {
        List<IntegerOp> plan = RunPlan.of(model, feeds, wanted, batch);
        Map<String, TensorData> results = new LinkedHashMap<>();
        Map<String, int[]> integers = new HashMap<>();
        Set<String> computed = new LinkedHashSet<>();
        for (String tensor : wanted) {
            if (feeds.containsKey(tensor)) {
                results.put(tensor, feeds.get(tensor));
                continue;
            }
            TensorType end = end(tensor);
            if (!feeds.containsKey(end.name()) && computed.add(end.name())) {
                integers.put(end.name(), new int[Math.multiplyExact(end.elements(), batch)]);
            }
        }
        if (!computed.isEmpty()) {
            List<Quantize> begins = begins(plan, feeds);
            for (int from = 0; from < batch; from += LARGEST_PART) {
                int examples = Math.min(LARGEST_PART, batch - from);
                runPart(begins, feeds, computed, integers, from, examples);
            }
        }
        for (String tensor : wanted) {
            results.computeIfAbsent(tensor, t -> finish(t, feeds, integers, batch));
        }
        return results;
    }

    /** The tensor of integers that a wanted tensor is or is made of. */
    private TensorType end(String tensor) {
        for (IntegerOp op : model.ops()) {
            if (op instanceof Dequantize dequantize) {
                TensorType q = dequantize.input();
                if (op.output().name().equals(tensor) || q.name().equals(tensor)) {
                    return q;
                }
            }
        }
        throw new IllegalArgumentException(
                name
                        + " runs whole networks; tensor '"
                        + tensor
                        + "' is not an end of this one, use EngineChoice.JAVA");
    }

    /** How each byte input of the graph is made; each is needed, whatever is wanted. */
    private List<Quantize> begins(List<IntegerOp> plan, Map<String, TensorData> feeds) {
        List<Quantize> begins = new ArrayList<>();
        for (IntegerOp op : model.ops()) {
            if (op instanceof Quantize quantize) {
                begins.add(quantize);
                String from = quantize.input().name();
                if (!feeds.containsKey(op.output().name()) && !feeds.containsKey(from)) {
                    throw new IllegalArgumentException(
                            name + " runs whole networks; input '" + from + "' is not fed");
                }
            }
        }
        for (String fed : feeds.keySet()) {
            boolean begin =
                    begins.stream()
                            .anyMatch(
                                    q ->
                                            q.output().name().equals(fed)
                                                    || q.input().name().equals(fed));
            boolean used =
                    plan.stream()
                            .flatMap(op -> op.inputs().stream())
                            .anyMatch(t -> t.name().equals(fed));
            if (used && !begin) {
                throw new IllegalArgumentException(
                        name
                                + " runs whole networks; tensor '"
                                + fed
                                + "' cannot be fed, use EngineChoice.JAVA");
            }
        }
        return begins;
    }

    private void runPart(
            List<Quantize> begins,
            Map<String, TensorData> feeds,
            Set<String> computed,
            Map<String, int[]> integers,
            int from,
            int examples) {
        session.lock.readLock().lock();
        Map<String, OnnxTensor> inputs = new LinkedHashMap<>();
        try {
            if (session.closed) {
                throw new IllegalStateException(name + " engine: it is closed");
            }
            for (Quantize op : begins) {
                inputs.put(op.output().name(), input(op, feeds, from, examples));
            }
            Map<String, TensorType> names = new LinkedHashMap<>();
            for (String tensor : computed) {
                TensorType type = model.tensor(tensor);
                names.put(OnnxQdq.outputName(type), type);
            }
            try (OrtSession.Result result = session.session.run(inputs, names.keySet())) {
                for (Map.Entry<String, TensorType> entry : names.entrySet()) {
                    OnnxTensor tensor = (OnnxTensor) result.get(entry.getKey()).orElseThrow();
                    TensorType type = entry.getValue();
                    int[] q = integers.get(type.name());
                    unpack(tensor.getByteBuffer(), type, q, from * type.elements());
                }
            }
        } catch (OrtException e) {
            throw new IllegalStateException(name + " engine: " + e.getMessage(), e);
        } finally {
            inputs.values().forEach(OnnxTensor::close);
            session.lock.readLock().unlock();
            // The cleaner must not take the session from under a run.
            Reference.reachabilityFence(this);
        }
    }

    private OnnxTensor input(Quantize op, Map<String, TensorData> feeds, int from, int examples)
            throws OrtException {
        TensorType type = op.output();
        int n = type.elements() * examples;
        TensorData fed = feeds.get(type.name());
        int[] q;
        int first = 0;
        if (fed != null) {
            q = fed.ints();
            first = from * type.elements();
        } else {
            q = new int[n];
            feeds.get(op.input().name()).quantize(op, from, q, examples);
        }
        int shift = QdqPieces.shift(type.params());
        byte[] bytes = new byte[n];
        for (int i = 0; i < n; i++) {
            bytes[i] = (byte) (q[first + i] + shift);
        }
        ByteBuffer buffer = ByteBuffer.allocateDirect(n);
        buffer.put(bytes).flip();
        long[] shape = new long[type.rank() + 1];
        shape[0] = examples;
        for (int axis = 0; axis < type.rank(); axis++) {
            shape[axis + 1] = type.size(axis);
        }
        return OnnxTensor.createTensor(session.environment, buffer, shape, OnnxJavaType.UINT8);
    }

    private static void unpack(ByteBuffer bytes, TensorType type, int[] q, int to) {
        int shift = QdqPieces.shift(type.params());
        int n = bytes.remaining();
        for (int i = 0; i < n; i++) {
            q[to + i] = Byte.toUnsignedInt(bytes.get(i)) - shift;
        }
    }

    private TensorData finish(
            String tensor, Map<String, TensorData> feeds, Map<String, int[]> integers, int batch) {
        TensorType type = model.tensor(tensor);
        TensorType end = end(tensor);
        int[] q =
                feeds.containsKey(end.name())
                        ? feeds.get(end.name()).ints()
                        : integers.get(end.name());
        if (!type.isFloat()) {
            return TensorData.of(q);
        }
        Dequantize op = (Dequantize) model.producer(tensor).orElseThrow();
        float[] y = new float[q.length];
        op.apply(q, 0, y, 0, batch);
        return TensorData.of(y);
    }

    @Override
    public void close() {
        cleanable.clean();
    }

    @Override
    public String toString() {
        return name + " engine of " + model;
    }
}
