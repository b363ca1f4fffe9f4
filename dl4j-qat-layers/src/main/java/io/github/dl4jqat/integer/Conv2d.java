package io.github.dl4jqat.integer;

import io.github.dl4jqat.quant.Requantization;
import io.github.dl4jqat.quant.Requantizer;
import java.util.List;
import java.util.Optional;

/**
 * A convolution of an image, {@code [C, H, W]} to {@code [O, H', W']}:
 *
 * <pre>
 *   acc[o, y, x] = bias[o] + sum over c, i, j of w[o, c, i, j] * (q[c', y', x'] - z_in)
 *   q_out = requantize(acc, o)
 * </pre>
 *
 * Padding stands for the zero point and so adds nothing. With {@code groups} above 1, output
 * channel {@code o} reads only the {@code C / groups} input channels of its group; {@code groups =
 * C} is a depthwise convolution.
 *
 * <p>Immutable and thread-safe.
 *
 * @param name layer name
 * @param input image of integers
 * @param output image of integers
 * @param weights {@code [O, C / groups, kH, kW]}
 * @param window where the taps lie
 * @param groups divides C and O
 * @param mode how accumulators are requantized
 * @param low smallest integer of the output: its {@code qMin}, or more for a clamping activation
 * @param high largest integer of the output
 */
public record Conv2d(
        String name,
        TensorType input,
        TensorType output,
        Weights weights,
        Window2d window,
        int groups,
        Requantization mode,
        int low,
        int high)
        implements IntegerOp {

    private static final String TYPE = "Conv2d";

    /** Checks shapes and parameters. */
    public Conv2d {
        OpChecks.name(TYPE, name);
        OpChecks.integers(TYPE, name, input, output);
        OpChecks.windowed(TYPE, name, input, output, window, weights.channels());
        List<Integer> kernel = List.of(window.kernelH(), window.kernelW());
        ConvChecks.grouped(TYPE, name, input, weights, groups, kernel);
        OpChecks.requantizer(TYPE, name, mode, input, weights.params().scales(), output, low, high);
    }

    /** A convolution with one group and the whole range of the output. */
    public static Conv2d of(
            String name,
            TensorType input,
            TensorType output,
            Weights weights,
            Window2d window,
            Requantization mode) {
        OpChecks.integers(TYPE, name, input, output);
        return new Conv2d(
                name,
                input,
                output,
                weights,
                window,
                1,
                mode,
                output.params().spec().qMin(),
                output.params().spec().qMax());
    }

    /** From accumulators to integers of the output; its channel is the output channel. */
    public Requantizer requantizer() {
        return OpChecks.requantizer(
                TYPE, name, mode, input, weights.params().scales(), output, low, high);
    }

    @Override
    public List<TensorType> inputs() {
        return List.of(input);
    }

    @Override
    public Optional<Requantization> requantization() {
        return Optional.of(mode);
    }

    @Override
    public Optional<Weights> constants() {
        return Optional.of(weights);
    }
}
