package io.github.dl4jqat.integer;

import io.github.dl4jqat.quant.Requantization;
import io.github.dl4jqat.quant.Requantizer;
import java.util.List;
import java.util.Optional;

/**
 * The mean under each window, channel by channel:
 *
 * <pre>
 *   acc = sum of (q - z_in) over the real elements of the window
 *   q_out = requantize(acc, n - 1), where "weight scale" n - 1 is 1f / n
 *   n = kH * kW with includePadInDivisor, otherwise the number of real elements
 * </pre>
 *
 * <p>Immutable and thread-safe.
 *
 * @param name layer name
 * @param input image {@code [C, H, W]}
 * @param output image {@code [C, H', W']}
 * @param window where the taps lie; without {@code includePadInDivisor} every position covers at
 *     least one real element
 * @param includePadInDivisor whether padding counts as elements that are zero
 * @param mode how accumulators are requantized
 * @param low smallest integer of the output
 * @param high largest integer of the output
 */
public record AveragePool2d(
        String name,
        TensorType input,
        TensorType output,
        Window2d window,
        boolean includePadInDivisor,
        Requantization mode,
        int low,
        int high)
        implements IntegerOp {

    private static final String TYPE = "AveragePool2d";

    /** One factor is kept for each number of elements, so a window cannot be of any size. */
    private static final int LARGEST_AREA = 1 << 16;

    /** Checks shapes and parameters. */
    public AveragePool2d {
        OpChecks.name(TYPE, name);
        OpChecks.integers(TYPE, name, input, output);
        OpChecks.image(TYPE, name, input);
        OpChecks.windowed(TYPE, name, input, output, window, input.size(0));
        if ((long) window.kernelH() * window.kernelW() > LARGEST_AREA) {
            throw OpChecks.error(
                    TYPE,
                    name,
                    "window " + window + " has more than " + LARGEST_AREA + " elements");
        }
        if (!includePadInDivisor && !window.alwaysMeetsInput(input.size(1), input.size(2))) {
            throw OpChecks.error(
                    TYPE,
                    name,
                    "window "
                            + window
                            + " on input "
                            + input.shape()
                            + " covers only padding somewhere, which has no mean");
        }
        OpChecks.requantizer(TYPE, name, mode, input, scales(window.area()), output, low, high);
    }

    /** A pool with the whole range of the output. */
    public static AveragePool2d of(
            String name,
            TensorType input,
            TensorType output,
            Window2d window,
            boolean includePadInDivisor,
            Requantization mode) {
        OpChecks.integers(TYPE, name, input, output);
        return new AveragePool2d(
                name,
                input,
                output,
                window,
                includePadInDivisor,
                mode,
                output.params().spec().qMin(),
                output.params().spec().qMax());
    }

    private static float[] scales(int area) {
        float[] scales = new float[area];
        for (int n = 1; n <= area; n++) {
            scales[n - 1] = 1f / n;
        }
        return scales;
    }

    /** From sums to integers of the output; its channel is the number of elements less one. */
    public Requantizer requantizer() {
        return OpChecks.requantizer(
                TYPE, name, mode, input, scales(window.area()), output, low, high);
    }

    /** The divisor of the window at output row {@code oy} and column {@code ox}. */
    public int divisor(int oy, int ox) {
        return includePadInDivisor
                ? window.area()
                : window.realElements(oy, ox, input.size(1), input.size(2));
    }

    @Override
    public List<TensorType> inputs() {
        return List.of(input);
    }

    @Override
    public Optional<Requantization> requantization() {
        return Optional.of(mode);
    }
}
