package io.github.dl4jqat.quant;

/** Where the real number zero lies on the integer grid. */
public enum Symmetry {
    /** The zero point is 0, and zero a level: {@code x = q * scale}. */
    SYMMETRIC,
    /** Any integer of the range may stand for zero: {@code x = (q - zeroPoint) * scale}. */
    AFFINE,
    /**
     * Zero lies halfway between two levels, and the levels are symmetric about it: {@code x = q *
     * scale} with odd {@code q} only. One bit of it is binary: -1 and 1. ("Mid-rise" is the term of
     * signal processing; the other kinds are "mid-tread".)
     */
    MID_RISE
}
