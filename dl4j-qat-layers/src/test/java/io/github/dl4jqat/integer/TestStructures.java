package io.github.dl4jqat.integer;

import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.Requantization;
import java.util.ArrayList;
import java.util.List;

/** Seeded random operations that combine tensors or move their elements, for any rank. */
final class TestStructures {

    private static final String OUT = "out";
    private static final String LAYER = "layer";

    private final TestModels models;
    private final Requantization mode;
    private final int longestAxis;

    TestStructures(TestModels models, Requantization mode, int longestAxis) {
        this.models = models;
        this.mode = mode;
        this.longestAxis = longestAxis;
    }

    private List<Integer> shape() {
        int rank = models.between(1, 4);
        List<Integer> shape = new ArrayList<>();
        for (int axis = 0; axis < rank; axis++) {
            shape.add(models.between(1, rank == 1 ? 40 : longestAxis));
        }
        return shape;
    }

    private static TensorType input(int k, List<Integer> shape, QuantParams params) {
        return new TensorType(k == 0 ? "q" : "q" + k, shape, params);
    }

    Combine combine(Combine.Kind kind) {
        boolean two = kind == Combine.Kind.SUBTRACT || kind == Combine.Kind.PRODUCT;
        int count = two ? 2 : models.between(2, 4);
        List<Integer> shape = shape();
        boolean product = kind == Combine.Kind.PRODUCT;
        QuantParams first = product ? models.factor(0.05) : models.activation(0.05);
        List<TensorType> inputs = new ArrayList<>();
        for (int k = 0; k < count; k++) {
            QuantParams params = first;
            if (product && k == 1) {
                params = models.factor(0.02);
            } else if (!product && kind != Combine.Kind.MAX && models.between(0, 2) == 0) {
                QuantParams other = models.activation(0.05);
                params = QuantParams.of(other.spec(), first.scale(), other.zeroPoint());
            }
            inputs.add(input(k, repeated(shape), params));
        }
        List<Integer> sizes = OpChecks.broadcast("Test", LAYER, inputs);
        if (kind == Combine.Kind.MAX) {
            return Combine.max(LAYER, inputs, new TensorType(OUT, sizes, first));
        }
        double near =
                switch (kind) {
                    case AVERAGE -> first.scale();
                    case PRODUCT ->
                            first.scale()
                                    * inputs.get(1).params().scale()
                                    * Math.max(1, inputs.get(0).largestStep() / 3);
                    default -> first.scale() * 1.5;
                };
        TensorType out = new TensorType(OUT, sizes, models.activation(near));
        int[] clamp = models.clamp(out);
        return new Combine(LAYER, inputs, out, kind, mode, clamp[0], clamp[1]);
    }

    /** The shape itself, or with sizes of 1 that are to be repeated. */
    private List<Integer> repeated(List<Integer> shape) {
        List<Integer> sizes = new ArrayList<>(shape);
        if (models.between(0, 1) == 0) {
            sizes.replaceAll(n -> models.between(0, 1) == 0 ? 1 : n);
        }
        return sizes;
    }

    Concat concat() {
        List<Integer> shape = shape();
        QuantParams params = models.activation(0.05);
        int axis = models.between(0, shape.size() - 1);
        List<TensorType> inputs = new ArrayList<>();
        for (int k = models.between(2, 4) - 1; k >= 0; k--) {
            List<Integer> sizes = new ArrayList<>(shape);
            sizes.set(axis, models.between(1, longestAxis));
            inputs.add(0, input(k, sizes, params));
        }
        return Concat.of(LAYER, inputs, OUT, axis);
    }

    private TensorType one() {
        return input(0, shape(), models.activation(0.05));
    }

    private List<Integer> perAxis(TensorType in, int low, int high) {
        return in.shape().stream().map(n -> models.between(low, high)).toList();
    }

    Slice slice() {
        TensorType in = one();
        List<Integer> begin = in.shape().stream().map(n -> models.between(0, n - 1)).toList();
        List<Integer> size = new ArrayList<>();
        for (int axis = 0; axis < in.rank(); axis++) {
            size.add(models.between(1, in.size(axis) - begin.get(axis)));
        }
        return Slice.of(LAYER, in, OUT, begin, size);
    }

    Pad pad() {
        TensorType in = one();
        return Pad.of(LAYER, in, OUT, perAxis(in, 0, 2), perAxis(in, 0, 2));
    }

    Upsample upsample() {
        TensorType in = one();
        return Upsample.of(LAYER, in, OUT, perAxis(in, 1, 3));
    }

    Spread spread() {
        TensorType in = one();
        return Spread.of(LAYER, in, OUT, perAxis(in, 1, 3));
    }

    Reverse reverse() {
        TensorType in = one();
        return Reverse.of(LAYER, in, OUT, models.between(0, in.rank() - 1));
    }
}
