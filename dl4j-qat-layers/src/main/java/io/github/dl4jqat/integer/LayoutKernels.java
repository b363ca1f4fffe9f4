package io.github.dl4jqat.integer;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Operations in plain Java that change where integers stand and nothing else. */
final class LayoutKernels {

    private LayoutKernels() {}

    static JavaKernel.Unary transpose(Transpose op) {
        int[] source = StridedCopy.strides(op.input());
        int[] target = StridedCopy.strides(op.output());
        StridedCopy.Builder copy = StridedCopy.builder();
        for (int axis = 0; axis < target.length; axis++) {
            copy.axis(op.output().size(axis), source[op.permutation().get(axis)], target[axis]);
        }
        return moving(op.input(), op.output(), copy);
    }

    static JavaKernel.Unary slice(Slice op) {
        int[] source = StridedCopy.strides(op.input());
        int[] target = StridedCopy.strides(op.output());
        StridedCopy.Builder copy = StridedCopy.builder();
        for (int axis = 0; axis < target.length; axis++) {
            copy.at(op.begin().get(axis) * source[axis], 0);
            copy.axis(op.output().size(axis), source[axis], target[axis]);
        }
        return moving(op.input(), op.output(), copy);
    }

    static JavaKernel.Unary reverse(Reverse op) {
        int[] strides = StridedCopy.strides(op.input());
        StridedCopy.Builder copy = StridedCopy.builder();
        for (int axis = 0; axis < strides.length; axis++) {
            int size = op.input().size(axis);
            boolean turned = axis == op.axis();
            copy.at(turned ? (size - 1) * strides[axis] : 0, 0);
            copy.axis(size, turned ? -strides[axis] : strides[axis], strides[axis]);
        }
        return moving(op.input(), op.output(), copy);
    }

    static JavaKernel.Unary upsample(Upsample op) {
        int[] source = StridedCopy.strides(op.input());
        int[] target = StridedCopy.strides(op.output());
        StridedCopy.Builder copy = StridedCopy.builder();
        for (int axis = 0; axis < target.length; axis++) {
            int repeats = op.repeats().get(axis);
            copy.axis(op.input().size(axis), source[axis], repeats * target[axis]);
            copy.axis(repeats, 0, target[axis]);
        }
        return moving(op.input(), op.output(), copy);
    }

    static JavaKernel.Unary pad(Pad op) {
        int[] source = StridedCopy.strides(op.input());
        int[] target = StridedCopy.strides(op.output());
        StridedCopy.Builder copy = StridedCopy.builder();
        for (int axis = 0; axis < target.length; axis++) {
            copy.at(0, op.before().get(axis) * target[axis]);
            copy.axis(op.input().size(axis), source[axis], target[axis]);
        }
        return overZeros(op.output(), moving(op.input(), op.output(), copy));
    }

    static JavaKernel.Unary spread(Spread op) {
        int[] source = StridedCopy.strides(op.input());
        int[] target = StridedCopy.strides(op.output());
        StridedCopy.Builder copy = StridedCopy.builder();
        for (int axis = 0; axis < target.length; axis++) {
            int step = op.steps().get(axis);
            copy.axis(op.input().size(axis), source[axis], step * target[axis]);
        }
        return overZeros(op.output(), moving(op.input(), op.output(), copy));
    }

    static JavaKernel concat(Concat op) {
        int[] target = StridedCopy.strides(op.output());
        List<JavaKernel.Unary> copies = new ArrayList<>();
        int place = 0;
        for (TensorType in : op.inputs()) {
            int[] source = StridedCopy.strides(in);
            StridedCopy.Builder copy = StridedCopy.builder().at(0, place * target[op.axis()]);
            for (int axis = 0; axis < target.length; axis++) {
                copy.axis(in.size(axis), source[axis], target[axis]);
            }
            copies.add(moving(in, op.output(), copy));
            place += in.size(op.axis());
        }
        return (in, out, examples) -> {
            for (int k = 0; k < in.length; k++) {
                copies.get(k).run(in[k], out, examples);
            }
        };
    }

    private static JavaKernel.Unary moving(
            TensorType input, TensorType output, StridedCopy.Builder axes) {
        StridedCopy copy = axes.build();
        int n = input.elements();
        int m = output.elements();
        return (in, out, examples) -> {
            for (int e = 0; e < examples; e++) {
                copy.copy(in, e * n, out, e * m);
            }
        };
    }

    private static JavaKernel.Unary overZeros(TensorType output, JavaKernel.Unary copy) {
        int zero = output.params().zeroPoint();
        return (in, out, examples) -> {
            Arrays.fill(out, zero);
            copy.run(in, out, examples);
        };
    }
}
