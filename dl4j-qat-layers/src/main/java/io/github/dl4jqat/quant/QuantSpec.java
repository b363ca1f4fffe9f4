package io.github.dl4jqat.quant;

import java.io.Serializable;
import java.util.Locale;

/**
 * Which integers a tensor may take: the part of quantization that is chosen, not measured.
 *
 * <pre>
 *   signed    qMin = -2^(bits-1)  (narrow: -2^(bits-1) + 1)   qMax = 2^(bits-1) - 1
 *   unsigned  qMin = 0            (narrow: 1)                 qMax = 2^bits - 1
 *   mid-rise  qMin = -2^bits + 1, odd integers only           qMax = 2^bits - 1
 * </pre>
 *
 * <p>Combinations that have no meaning cannot be built. Immutable and thread-safe.
 *
 * @param bits width of an integer: 1 to 16 unsigned, 2 to 16 signed, 1 to 7 mid-rise, where it
 *     counts the levels, of which there are 2^bits
 * @param signed whether negative integers are used
 * @param symmetry symmetric (zero point 0), affine, or mid-rise (zero between two levels)
 * @param narrowRange drop the lowest integer, so that a signed range is symmetric about 0; TFLite
 *     and ONNX Runtime want it for weights
 * @param granularity how many scales
 * @see Quantizers presets by the names that other toolkits use
 */
public record QuantSpec(
        int bits, boolean signed, Symmetry symmetry, boolean narrowRange, Granularity granularity)
        implements Serializable {

    /** Narrowest supported integer. */
    public static final int MIN_BITS = 1;

    /** Widest supported integer. */
    public static final int MAX_BITS = 16;

    /** Most bits of a mid-rise spec: its integers, up to 127, still fit a byte. */
    public static final int MAX_MID_RISE_BITS = 7;

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
        if (symmetry == Symmetry.MID_RISE && (!signed || narrowRange || bits > MAX_MID_RISE_BITS)) {
            throw new IllegalArgumentException(
                    "QuantSpec: MID_RISE with bits="
                            + bits
                            + ", signed="
                            + signed
                            + ", narrowRange="
                            + narrowRange
                            + "; it is signed, of full range, and has 1 to "
                            + MAX_MID_RISE_BITS
                            + " bits");
        }
        if (bits == 1 && symmetry != Symmetry.MID_RISE && (signed || narrowRange)) {
            throw new IllegalArgumentException(
                    "QuantSpec: bits=1 with signed="
                            + signed
                            + ", narrowRange="
                            + narrowRange
                            + "; one bit is either unsigned (0 and 1) or MID_RISE (-1 and 1), use"
                            + " Quantizers.uintPerTensor(1) or Quantizers.binaryPerChannel()");
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
        if (symmetry == Symmetry.MID_RISE) {
            return -qMax();
        }
        int lowest = signed ? -(1 << (bits - 1)) : 0;
        return narrowRange ? lowest + 1 : lowest;
    }

    /** The largest integer of the range. */
    public int qMax() {
        return signed && symmetry != Symmetry.MID_RISE ? (1 << (bits - 1)) - 1 : (1 << bits) - 1;
    }

    /** The same spec with another width. */
    public QuantSpec withBits(int newBits) {
        return new QuantSpec(newBits, signed, symmetry, narrowRange, granularity);
    }

    /** The same spec with another granularity. */
    public QuantSpec withGranularity(Granularity newGranularity) {
        return new QuantSpec(bits, signed, symmetry, narrowRange, newGranularity);
    }

    /** A short name for tables, such as {@code int8}, {@code uint4}, {@code binary}. */
    public String typeName() {
        if (symmetry == Symmetry.MID_RISE) {
            return bits == 1 ? "binary" : "mid-rise" + bits;
        }
        return (signed ? "int" : "uint") + bits;
    }

    /** For messages: the integers, what zero is, how many scales. */
    @Override
    public String toString() {
        return typeName()
                + " ("
                + (symmetry == Symmetry.MID_RISE
                        ? ""
                        : symmetry.name().toLowerCase(Locale.ROOT) + ", ")
                + (narrowRange ? "narrow, " : "")
                + granularity
                + ")";
    }
}
