package io.github.dl4jqat.integer;

import io.github.dl4jqat.quant.Requantization;
import io.github.dl4jqat.quant.Requantizer;
import java.util.List;
import java.util.Optional;

/**
 * One number for each channel of an image, {@code [C, H, W]} to {@code [C]}:
 *
 * <pre>
 *   MAX      q_out = max q                        (input and output mean the same)
 *   AVERAGE  q_out = requantize(sum of (q - z_in)) with the "weight scale" 1f / (H * W)
 *   SUM      q_out = requantize(sum of (q - z_in)) with the "weight scale" 1f
 * </pre>
 *
 * <p>Immutable and thread-safe.
 *
 * @param name layer name
 * @param input image of integers
 * @param output vector of integers
 * @param kind which of the three
 * @param mode how sums are requantized; for MAX, which has none, the model's mode all the same
 * @param low smallest integer of the output; for MAX its {@code qMin}
 * @param high largest integer of the output; for MAX its {@code qMax}
 */
public record GlobalPool(
        String name,
        TensorType input,
        TensorType output,
        Kind kind,
        Requantization mode,
        int low,
        int high)
        implements IntegerOp {

    /** The kinds of pooling. */
    public enum Kind {
        /** The largest. */
        MAX,
        /** The mean. */
        AVERAGE,
        /** The sum. */
        SUM
    }

    private static final String TYPE = "GlobalPool";

    /** Checks shapes and parameters. */
    public GlobalPool {
        OpChecks.name(TYPE, name);
        OpChecks.integers(TYPE, name, input, output);
        OpChecks.image(TYPE, name, input);
        OpChecks.shape(TYPE, name, output, List.of(input.size(0)));
        if (kind == null) {
            throw OpChecks.error(TYPE, name, "kind is null");
        }
        OpChecks.requantizer(
                TYPE, name, mode, input, new float[] {scale(kind, input)}, output, low, high);
        if (kind == Kind.MAX) {
            OpChecks.sameParams(TYPE, name, input, output);
            if (low != output.params().spec().qMin() || high != output.params().spec().qMax()) {
                throw OpChecks.error(
                        TYPE,
                        name,
                        "clamp " + low + ".." + high + " on a maximum, which clamps nothing");
            }
        }
    }

    /** A pool with the whole range of the output. */
    public static GlobalPool of(
            String name, TensorType input, TensorType output, Kind kind, Requantization mode) {
        OpChecks.integers(TYPE, name, input, output);
        return new GlobalPool(
                name,
                input,
                output,
                kind,
                mode,
                output.params().spec().qMin(),
                output.params().spec().qMax());
    }

    private static float scale(Kind kind, TensorType input) {
        return kind == Kind.AVERAGE ? 1f / (input.size(1) * input.size(2)) : 1f;
    }

    /** The factor of a sum before the output's scale: {@code 1f / (H * W)} or 1f. */
    public float weightScale() {
        return scale(kind, input);
    }

    /** From sums to integers of the output; one factor for all channels. */
    public Requantizer requantizer() {
        return OpChecks.requantizer(
                TYPE, name, mode, input, new float[] {weightScale()}, output, low, high);
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
