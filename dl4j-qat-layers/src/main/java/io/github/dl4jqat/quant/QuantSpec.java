package io.github.dl4jqat.quant;

import java.io.Serializable;

/**
 * Which integers a tensor may take: the part of quantization that is chosen, not measured.
 *
 * <pre>
 *   signed    qMin = -2^(bits-1)  (narrow: -2^(bits-1) + 1)   qMax = 2^(bits-1) - 1
 *   unsigned  qMin = 0            (narrow: 1)                 qMax = 2^bits - 1
 * </pre>
 *
 * <p>Combinations that have no meaning cannot be built. Immutable and thread-safe.
 *
 * @param bits width of an integer, 2 to 16
 * @param signed whether negative integers are used
 * @param symmetry symmetric (zero point 0) or affine
 * @param narrowRange drop the lowest integer, so that a signed range is symmetric about 0; TFLite
 *     and ONNX Runtime want it for weights
 * @param granularity how many scales
 * @see Quantizers presets by the names that other toolkits use
 */
public record QuantSpec(
        int bits, boolean signed, Symmetry symmetry, boolean narrowRange, Granularity granularity)
        implements Serializable {

    /** Narrowest supported integer. */
    public static final int MIN_BITS = 2;

    /** Widest supported integer. */
    public static final int MAX_BITS = 16;

    private static final long serialVersionUID = 1L;

    /** Checks the combination. */
    public QuantSpec {
        if (bits < MIN_BITS || bits > MAX_BITS) {
            throw new IllegalArgumentException(
                    "QuantSpec: bits="
                            + bits
                            + " is outside "
                            + MIN_BITS
                            + ".."
                            + MAX_BITS
                            + "; for a tensor that must not be quantized leave the spec out"
                            + " (null)");
        }
        if (symmetry == null || granularity == null) {
            throw new IllegalArgumentException(
                    "QuantSpec: symmetry="
                            + symmetry
                            + ", granularity="
                            + granularity
                            + "; both are needed");
        }
        if (symmetry == Symmetry.SYMMETRIC && !signed && narrowRange) {
            throw new IllegalArgumentException(
                    "QuantSpec: unsigned, symmetric and narrowRange=true would leave no integer for"
                            + " zero; use narrowRange=false or symmetry=AFFINE");
        }
        if (symmetry == Symmetry.AFFINE && granularity.kind() != Granularity.Kind.PER_TENSOR) {
            throw new IllegalArgumentException(
                    "QuantSpec: AFFINE with granularity "
                            + granularity.kind()
                            + "; integer kernels have one zero point for each tensor. Use"
                            + " SYMMETRIC, or Granularity.perTensor()");
        }
    }

    /** The smallest integer of the range. */
    public int qMin() {
        int lowest = signed ? -(1 << (bits - 1)) : 0;
        return narrowRange ? lowest + 1 : lowest;
    }

    /** The largest integer of the range. */
    public int qMax() {
        return signed ? (1 << (bits - 1)) - 1 : (1 << bits) - 1;
    }

    /** The same spec with another width. */
    public QuantSpec withBits(int newBits) {
        return new QuantSpec(newBits, signed, symmetry, narrowRange, granularity);
    }

    /** The same spec with another granularity. */
    public QuantSpec withGranularity(Granularity newGranularity) {
        return new QuantSpec(bits, signed, symmetry, narrowRange, newGranularity);
    }

    /** A short name for tables, such as {@code int8}, {@code uint4}. */
    public String typeName() {
        return (signed ? "int" : "uint") + bits;
    }
}
