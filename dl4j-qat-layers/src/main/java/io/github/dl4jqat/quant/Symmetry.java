package io.github.dl4jqat.quant;

/** Where the real number zero lies on the integer grid. */
public enum Symmetry {
    /** The zero point is 0: {@code x = q * scale}. */
    SYMMETRIC,
    /** Any integer of the range may stand for zero: {@code x = (q - zeroPoint) * scale}. */
    AFFINE
}
