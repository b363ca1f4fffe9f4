package io.github.dl4jqat.integer;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtException;
import java.lang.ref.Cleaner;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.LongBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The integer model in ONNX Runtime: bytes go in, bytes come out, and the floats at both ends, from
 * and to which {@link ModelEnds} reaches, are made by {@link JavaEngine}. It gives the same
 * integers as that engine, except behind a float island.
 *
 * <p>Nothing but the classes that begin with Ort refers to ONNX Runtime. Thread-safe.
 */
final class OrtEngine implements IntegerEngine {

    private static final Cleaner CLEANER = Cleaner.create();

    private final IntegerModel model;
    private final ModelEnds ends;
    private final JavaEngine java;
    private final OrtSessions sessions;
    private final Cleaner.Cleanable cleanable;
    private final String name;
    private final DirectBuffers buffers = new DirectBuffers();

    /** By the tensor that they are gathered from. */
    private final Map<String, InputPatches> patches = new HashMap<>();

    /** Null where floats at the ends are more than a Quantize or a Dequantize each. */
    private final PlainEnds plain;

    OrtEngine(IntegerModel model) {
        this(model, null);
    }

    /**
     * Opens a session.
     *
     * @param optimized where ONNX Runtime leaves the graph as it runs it, or null
     * @throws UnsupportedOperationException if it refuses the graph, or multiplies bytes inexactly
     *     on this processor
     */
    OrtEngine(IntegerModel model, Path optimized) {
        this(model, optimized, OrtSelfCheck.products());
    }

    /** Opens a session that multiplies with certain kernels. */
    OrtEngine(IntegerModel model, Path optimized, OrtSelfCheck.Products products) {
        this.model = model;
        this.ends = new ModelEnds(model);
        this.java = new JavaEngine(model);
        List<InputPatches> gathered = InputPatches.of(model, ends);
        gathered.forEach(p -> patches.put(p.begin().name(), p));
        try {
            this.sessions =
                    new OrtSessions(
                            graph(model, gathered), BatchCut.Work.of(model), optimized, products);
        } catch (OrtException e) {
            throw new UnsupportedOperationException(
                    "ONNX Runtime refuses the model: " + e.getMessage(), e);
        }
        this.cleanable = CLEANER.register(this, sessions);
        this.name = "ONNX Runtime " + sessions.environment().getVersion();
        this.plain = PlainEnds.of(model, ends);
    }

    private static byte[] graph(IntegerModel model, List<InputPatches> patches) {
        try (OrtPairCheck check = new OrtPairCheck()) {
            return OnnxQdq.forHere(model, patches, check::exact).toByteArray();
        } catch (IllegalArgumentException e) {
            // A tensor whose name is the one made for an output, for example.
            throw new UnsupportedOperationException(
                    "The model has no ONNX form: " + e.getMessage(), e);
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
        if (plain != null && plain.serves(feeds, wanted, batch)) {
            return floatsToFloats(feeds, wanted, batch);
        }
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
            BatchCut cut = sessions.cut(batch);
            cut.run(
                    (from, examples) -> {
                        Map<String, TensorData> first =
                                java.run(beginPlan, feeds, begins, from, examples);
                        runPart(first, feeds, computed, from, examples, cut.alone());
                    });
        }
        return java.run(known, wanted, batch);
    }

    /** The usual run, without anything in between: floats to bytes, bytes to floats. */
    private Map<String, TensorData> floatsToFloats(
            Map<String, TensorData> feeds, Collection<String> wanted, int batch) {
        Map<String, int[]> computed = plain.ends(wanted, batch);
        BatchCut cut = sessions.cut(batch);
        cut.run(
                (from, examples) ->
                        runPart(Map.of(), feeds, computed, from, examples, cut.alone()));
        return plain.outputs(wanted, computed, batch);
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
     * @param alone whether on this thread alone
     */
    private void runPart(
            Map<String, TensorData> begins,
            Map<String, TensorData> feeds,
            Map<String, int[]> computed,
            int from,
            int examples,
            boolean alone) {
        Map<String, OnnxTensor> inputs = new LinkedHashMap<>();
        List<ByteBuffer> taken = new ArrayList<>();
        Map<String, TensorType> names = new LinkedHashMap<>();
        for (String tensor : computed.keySet()) {
            TensorType type = model.tensor(tensor);
            names.put(OnnxQdq.outputName(type), type);
        }
        try {
            sessions.run(
                    alone,
                    () -> inputs(begins, feeds, from, examples, inputs, taken),
                    names.keySet(),
                    result -> {
                        for (Map.Entry<String, TensorType> entry : names.entrySet()) {
                            OnnxTensor tensor =
                                    (OnnxTensor) result.get(entry.getKey()).orElseThrow();
                            TensorType type = entry.getValue();
                            int[] q = computed.get(type.name());
                            unpack(tensor.getByteBuffer(), type, q, from * type.elements());
                        }
                    });
        } catch (OrtException | IllegalStateException e) {
            throw new IllegalStateException(name + " engine: " + e.getMessage(), e);
        } finally {
            inputs.values().forEach(OnnxTensor::close);
            taken.forEach(buffers::giveBack);
            // The cleaner must not take the session from under a run.
            Reference.reachabilityFence(this);
        }
    }

    private Map<String, OnnxTensor> inputs(
            Map<String, TensorData> begins,
            Map<String, TensorData> feeds,
            int from,
            int examples,
            Map<String, OnnxTensor> inputs,
            List<ByteBuffer> taken)
            throws OrtException {
        for (IntegerOp op : ends.begins()) {
            if (op instanceof Embedding embedding) {
                String x = embedding.input().name();
                if (!inputs.containsKey(x)) {
                    inputs.put(x, indices(embedding, feeds.get(x), from, examples));
                } else {
                    embedding.indices(feeds.get(x), from, examples);
                }
                continue;
            }
            TensorType q = op.output();
            InputPatches gathered = patches.get(q.name());
            int bytes = gathered == null ? q.elements() : gathered.bytes();
            ByteBuffer buffer = buffers.take(Math.multiplyExact(bytes, examples));
            taken.add(buffer);
            InputSource source = InputSource.of(op, begins.get(q.name()), feeds, from);
            if (gathered == null) {
                source.bytes(examples, buffer);
            } else {
                gather(gathered, source, examples, buffer);
            }
            inputs.put(
                    q.name(),
                    OnnxTensor.createTensor(
                            sessions.environment(),
                            buffer,
                            shape(gathered == null ? q.shape() : gathered.shape(), examples),
                            OnnxJavaType.UINT8));
        }
        return inputs;
    }

    private static void gather(
            InputPatches to, InputSource source, int examples, ByteBuffer buffer) {
        buffer.clear().limit(to.bytes() * examples);
        InputPatches.Gatherer gatherer = to.new Gatherer(buffer);
        int[] image = new int[to.begin().elements()];
        for (int e = 0; e < examples; e++) {
            source.unsigned(e, image);
            gatherer.add(image);
        }
    }

    private OnnxTensor indices(Embedding op, TensorData x, int from, int examples)
            throws OrtException {
        long[] indices = Arrays.stream(op.indices(x, from, examples)).asLongStream().toArray();
        return OnnxTensor.createTensor(
                sessions.environment(),
                LongBuffer.wrap(indices),
                shape(op.input().shape(), examples));
    }

    private static long[] shape(List<Integer> sizes, int examples) {
        long[] shape = new long[sizes.size() + 1];
        shape[0] = examples;
        for (int axis = 0; axis < sizes.size(); axis++) {
            shape[axis + 1] = sizes.get(axis);
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
