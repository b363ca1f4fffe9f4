package io.github.dl4jqat.integer;

import java.util.Collection;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * The integer model in plain Java: the definition of what a model computes, on integers only and
 * anywhere a JVM runs. It takes and gives any tensor of the model and knows both modes of
 * requantization.
 *
 * <p>A batch is cut into blocks that run in the common fork-join pool. Immutable and thread-safe.
 */
public final class JavaEngine implements IntegerEngine {

    /** Enough examples to share the unpacking of weights, few enough to stay in the cache. */
    private static final int LARGEST_BLOCK = 8;

    private final IntegerModel model;
    private final IdentityHashMap<IntegerOp, JavaKernel> kernels = new IdentityHashMap<>();

    /** Prepares the kernels of a model. */
    public JavaEngine(IntegerModel model) {
        this.model = model;
        for (IntegerOp op : model.ops()) {
            if (!(op instanceof Quantize) && !(op instanceof Dequantize)) {
                kernels.put(op, JavaKernel.of(op));
            }
        }
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
        List<IntegerOp> plan = RunPlan.of(model, feeds, wanted, batch);
        Map<String, TensorData> results = new LinkedHashMap<>();
        Set<String> computed = new LinkedHashSet<>();
        for (String name : wanted) {
            TensorData fed = feeds.get(name);
            if (fed == null) {
                computed.add(name);
            }
            results.put(name, fed != null ? fed : allocate(model.tensor(name), batch));
        }
        int block = blockSize(batch);
        int blocks = (batch + block - 1) / block;
        IntStream.range(0, blocks)
                .parallel()
                .forEach(
                        b -> {
                            int from = b * block;
                            int examples = Math.min(block, batch - from);
                            runBlock(plan, feeds, computed, results, from, examples);
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

    private void runBlock(
            List<IntegerOp> plan,
            Map<String, TensorData> feeds,
            Set<String> computed,
            Map<String, TensorData> results,
            int from,
            int examples) {
        Map<String, Integer> lastUse = new HashMap<>();
        for (int i = 0; i < plan.size(); i++) {
            for (TensorType input : plan.get(i).inputs()) {
                lastUse.put(input.name(), i);
            }
        }
        Map<String, int[]> values = new HashMap<>();
        for (int i = 0; i < plan.size(); i++) {
            IntegerOp op = plan.get(i);
            String target = op.output().name();
            if (op instanceof Quantize quantize) {
                int[] q = new int[op.output().elements() * examples];
                feeds.get(op.inputs().get(0).name()).quantize(quantize, from, q, examples);
                values.put(target, q);
            } else {
                int[][] in = new int[op.inputs().size()][];
                for (int k = 0; k < in.length; k++) {
                    in[k] =
                            values.computeIfAbsent(
                                    op.inputs().get(k).name(),
                                    name ->
                                            slice(
                                                    model.tensor(name),
                                                    feeds.get(name),
                                                    from,
                                                    examples));
                }
                if (op instanceof Dequantize dequantize) {
                    float[] y = results.get(target).floats();
                    dequantize.apply(in[0], 0, y, from * op.output().elements(), examples);
                } else {
                    int[] out = new int[op.output().elements() * examples];
                    kernels.get(op).run(in, out, examples);
                    values.put(target, out);
                }
            }
            if (computed.contains(target) && !op.output().isFloat()) {
                int n = op.output().elements();
                System.arraycopy(
                        values.get(target), 0, results.get(target).ints(), from * n, examples * n);
            }
            for (TensorType input : op.inputs()) {
                if (lastUse.get(input.name()) == i) {
                    values.remove(input.name());
                }
            }
        }
    }

    private static int[] slice(TensorType type, TensorData fed, int from, int examples) {
        int n = type.elements();
        int[] part = new int[n * examples];
        System.arraycopy(fed.ints(), from * n, part, 0, part.length);
        return part;
    }

    /** Does nothing: all memory is on the heap. */
    @Override
    public void close() {}

    @Override
    public String toString() {
        return name() + " engine of " + model;
    }
}
