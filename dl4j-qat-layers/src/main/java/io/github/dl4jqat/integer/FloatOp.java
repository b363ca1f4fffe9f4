package io.github.dl4jqat.integer;

import java.util.List;

/**
 * A step that computes with floats, because no integer arithmetic does what its layer does: powers,
 * norms and exponentials of several elements. It reads a float tensor and writes one; {@link
 * Quantize} and {@link Dequantize} lead out of and into such a float island. The list of them is
 * {@link IntegerModel#floatIslands()}.
 *
 * <p>In the formulas {@code x} is the input and {@code y} the output, float32 both. {@link
 * JavaEngine} computes in double, sums in the order of the elements, with {@link StrictMath}, and
 * rounds once at the end, so that it gives the same floats on every machine. {@link IntegerEngine}
 * says how closely other engines follow.
 */
public sealed interface FloatOp extends IntegerOp
        permits LocalResponseNorm,
                L2Normalize,
                PNormPool2d,
                GlobalPNormPool,
                FloatSoftmax,
                YoloActivation,
                DotProductAttention,
                MultiHeadAttention {

    /** The floats read, or the first of several tensors. */
    TensorType input();

    @Override
    default List<TensorType> inputs() {
        return List.of(input());
    }
}
