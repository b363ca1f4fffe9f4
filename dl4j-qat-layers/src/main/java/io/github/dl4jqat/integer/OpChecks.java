package io.github.dl4jqat.integer;

import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.QuantSpec;
import io.github.dl4jqat.quant.Requantization;
import io.github.dl4jqat.quant.Requantizer;
import io.github.dl4jqat.quant.Symmetry;
import java.util.List;

/** What several operations check in the same way. */
final class OpChecks {

    private static final int IMAGE_RANK = 3;
    private static final int LARGEST_IMAGE_SIDE = 1 << 16;

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
        float inputScale = input.params().scale();
        Requantizer requantizer;
        try {
            requantizer = Requantizer.of(mode, inputScale, weightScales, out, low, high);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(type + " '" + name + "': " + e.getMessage(), e);
        }
        for (int c = 0; c < requantizer.size(); c++) {
            if (!Float.isFinite(requantizer.factor(c))) {
                throw error(
                        type,
                        name,
                        "input scale "
                                + inputScale
                                + " times weight scale "
                                + weightScales[c]
                                + " over output scale "
                                + out.scale()
                                + " is not finite (channel "
                                + c
                                + ")");
            }
        }
        return requantizer;
    }
}
