package io.github.dl4jqat.quant;

/** How an accumulator is brought to the scale of the output; an integer model names its mode. */
public enum Requantization {
    /**
     * Multiply by a float and round half to even: {@code rint(acc * m)}. What ONNX Runtime and
     * XNNPACK do.
     */
    FLOAT,
    /**
     * Multiply by a 32-bit mantissa and shift, with integers only: see {@link
     * FixedPointMultiplier}. What TFLite's reference kernels and microcontrollers do.
     */
    FIXED_POINT
}
