package io.github.dl4jqat.convert;

import io.github.dl4jqat.integer.Slice;
import io.github.dl4jqat.integer.Spread;
import io.github.dl4jqat.integer.TensorType;
import io.github.dl4jqat.layers.NetworkView.Node;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.deeplearning4j.nn.conf.ConvolutionMode;

/**
 * What a transposed convolution does to its input before an ordinary one of stride 1, with the
 * kernel turned around, does the rest: zeros between the elements and around them. Where the
 * layer's padding takes more away than the kernel reaches out, the outermost elements go instead.
 *
 * @param stride from one element to the next on each axis
 * @param margin zeros before each axis; negative for elements that go
 * @param end zeros behind each axis; negative for elements that go
 */
record TransposedWindow(List<Integer> stride, List<Integer> margin, List<Integer> end) {

    /**
     * The window of a layer.
     *
     * @param shape of the input, channels first
     */
    static TransposedWindow of(
            ConvolutionMode mode,
            int[] kernel,
            int[] stride,
            int[] padding,
            int[] dilation,
            List<Integer> shape) {
        List<Integer> strides = new ArrayList<>();
        List<Integer> margin = new ArrayList<>();
        List<Integer> end = new ArrayList<>();
        for (int axis = 0; axis < kernel.length; axis++) {
            int reach = (kernel[axis] - 1) * dilation[axis];
            int size = shape.get(axis + 1);
            int spread = (size - 1) * stride[axis] + 1;
            boolean same = mode == ConvolutionMode.Same;
            int cut = same ? (reach + 1 - stride[axis]) / 2 : padding[axis];
            int outputs = same ? size * stride[axis] : spread + reach - 2 * cut;
            strides.add(stride[axis]);
            margin.add(reach - cut);
            end.add(outputs + reach - margin.get(axis) - spread);
        }
        return new TransposedWindow(strides, margin, end);
    }

    /** Zeros before each axis. */
    List<Integer> before() {
        return margin.stream().map(n -> Math.max(0, n)).toList();
    }

    /** Zeros behind each axis. */
    List<Integer> after() {
        return end.stream().map(n -> Math.max(0, n)).toList();
    }

    /** The input with zeros between its elements, and without those that go. */
    TensorType spread(Node node, TensorType x, Conversion c) {
        TensorType spread = x;
        if (!stride.equals(Collections.nCopies(stride.size(), 1))) {
            List<Integer> steps = new ArrayList<>(List.of(1));
            steps.addAll(stride);
            String name = c.draft().unique(node.name() + ":spread");
            Spread op = Spread.of(node.name(), x, name, steps);
            c.draft().add(op);
            spread = op.output();
        }
        List<Integer> begin = new ArrayList<>(List.of(0));
        List<Integer> shape = new ArrayList<>(List.of(x.size(0)));
        for (int axis = 0; axis < stride.size(); axis++) {
            int first = Math.max(0, -margin.get(axis));
            begin.add(first);
            shape.add(spread.size(axis + 1) - first - Math.max(0, -end.get(axis)));
        }
        if (shape.equals(spread.shape())) {
            return spread;
        }
        TensorType cut = new TensorType(c.draft().unique(node.name() + ":cut"), shape, x.params());
        c.draft().add(new Slice(node.name(), spread, cut, begin));
        return cut;
    }

    /** Weights with the taps of each kernel in reverse order. */
    static int[] turned(int[] weights, int taps) {
        int[] turned = new int[weights.length];
        for (int i = 0; i < weights.length; i++) {
            int tap = i % taps;
            turned[i - tap + taps - 1 - tap] = weights[i];
        }
        return turned;
    }
}
