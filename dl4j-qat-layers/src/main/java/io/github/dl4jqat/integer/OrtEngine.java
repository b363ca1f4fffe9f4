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
import java.nio.LongBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * The integer model in ONNX Runtime: bytes go in, bytes come out, and the floats at both ends, from
 * and to which {@link ModelEnds} reaches, are made by {@link JavaEngine}. It gives the same
 * integers as that engine, except behind a float island.
 *
 * <p>The only class that refers to ONNX Runtime. Thread-safe.
 */
final class OrtEngine implements IntegerEngine {

    private static final Cleaner CLEANER = Cleaner.create();

    /** Large batches go through in parts, which bounds the memory for what lies between. */
    private static final int LARGEST_PART = 256;

    private final IntegerModel model;
    private final ModelEnds ends;
    private final JavaEngine java;
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
        this.ends = new ModelEnds(model);
        this.java = new JavaEngine(model);
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
        Map<String, TensorData> known = new LinkedHashMap<>(feeds);
        Map<String, int[]> computed = new LinkedHashMap<>();
        for (String tensor : wanted) {
            TensorType end = feeds.containsKey(tensor) ? null : end(tensor);
            if (end != null && !known.containsKey(end.name())) {
                int[] q = new int[Math.multiplyExact(end.elements(), batch)];
                computed.put(end.name(), q);
                known.put(end.name(), TensorData.of(q));
            }
        }
        if (!computed.isEmpty()) {
            checkFeeds(plan, feeds);
            List<String> begins = new ArrayList<>();
            for (IntegerOp op : ends.begins()) {
                if (op instanceof Quantize) {
                    begins.add(op.output().name());
                }
            }
            List<IntegerOp> beginPlan = RunPlan.of(model, feeds, begins, batch);
            for (int from = 0; from < batch; from += LARGEST_PART) {
                int examples = Math.min(LARGEST_PART, batch - from);
                Map<String, TensorData> first = java.run(beginPlan, feeds, begins, from, examples);
                runPart(first, feeds, computed, from, examples);
            }
        }
        return java.run(known, wanted, batch);
    }

    /** The tensor of integers that a wanted tensor is or is made of. */
    private TensorType end(String tensor) {
        TensorType type = model.tensor(tensor);
        if (type.isFloat() && model.producer(tensor).isPresent()) {
            type = ModelEnds.endOf(model, tensor).orElse(type);
        }
        if (!ends.ends().containsKey(type.name())) {
            throw new IllegalArgumentException(
                    name
                            + " runs whole networks; tensor '"
                            + tensor
                            + "' is not an end of this one, use EngineChoice.JAVA");
        }
        return type;
    }

    /** Each input of the graph is needed, whatever is wanted, and nothing else can be fed. */
    private void checkFeeds(List<IntegerOp> plan, Map<String, TensorData> feeds) {
        Set<String> allowed = new HashSet<>();
        model.inputs().forEach(x -> allowed.add(x.name()));
        for (IntegerOp op : ends.begins()) {
            if (op instanceof Quantize) {
                allowed.add(op.inputs().get(0).name());
                allowed.add(op.output().name());
            }
        }
        for (IntegerOp op : plan) {
            for (TensorType read : op.inputs()) {
                if (feeds.containsKey(read.name()) && !allowed.contains(read.name())) {
                    throw new IllegalArgumentException(
                            name
                                    + " runs whole networks; tensor '"
                                    + read.name()
                                    + "' cannot be fed, use EngineChoice.JAVA");
                }
            }
        }
        for (IntegerOp op : ends.begins()) {
            if (op instanceof Embedding embedding && !feeds.containsKey(embedding.input().name())) {
                throw new IllegalArgumentException(
                        name
                                + " runs whole networks; input '"
                                + embedding.input().name()
                                + "' is not fed");
            }
        }
    }

    /**
     * Runs the graph on some examples.
     *
     * @param begins integers of these examples that begin the graph, or of the whole batch if fed
     */
    private void runPart(
            Map<String, TensorData> begins,
            Map<String, TensorData> feeds,
            Map<String, int[]> computed,
            int from,
            int examples) {
        session.lock.readLock().lock();
        Map<String, OnnxTensor> inputs = new LinkedHashMap<>();
        try {
            if (session.closed) {
                throw new IllegalStateException(name + " engine: it is closed");
            }
            for (IntegerOp op : ends.begins()) {
                if (op instanceof Embedding embedding) {
                    String x = embedding.input().name();
                    if (!inputs.containsKey(x)) {
                        inputs.put(x, indices(embedding, feeds.get(x), from, examples));
                    } else {
                        embedding.indices(feeds.get(x), from, examples);
                    }
                } else {
                    String q = op.output().name();
                    int first = feeds.containsKey(q) ? from * op.output().elements() : 0;
                    inputs.put(q, bytes(op.output(), begins.get(q).ints(), first, examples));
                }
            }
            Map<String, TensorType> names = new LinkedHashMap<>();
            for (String tensor : computed.keySet()) {
                TensorType type = model.tensor(tensor);
                names.put(OnnxQdq.outputName(type), type);
            }
            try (OrtSession.Result result = session.session.run(inputs, names.keySet())) {
                for (Map.Entry<String, TensorType> entry : names.entrySet()) {
                    OnnxTensor tensor = (OnnxTensor) result.get(entry.getKey()).orElseThrow();
                    TensorType type = entry.getValue();
                    int[] q = computed.get(type.name());
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

    private OnnxTensor bytes(TensorType type, int[] q, int first, int examples)
            throws OrtException {
        int n = type.elements() * examples;
        int shift = QdqPieces.shift(type.params());
        byte[] bytes = new byte[n];
        for (int i = 0; i < n; i++) {
            bytes[i] = (byte) (q[first + i] + shift);
        }
        ByteBuffer buffer = ByteBuffer.allocateDirect(n);
        buffer.put(bytes).flip();
        return OnnxTensor.createTensor(
                session.environment, buffer, shape(type, examples), OnnxJavaType.UINT8);
    }

    private OnnxTensor indices(Embedding op, TensorData x, int from, int examples)
            throws OrtException {
        long[] indices = Arrays.stream(op.indices(x, from, examples)).asLongStream().toArray();
        return OnnxTensor.createTensor(
                session.environment, LongBuffer.wrap(indices), shape(op.input(), examples));
    }

    private static long[] shape(TensorType type, int examples) {
        long[] shape = new long[type.rank() + 1];
        shape[0] = examples;
        for (int axis = 0; axis < type.rank(); axis++) {
            shape[axis + 1] = type.size(axis);
        }
        return shape;
    }

    private static void unpack(ByteBuffer bytes, TensorType type, int[] q, int to) {
        int shift = QdqPieces.shift(type.params());
        int n = bytes.remaining();
        for (int i = 0; i < n; i++) {
            q[to + i] = Byte.toUnsignedInt(bytes.get(i)) - shift;
        }
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
