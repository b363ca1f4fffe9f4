package io.github.dl4jqat.integer;

import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.QuantSpec;
import io.github.dl4jqat.quant.Requantization;
import io.github.dl4jqat.quant.Requantizer;
import io.github.dl4jqat.quant.Symmetry;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/** What several operations check in the same way. */
final class OpChecks {

    private static final int IMAGE_RANK = 3;
    private static final int LARGEST_IMAGE_SIDE = 1 << 16;

    /** A sum of as many integers of 16 bits is an int32, one of 8 bits exact as a float. */
    private static final int MOST_INPUTS = 1 << 15;

    private OpChecks() {}

    static IllegalArgumentException error(String type, String name, String problem) {
        return new IllegalArgumentException(type + " '" + name + "': " + problem);
    }

    static void name(String type, String name) {
        if (name == null || name.isEmpty()) {
            throw new IllegalArgumentException(type + ": needs a name, got " + name);
        }
    }

    static void integers(String type, String name, TensorType... tensors) {
        for (TensorType t : tensors) {
            if (t.isFloat()) {
                throw error(type, name, "tensor " + t + " is float, expected integers");
            }
        }
    }

    /** That element {@code i} is an integer the spec has. */
    static void level(String who, String what, int i, int q, QuantSpec spec) {
        if (q < spec.qMin() || q > spec.qMax()) {
            throw new IllegalArgumentException(
                    who
                            + ": "
                            + what
                            + "["
                            + i
                            + "]="
                            + q
                            + " is outside "
                            + spec.qMin()
                            + ".."
                            + spec.qMax());
        }
        if (spec.symmetry() == Symmetry.MID_RISE && q % 2 == 0) {
            throw new IllegalArgumentException(
                    who
                            + ": "
                            + what
                            + "["
                            + i
                            + "]="
                            + q
                            + " is even; the integers of a mid-rise spec are the odd ones of "
                            + spec.qMin()
                            + ".."
                            + spec.qMax());
        }
    }

    /** That an operation which rounds to consecutive integers does not write odd ones only. */
    static void consecutive(String type, String name, TensorType output) {
        if (output.params().spec().symmetry() == Symmetry.MID_RISE) {
            throw error(
                    type,
                    name,
                    "output "
                            + output
                            + " is mid-rise, but the operation rounds to consecutive integers; put"
                            + " a Lookup after it");
        }
    }

    /** That an operation on several tensors gets some, all of integers. */
    static void several(String type, String name, List<TensorType> inputs) {
        if (inputs.size() < 2 || inputs.size() > MOST_INPUTS) {
            throw error(
                    type,
                    name,
                    inputs.size() + " inputs, expected 2 to " + MOST_INPUTS + "; got " + inputs);
        }
        integers(type, name, inputs.toArray(new TensorType[0]));
    }

    /** The shape of tensors that are repeated along axes of size 1 until they are equal. */
    static List<Integer> broadcast(String type, String name, List<TensorType> inputs) {
        List<Integer> shape = new ArrayList<>(inputs.get(0).shape());
        for (TensorType in : inputs) {
            boolean fits = in.rank() == shape.size();
            for (int axis = 0; fits && axis < shape.size(); axis++) {
                fits = in.size(axis) == 1 || shape.get(axis) == 1;
                fits |= in.size(axis) == shape.get(axis);
                shape.set(axis, Math.max(shape.get(axis), in.size(axis)));
            }
            if (!fits) {
                throw error(
                        type,
                        name,
                        "input "
                                + in
                                + " does not go with "
                                + inputs.get(0)
                                + "; shapes must have one rank and equal sizes or 1 on each axis");
            }
        }
        return shape;
    }

    /** A copy of a list that has one number, not below {@code least}, for each axis. */
    static List<Integer> perAxis(
            String type,
            String name,
            String what,
            List<Integer> numbers,
            TensorType input,
            int least) {
        if (numbers.size() != input.rank() || numbers.stream().anyMatch(n -> n < least)) {
            throw error(
                    type,
                    name,
                    what
                            + " is "
                            + numbers
                            + ", expected a number not below "
                            + least
                            + " for each axis of "
                            + input);
        }
        return List.copyOf(numbers);
    }

