package io.github.dl4jqat.integer;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * The integer model in plain Java: the definition of what a model computes, the same on any machine
 * where a JVM runs, float islands included. It takes and gives any tensor of the model and knows
 * both modes of requantization.
 *
 * <p>A batch is cut into blocks that run in the common fork-join pool. Immutable and thread-safe.
 */
public final class JavaEngine implements IntegerEngine {

    /** Enough examples to share the unpacking of weights, few enough to stay in the cache. */
    private static final int LARGEST_BLOCK = 8;

    private final IntegerModel model;
    private final JavaBlock.Kernels kernels;

    /** Prepares the kernels of a model. */
    public JavaEngine(IntegerModel model) {
        this.model = model;
        this.kernels = new JavaBlock.Kernels(model.ops());
    }

    @Override
    public String name() {
        return "Java";
    }

    @Override
    public IntegerModel model() {
        return model;
    }

    @Override
    public Map<String, TensorData> run(
            Map<String, TensorData> feeds, Collection<String> wanted, int batch) {
        return run(RunPlan.of(model, feeds, wanted, batch), feeds, wanted, 0, batch);
    }

    /**
     * Computes the wanted tensors for some of the examples that are fed; those from {@code first}
     * on.
     */
    Map<String, TensorData> run(
            List<IntegerOp> plan,
            Map<String, TensorData> feeds,
            Collection<String> wanted,
            int first,
            int examples) {
        Map<String, TensorData> results = new LinkedHashMap<>();
        Set<String> computed = new LinkedHashSet<>();
        for (String name : wanted) {
            TensorData fed = feeds.get(name);
            if (fed == null) {
                computed.add(name);
            }
            results.put(name, fed != null ? fed : allocate(model.tensor(name), examples));
        }
        int block = blockSize(examples);
        int blocks = (examples + block - 1) / block;
        IntStream.range(0, blocks)
                .parallel()
                .forEach(
                        b -> {
                            int from = b * block;
                            int size = Math.min(block, examples - from);
                            new JavaBlock(feeds, first + from, size)
                                    .run(plan, kernels, computed, results, from);
                        });
        return results;
    }

    private static int blockSize(int batch) {
        int workers = Runtime.getRuntime().availableProcessors();
        return Math.max(1, Math.min(LARGEST_BLOCK, batch / workers));
    }

    private static TensorData allocate(TensorType type, int batch) {
        int length = type.elements() * batch;
        return type.isFloat() ? TensorData.of(new float[length]) : TensorData.of(new int[length]);
    }

    /** Does nothing: all memory is on the heap. */
    @Override
    public void close() {}

    @Override
    public String toString() {
        return name() + " engine of " + model;
    }
}
