package io.github.dl4jqat.integer;

import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** A few examples on their way through a model in plain Java. Not thread-safe. */
final class JavaBlock {

    /** The kernels of a model's operations. Thread-safe. */
    static final class Kernels {
        private final IdentityHashMap<IntegerOp, JavaKernel> onIntegers = new IdentityHashMap<>();
        private final IdentityHashMap<IntegerOp, FloatKernel> onFloats = new IdentityHashMap<>();

        Kernels(List<IntegerOp> ops) {
            for (IntegerOp op : ops) {
                if (op instanceof FloatOp floatOp) {
                    onFloats.put(op, FloatKernel.of(floatOp));
                } else if (!op.inputs().get(0).isFloat() && !(op instanceof Dequantize)) {
                    onIntegers.put(op, JavaKernel.of(op));
                }
            }
        }
    }

    private final Map<String, TensorData> feeds;
    private final int first;
    private final int examples;
    private final Map<String, int[]> ints = new HashMap<>();
    private final Map<String, float[]> floats = new HashMap<>();

    /** The examples from {@code first} on of what is fed. */
    JavaBlock(Map<String, TensorData> feeds, int first, int examples) {
        this.feeds = feeds;
        this.first = first;
        this.examples = examples;
    }

    /**
     * Computes the operations of a plan and copies those tensors that are {@code computed} into the
     * results, at example {@code to}.
     */
    void run(
            List<IntegerOp> plan,
            Kernels kernels,
            Set<String> computed,
            Map<String, TensorData> results,
            int to) {
        Map<String, Integer> lastUse = new HashMap<>();
        for (int i = 0; i < plan.size(); i++) {
            for (TensorType input : plan.get(i).inputs()) {
                lastUse.put(input.name(), i);
            }
        }
        for (int i = 0; i < plan.size(); i++) {
            IntegerOp op = plan.get(i);
            compute(op, kernels);
            if (computed.contains(op.output().name())) {
                copy(op.output(), results.get(op.output().name()), to);
            }
            for (TensorType input : op.inputs()) {
                if (lastUse.get(input.name()) == i) {
                    ints.remove(input.name());
                    floats.remove(input.name());
                }
            }
        }
    }

    private void compute(IntegerOp op, Kernels kernels) {
        TensorType out = op.output();
        TensorType in = op.inputs().get(0);
        if (out.isFloat()) {
            float[] y = new float[out.elements() * examples];
            if (op instanceof Dequantize dequantize) {
                dequantize.apply(integers(in), 0, y, 0, examples);
            } else {
                float[][] all = new float[op.inputs().size()][];
                for (int k = 0; k < all.length; k++) {
                    all[k] = reals(op.inputs().get(k));
                }
                kernels.onFloats.get(op).run(all, y, examples);
            }
            floats.put(out.name(), y);
            return;
        }
        int[] q = new int[out.elements() * examples];
        if (op instanceof Quantize quantize) {
            quantize(quantize, q);
        } else if (op instanceof Embedding embedding) {
            int[] indices = embedding.indices(feeds.get(in.name()), first, examples);
            embedding.apply(indices, q, examples);
        } else {
            int[][] all = new int[op.inputs().size()][];
            for (int k = 0; k < all.length; k++) {
                all[k] = integers(op.inputs().get(k));
            }
            kernels.onIntegers.get(op).run(all, q, examples);
        }
        ints.put(out.name(), q);
    }

    /** Doubles that are fed are divided as doubles. */
    private void quantize(Quantize op, int[] q) {
        TensorData fed = feeds.get(op.input().name());
        if (fed != null) {
            fed.quantize(op, first, q, examples);
        } else {
            op.apply(reals(op.input()), 0, q, 0, q.length);
        }
    }

    private int[] integers(TensorType type) {
        return ints.computeIfAbsent(
                type.name(),
                name -> {
                    int[] part = new int[type.elements() * examples];
                    int from = first * type.elements();
                    System.arraycopy(feeds.get(name).ints(), from, part, 0, part.length);
                    return part;
                });
    }

    private float[] reals(TensorType type) {
        return floats.computeIfAbsent(
                type.name(),
                name -> {
                    float[] part = new float[type.elements() * examples];
                    int from = first * type.elements();
                    for (int i = 0; i < part.length; i++) {
                        part[i] = (float) feeds.get(name).real(from + i);
                    }
                    return part;
                });
    }

    private void copy(TensorType type, TensorData result, int to) {
        int n = type.elements();
        if (type.isFloat()) {
            System.arraycopy(floats.get(type.name()), 0, result.floats(), to * n, examples * n);
        } else {
            System.arraycopy(ints.get(type.name()), 0, result.ints(), to * n, examples * n);
        }
    }
}
