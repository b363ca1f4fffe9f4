package io.github.dl4jqat.integer;

import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.Requantization;
import io.github.dl4jqat.quant.Requantizer;
import java.util.List;
import java.util.Optional;

/**
 * Several tensors into one, element by element:
 *
 * <pre>
 *   SUM       q_out = requantize(sum of (q_i - z_i))         with the "weight scale" 1f
 *   SUBTRACT  q_out = requantize((q_1 - z_1) - (q_2 - z_2))  with the "weight scale" 1f
 *   AVERAGE   q_out = requantize(sum of (q_i - z_i))         with the "weight scale" 1f / n
 *   PRODUCT   q_out = requantize((q_1 - z_1) * (q_2 - z_2))  with the scale of the second input
 *   MAX       q_out = max q_i                                (all inputs and the output mean the same)
 * </pre>
 *
 * An integer sum needs equal steps, so the inputs of the first three share one scale; their zero
 * points may differ. A product takes any two scales. Shapes have one rank and are equal, or 1 on an
 * axis along which the elements are repeated: {@code [C, 1, 1]} times {@code [C, H, W]} scales
 * channels.
 *
 * <p>Immutable and thread-safe.
 *
 * @param name layer name
 * @param inputs two or more tensors of integers; exactly two for SUBTRACT and PRODUCT
 * @param output integers; on each axis the largest size of the inputs
 * @param kind which of the five
 * @param mode how accumulators are requantized; null for MAX, which has none
 * @param low smallest integer of the output; for MAX its {@code qMin}
 * @param high largest integer of the output; for MAX its {@code qMax}
 */
public record Combine(
        String name,
        List<TensorType> inputs,
        TensorType output,
        Kind kind,
        Requantization mode,
        int low,
        int high)
        implements IntegerOp {

    /** What becomes of the elements. */
    public enum Kind {
        /** Their sum. */
        SUM,
        /** The first less the second. */
        SUBTRACT,
        /** Their mean. */
        AVERAGE,
        /** The first times the second. */
        PRODUCT,
        /** The largest. */
        MAX
    }

    private static final String TYPE = "Combine";

    /** Checks shapes and parameters. */
    public Combine {
        OpChecks.name(TYPE, name);
        inputs = List.copyOf(inputs);
        OpChecks.several(TYPE, name, inputs);
        OpChecks.integers(TYPE, name, output);
        OpChecks.shape(TYPE, name, output, OpChecks.broadcast(TYPE, name, inputs));
        if (kind == null) {
            throw OpChecks.error(TYPE, name, "kind is null");
        }
        if (kind == Kind.MAX) {
            inputs.forEach(in -> OpChecks.sameParams(TYPE, name, in, output));
            if (mode != null) {
                throw OpChecks.error(TYPE, name, "mode " + mode + " on a maximum; it has none");
            }
            if (low != output.params().spec().qMin() || high != output.params().spec().qMax()) {
                throw OpChecks.error(
                        TYPE,
                        name,
                        "clamp " + low + ".." + high + " on a maximum, which clamps nothing");
            }
        } else {
            scales(name, inputs, kind);
            requantizer(name, inputs, output, kind, mode, low, high);
        }
    }

    private static void scales(String name, List<TensorType> inputs, Kind kind) {
        if ((kind == Kind.SUBTRACT || kind == Kind.PRODUCT) && inputs.size() != 2) {
            throw OpChecks.error(
                    TYPE, name, kind + " of " + inputs.size() + " tensors; it takes two");
        }
        if (kind == Kind.PRODUCT) {
            return;
        }
        for (TensorType in : inputs) {
            if (in.params().scale() != inputs.get(0).params().scale()) {
                throw OpChecks.error(
                        TYPE,
                        name,
                        kind
                                + " of inputs with different scales, "
                                + inputs.get(0)
                                + " and "
                                + in
                                + "; bring them to one scale with a Lookup");
            }
        }
    }

    private static float scale(Kind kind, List<TensorType> inputs) {
        return switch (kind) {
            case AVERAGE -> 1f / inputs.size();
            case PRODUCT -> inputs.get(1).params().scale();
            default -> 1f;
        };
    }

    /** The sum of tensors that share a scale, over the whole range of the output. */
    public static Combine sum(
            String name, List<TensorType> inputs, TensorType output, Requantization mode) {
        return of(name, inputs, output, Kind.SUM, mode);
    }

    /** The mean of tensors that share a scale, over the whole range of the output. */
    public static Combine average(
            String name, List<TensorType> inputs, TensorType output, Requantization mode) {
        return of(name, inputs, output, Kind.AVERAGE, mode);
    }

    /** {@code a - b} of tensors that share a scale, over the whole range of the output. */
    public static Combine difference(
            String name, TensorType a, TensorType b, TensorType output, Requantization mode) {
        return of(name, List.of(a, b), output, Kind.SUBTRACT, mode);
    }

    /** {@code a * b}, over the whole range of the output. */
    public static Combine product(
            String name, TensorType a, TensorType b, TensorType output, Requantization mode) {
        return of(name, List.of(a, b), output, Kind.PRODUCT, mode);
    }

    /** The largest of tensors that mean the same. */
    public static Combine max(String name, List<TensorType> inputs, TensorType output) {
        return of(name, inputs, output, Kind.MAX, null);
    }

    private static Combine of(
            String name,
            List<TensorType> inputs,
            TensorType output,
            Kind kind,
            Requantization mode) {
        OpChecks.integers(TYPE, name, output);
        int low = output.params().spec().qMin();
        return new Combine(name, inputs, output, kind, mode, low, output.params().spec().qMax());
    }

    /** The same with a tighter clamp: a ReLU is {@code low} at the output's zero point. */
    public Combine withClamp(int newLow, int newHigh) {
        return new Combine(name, inputs, output, kind, mode, newLow, newHigh);
    }

    /** What an accumulator is multiplied by apart from the scales of first input and output. */
    public float weightScale() {
        return scale(kind, inputs);
    }

    /**
     * From accumulators to integers of the output; one factor for all.
     *
     * @throws IllegalStateException for MAX, which has no accumulator
     */
    public Requantizer requantizer() {
        if (kind == Kind.MAX) {
            throw new IllegalStateException("Combine '" + name + "': a maximum has no accumulator");
        }
        return requantizer(name, inputs, output, kind, mode, low, high);
    }

    private static Requantizer requantizer(
            String name,
            List<TensorType> inputs,
            TensorType output,
            Kind kind,
            Requantization mode,
            int low,
            int high) {
        List<QuantParams> grids = inputs.stream().map(TensorType::params).toList();
        QuantParams to = output.params();
        return OpChecks.requantizer(
                TYPE,
                name,
                mode,
                output,
                low,
                high,
                () ->
                        kind == Kind.PRODUCT
                                ? Requantizer.ofProduct(
                                        mode, grids.get(0), grids.get(1), to, low, high)
                                : Requantizer.ofSum(
                                        mode, grids, scale(kind, inputs), to, low, high));
    }

    /** The largest absolute value an accumulator can have; 0 for MAX. */
    long largestAccumulator() {
        return switch (kind) {
            case MAX -> 0;
            case PRODUCT -> (long) inputs.get(0).largestStep() * inputs.get(1).largestStep();
            default -> inputs.stream().mapToLong(TensorType::largestStep).sum();
        };
    }

    @Override
    public Optional<Requantization> requantization() {
        return Optional.ofNullable(mode);
    }
}
