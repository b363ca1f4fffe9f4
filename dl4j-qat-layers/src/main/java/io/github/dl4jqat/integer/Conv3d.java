package io.github.dl4jqat.integer;

import io.github.dl4jqat.quant.Requantization;
import io.github.dl4jqat.quant.Requantizer;
import java.util.List;
import java.util.Optional;

/**
 * A convolution of a volume, {@code [C, D, H, W]} to {@code [O, D', H', W']}:
 *
 * <pre>
 *   acc[o, z, y, x] = bias[o] + sum over c, h, i, j of w[o, c, h, i, j] * (q[c', z', y', x'] - z_in)
 *   q_out = requantize(acc, o)
 * </pre>
 *
 * Padding and groups mean what they mean for {@link Conv2d}. A mean under a window is the depthwise
 * convolution ({@code groups = C}) with weights 1 and weight scale {@code 1f / n}: see {@link
 * #average}.
 *
 * <p>Immutable and thread-safe.
 *
 * @param name layer name
 * @param input volume of integers
 * @param output volume of integers
 * @param weights {@code [O, C / groups, kD, kH, kW]}
 * @param window where the taps lie
 * @param groups divides C and O
 * @param mode how accumulators are requantized
 * @param low smallest integer of the output: its {@code qMin}, or more for a clamping activation
 * @param high largest integer of the output
 */
public record Conv3d(
        String name,
        TensorType input,
        TensorType output,
        Weights weights,
        Window3d window,
        int groups,
        Requantization mode,
        int low,
        int high)
        implements IntegerOp {

    private static final String TYPE = "Conv3d";

    /** Checks shapes and parameters. */
    public Conv3d {
        OpChecks.name(TYPE, name);
        OpChecks.integers(TYPE, name, input, output);
        ConvChecks.windowed(TYPE, name, input, output, window, weights.channels());
        ConvChecks.grouped(TYPE, name, input, weights, groups, window.kernel());
        OpChecks.requantizer(TYPE, name, mode, input, weights.params().scales(), output, low, high);
    }

    /** A convolution with one group and the whole range of the output. */
    public static Conv3d of(
            String name,
            TensorType input,
            TensorType output,
            Weights weights,
            Window3d window,
            Requantization mode) {
        return whole(name, input, output, weights, window, 1, mode);
    }

    /**
     * The mean under each window, channel by channel, padding counted as elements that are zero:
     * weights 1 of scale {@code 1f / n} with {@code n} the taps of the window.
     */
    public static Conv3d average(
            String name,
            TensorType input,
            TensorType output,
            Window3d window,
            Requantization mode) {
        OpChecks.integers(TYPE, name, input, output);
        int channels = input.size(0);
        Weights ones = Weights.ones(channels, window.kernel(), 1f / window.volume());
        return whole(name, input, output, ones, window, channels, mode);
    }

    private static Conv3d whole(
            String name,
            TensorType input,
            TensorType output,
            Weights weights,
            Window3d window,
            int groups,
            Requantization mode) {
        OpChecks.integers(TYPE, name, input, output);
        int low = output.params().spec().qMin();
        int high = output.params().spec().qMax();
        return new Conv3d(name, input, output, weights, window, groups, mode, low, high);
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
