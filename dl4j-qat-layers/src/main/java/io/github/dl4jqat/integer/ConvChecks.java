package io.github.dl4jqat.integer;

import java.util.ArrayList;
import java.util.List;

/** What convolutions over two and three axes check in the same way. */
final class ConvChecks {

    private static final int VOLUME_RANK = 4;
    private static final int LONGEST_SIDE = 1 << 16;

    private ConvChecks() {}

    /** That groups divide the channels, and that the weights have the shape that follows. */
    static void grouped(
            String type,
            String name,
            TensorType input,
            Weights weights,
            int groups,
            List<Integer> kernel) {
        int channels = input.size(0);
        if (groups < 1 || channels % groups != 0 || weights.channels() % groups != 0) {
            throw OpChecks.error(
                    type,
                    name,
                    "groups="
                            + groups
                            + " does not divide "
                            + channels
                            + " input and "
                            + weights.channels()
                            + " output channels");
        }
        List<Integer> expected = new ArrayList<>(List.of(weights.channels(), channels / groups));
        expected.addAll(kernel);
        if (!weights.shape().equals(expected)) {
            throw OpChecks.error(
                    type, name, "weights are " + weights.shape() + ", but should be " + expected);
        }
    }

    /** The output of a window over a volume. */
    static void windowed(
            String type,
            String name,
            TensorType input,
            TensorType output,
            Window3d window,
            int channels) {
        if (input.rank() != VOLUME_RANK) {
            throw OpChecks.error(
                    type,
                    name,
                    "input "
                            + input
                            + " is not a volume, expected [channels, depth, height, width]");
        }
        List<Integer> expected = new ArrayList<>(List.of(channels));
        for (int axis = 0; axis < VOLUME_RANK - 1; axis++) {
            int size = input.size(axis + 1);
            int outputs = window.outputs(axis, size);
            if (size > LONGEST_SIDE || outputs < 1) {
                throw OpChecks.error(
                        type,
                        name,
                        size > LONGEST_SIDE
                                ? "input " + input + " has a side longer than " + LONGEST_SIDE
                                : "window " + window + " does not fit on input " + input.shape());
            }
            expected.add(outputs);
        }
        OpChecks.shape(type, name, output, expected);
    }
}
