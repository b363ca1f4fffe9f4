package io.github.dl4jqat.quant;

/**
 * Presets of {@link QuantSpec} under the names that users of other toolkits know. Weights: signed,
 * symmetric, narrow range. Activations: unsigned, affine, full range (the form that integer kernels
 * of x86 and ARM run fastest).
 */
public final class Quantizers {

    private Quantizers() {}

    /** Weights, 8 bits, one scale for each output channel: -127..127. */
    public static QuantSpec int8PerChannel() {
        return intPerChannel(8);
    }

    /** Weights, 8 bits, one scale: -127..127. */
    public static QuantSpec int8PerTensor() {
        return intPerTensor(8);
    }

    /** Weights, 4 bits, one scale for each output channel: -7..7. */
    public static QuantSpec int4PerChannel() {
        return intPerChannel(4);
    }

    /** Weights, 4 bits, one scale for each {@code groupSize} weights of a channel. */
    public static QuantSpec int4PerGroup(int groupSize) {
        return intPerChannel(4).withGranularity(Granularity.perGroup(groupSize));
    }

    /** Weights, 2 bits, one scale for each output channel: -1, 0, 1. */
    public static QuantSpec int2PerChannel() {
        return intPerChannel(2);
    }

    /** Weights: signed, symmetric, narrow range, one scale for each output channel. */
    public static QuantSpec intPerChannel(int bits) {
        return new QuantSpec(bits, true, Symmetry.SYMMETRIC, true, Granularity.perChannel());
    }

    /** Weights: signed, symmetric, narrow range, one scale. */
    public static QuantSpec intPerTensor(int bits) {
        return new QuantSpec(bits, true, Symmetry.SYMMETRIC, true, Granularity.perTensor());
    }

    /** Values inside a recurrent layer, 16 bits, symmetric, one scale: -32767..32767. */
    public static QuantSpec int16PerTensor() {
        return intPerTensor(16);
    }

    /** Weights, 2^bits levels without a zero: odd integers, one scale for each output channel. */
    public static QuantSpec midRisePerChannel(int bits) {
        return new QuantSpec(bits, true, Symmetry.MID_RISE, false, Granularity.perChannel());
    }

    /** The same with one scale for the tensor. */
    public static QuantSpec midRisePerTensor(int bits) {
        return midRisePerChannel(bits).withGranularity(Granularity.perTensor());
    }

    /** Weights, 1 bit: -1 and 1, one scale for each output channel. */
    public static QuantSpec binaryPerChannel() {
        return midRisePerChannel(1);
    }

    /** Weights or activations, 1 bit: -1 and 1, one scale. */
    public static QuantSpec binaryPerTensor() {
        return midRisePerTensor(1);
    }

    /** Weights: -1, 0, 1, one scale for each output channel; two bits, narrow range. */
    public static QuantSpec ternaryPerChannel() {
        return int2PerChannel();
    }

    /** Activations, 8 bits: 0..255, affine. */
    public static QuantSpec uint8PerTensor() {
        return uintPerTensor(8);
    }

    /** Activations, 4 bits: 0..15, affine. */
    public static QuantSpec uint4PerTensor() {
        return uintPerTensor(4);
    }

    /** Activations: unsigned, affine, one scale. */
    public static QuantSpec uintPerTensor(int bits) {
        return new QuantSpec(bits, false, Symmetry.AFFINE, false, Granularity.perTensor());
    }

    /** Activations as TFLite wants them, 8 bits: -128..127, affine. */
    public static QuantSpec int8AffinePerTensor() {
        return new QuantSpec(8, true, Symmetry.AFFINE, false, Granularity.perTensor());
    }
}