    static void axis(String type, String name, TensorType input, int axis) {
        if (axis < 0 || axis >= input.rank()) {
            throw error(type, name, "axis " + axis + " is none of " + input);
        }
    }

    /** The size of an axis that was computed without a thought of overflow. */
    static int size(String type, String name, long size) {
        if (size > TensorType.MAX_ELEMENTS) {
            throw error(
                    type,
                    name,
                    "an axis of the output would have "
                            + size
                            + " elements, more than "
                            + TensorType.MAX_ELEMENTS);
        }
        return (int) size;
    }

    /** That a tensor has an integer which means zero. */
    static void hasZero(String type, String name, TensorType tensor) {
        if (tensor.params().spec().symmetry() == Symmetry.MID_RISE) {
            throw error(
                    type, name, "fills with zeros, but " + tensor + " is mid-rise and has none");
        }
    }

    static void image(String type, String name, TensorType input) {
        if (input.rank() != IMAGE_RANK) {
            throw error(
                    type,
                    name,
                    "input " + input + " is not an image, expected [channels, height, width]");
        }
        if (input.size(1) > LARGEST_IMAGE_SIDE || input.size(2) > LARGEST_IMAGE_SIDE) {
            throw error(
                    type, name, "input " + input + " has a side longer than " + LARGEST_IMAGE_SIDE);
        }
    }

    static void shape(String type, String name, TensorType output, List<Integer> expected) {
        if (!output.shape().equals(expected)) {
            throw error(type, name, "output is " + output.shape() + ", but should be " + expected);
        }
    }

    static void sameParams(String type, String name, TensorType input, TensorType output) {
        if (!input.params().equals(output.params())) {
            throw error(
                    type,
                    name,
                    "passes integers on, so input and output must mean the same; input has "
                            + input.params()
                            + ", output "
                            + output.params());
        }
    }

    /** The output of a window over an image. */
    static void windowed(
            String type,
            String name,
            TensorType input,
            TensorType output,
            Window2d window,
            int channels) {
        image(type, name, input);
        int height = window.outputHeight(input.size(1));
        int width = window.outputWidth(input.size(2));
        if (height < 1 || width < 1) {
            throw error(type, name, "window " + window + " does not fit on input " + input.shape());
        }
        shape(type, name, output, List.of(channels, height, width));
    }

    /** Builds the requantizer and checks that its clamp lies in the output's range. */
    static Requantizer requantizer(
            String type,
            String name,
            Requantization mode,
            TensorType input,
            float[] weightScales,
            TensorType output,
            int low,
            int high) {
        return requantizer(
                type,
                name,
                mode,
                output,
                low,
                high,
                () ->
                        Requantizer.of(
                                mode,
                                input.params().scale(),
                                weightScales,
                                output.params(),
                                low,
                                high));
    }

    /** Checks the clamp, builds the requantizer, and checks its factors. */
    static Requantizer requantizer(
            String type,
            String name,
            Requantization mode,
            TensorType output,
            int low,
            int high,
            Supplier<Requantizer> made) {
        consecutive(type, name, output);
        QuantParams out = output.params();
        if (mode == null) {
            throw error(type, name, "requantization mode is null");
        }
        if (low > high || low < out.spec().qMin() || high > out.spec().qMax()) {
            throw error(
                    type,
                    name,
                    "clamp "
                            + low
                            + ".."
                            + high
                            + " is not within the output's range "
                            + out.spec().qMin()
                            + ".."
                            + out.spec().qMax());
        }
        Requantizer requantizer;
        try {
            requantizer = made.get();
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(type + " '" + name + "': " + e.getMessage(), e);
        }
        for (int c = 0; c < requantizer.size(); c++) {
            if (!Float.isFinite(requantizer.factor(c))) {
                throw error(
                        type,
                        name,
                        "the scales of inputs and weights over output scale "
                                + out.scale()
                                + " are not finite (channel "
                                + c
                                + ")");
            }
        }
        return requantizer;
    }
}
