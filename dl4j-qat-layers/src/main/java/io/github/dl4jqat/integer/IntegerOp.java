package io.github.dl4jqat.integer;

import io.github.dl4jqat.quant.Requantization;
import java.util.List;
import java.util.Optional;

/**
 * One step of an integer model: from tensors to a tensor, on integers only, except where floats
 * become integers ({@link Quantize}, {@link Embedding}), integers become floats ({@link
 * Dequantize}), and in a {@link FloatOp}, which computes with floats.
 *
 * <p>In the formulas of the implementations {@code q} is an integer of the input, {@code z_in} and
 * {@code z_out} are the zero points of input and output, and {@code requantize} is {@link
 * io.github.dl4jqat.quant.Requantizer#apply}. Every constructor checks shapes and parameters and
 * throws {@link IllegalArgumentException} naming the layer. All implementations are immutable,
 * compare by value, and are thread-safe.
 */
public sealed interface IntegerOp
        permits Quantize,
                Embedding,
                Conv2d,
                Conv3d,
                Dense,
                MaxPool2d,
                AveragePool2d,
                GlobalPool,
                Lookup,
                Reshape,
                Transpose,
                Combine,
                Concat,
                Slice,
                Pad,
                Upsample,
                Spread,
                Reverse,
                Recurrent,
                Dequantize,
                FloatOp {

    /** The name of the layer this step comes from; for reports and errors. */
    String name();

    /** What kind of step it is, as a {@code .qnet} file says it. */
    default String type() {
        return getClass().getSimpleName();
    }

    /** The tensors read. */
    List<TensorType> inputs();

    /** The tensor written. */
    TensorType output();

    /** How accumulators become integers of the output; empty where there is no accumulator. */
    default Optional<Requantization> requantization() {
        return Optional.empty();
    }

    /** The constant weights; empty where there are none. */
    default Optional<Weights> constants() {
        return Optional.empty();
    }

    /** How many weights and biases there are. */
    default long parameters() {
        return constants().map(w -> (long) w.elements() + w.channels()).orElse(0L);
    }

    /**
     * Bytes of constants at their bit width: weights with biases and scales, or a table of rows.
     */
    default long constantBytes() {
        return constants().map(Weights::bytes).orElse(0L);
    }
}
