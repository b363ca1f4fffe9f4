package io.github.dl4jqat.integer;

import io.github.dl4jqat.quant.Requantization;
import java.util.List;

/**
 * The part of {@link NaiveReference} for operations that combine or move elements: for each element
 * of the output, the indices of the input's element are written down from the Javadoc.
 */
final class NaiveStructure {

    private NaiveStructure() {}

    /** One example; null for an operation of another sort. */
    static int[] run(IntegerOp op, int[]... q) {
        int[] result = new int[op.output().elements()];
        for (int i = 0; i < result.length; i++) {
            int[] at = indices(op.output(), i);
            if (op instanceof Combine o) {
                result[i] = combine(o, at, q);
            } else if (op instanceof Concat o) {
                int k = 0;
                while (at[o.axis()] >= o.inputs().get(k).size(o.axis())) {
                    at[o.axis()] -= o.inputs().get(k++).size(o.axis());
                }
                result[i] = element(o.inputs().get(k), q[k], at);
            } else if (op instanceof Slice o) {
                for (int axis = 0; axis < at.length; axis++) {
                    at[axis] += o.begin().get(axis);
                }
                result[i] = element(o.input(), q[0], at);
            } else if (op instanceof Pad o) {
                for (int axis = 0; axis < at.length; axis++) {
                    at[axis] -= o.before().get(axis);
                }
                result[i] = element(o.input(), q[0], at);
            } else if (op instanceof Upsample o) {
                for (int axis = 0; axis < at.length; axis++) {
                    at[axis] /= o.repeats().get(axis);
                }
                result[i] = element(o.input(), q[0], at);
            } else if (op instanceof Spread o) {
                for (int axis = 0; axis < at.length; axis++) {
                    int step = o.steps().get(axis);
                    at[axis] = at[axis] % step == 0 ? at[axis] / step : -1;
                }
                result[i] = element(o.input(), q[0], at);
            } else if (op instanceof Reverse o) {
                at[o.axis()] = o.input().size(o.axis()) - 1 - at[o.axis()];
                result[i] = element(o.input(), q[0], at);
            } else if (op instanceof Transpose o) {
                int[] from = new int[at.length];
                for (int axis = 0; axis < at.length; axis++) {
                    from[o.permutation().get(axis)] = at[axis];
                }
                result[i] = element(o.input(), q[0], from);
            } else {
                return null;
            }
        }
        return result;
    }

    private static int combine(Combine op, int[] at, int[]... q) {
        long acc = op.kind() == Combine.Kind.PRODUCT ? 1 : 0;
        long max = Long.MIN_VALUE;
        for (int k = 0; k < q.length; k++) {
            TensorType in = op.inputs().get(k);
            int[] here = at.clone();
            for (int axis = 0; axis < here.length; axis++) {
                here[axis] = Math.min(here[axis], in.size(axis) - 1);
            }
            int v = element(in, q[k], here);
            max = Math.max(max, v);
            long step = (long) v - in.params().zeroPoint();
            acc =
                    switch (op.kind()) {
                        case PRODUCT -> acc * step;
                        case SUBTRACT -> k == 0 ? step : acc - step;
                        default -> acc + step;
                    };
        }
        TensorType first = op.inputs().get(0);
        float scale =
                switch (op.kind()) {
                    case PRODUCT -> op.inputs().get(1).params().scale();
                    case AVERAGE -> 1f / q.length;
                    default -> 1f;
                };
        if (op.mode() == Requantization.FIXED_POINT) {
            float to = op.output().params().scale();
            float from = first.params().scale();
            boolean bytes = op.inputs().stream().allMatch(t -> t.params().spec().bits() <= 8);
            if (op.kind() == Combine.Kind.PRODUCT) {
                return NaiveReference.fixedPoint(
                        acc, from * scale / to, op.output(), op.low(), op.high());
            }
            if (op.kind() != Combine.Kind.AVERAGE && q.length == 2 && bytes) {
                // TFLite shifts both by 20, halves them, and divides by as much with the factor.
                double factor = 2.0 * from / ((1 << 20) * (double) to);
                return NaiveReference.fixedPoint(
                        acc << 19, factor, op.output(), op.low(), op.high());
            }
        }
        return op.kind() == Combine.Kind.MAX
                ? (int) max
                : NaiveReference.requantize(
                        op.mode(), acc, first, scale, op.output(), op.low(), op.high());
    }

    static int[] indices(TensorType tensor, int element) {
        int[] at = new int[tensor.rank()];
        for (int axis = at.length - 1; axis >= 0; axis--) {
            at[axis] = element % tensor.size(axis);
            element /= tensor.size(axis);
        }
        return at;
    }

    /** Zero outside the tensor. */
    private static int element(TensorType tensor, int[] q, int[] at) {
        List<Integer> shape = tensor.shape();
        int place = 0;
        for (int axis = 0; axis < at.length; axis++) {
            if (at[axis] < 0 || at[axis] >= shape.get(axis)) {
                return tensor.params().zeroPoint();
            }
            place = place * shape.get(axis) + at[axis];
        }
        return q[place];
    }
}
