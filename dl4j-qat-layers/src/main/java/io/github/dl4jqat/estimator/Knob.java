package io.github.dl4jqat.estimator;

import java.util.Locale;

/** What a schedule may move during training. Constants' names are part of the file format. */
public enum Knob {
    /** Sharpness of a soft quantizer, in (0, 1): near 0 it is a staircase, near 1 a line. */
    ALPHA(0, 1),
    /** Share of the elements that quantization noise reaches, in [0, 1]. */
    NOISE_RATE(0, 1),
    /** Share of the weights that are quantized and frozen, in [0, 1]. */
    PORTION(0, 1),
    /** Weight of the penalty that draws weights to their level, 0 or more. */
    DAMPENING(0, Double.MAX_VALUE),
    /** Oscillation frequency above which a weight is frozen, in (0, 1]. */
    OSCILLATION_THRESHOLD(0, 1);

    private final double smallest;
    private final double largest;

    Knob(double smallest, double largest) {
        this.smallest = smallest;
        this.largest = largest;
    }

    /** Throws an {@code IllegalArgumentException} for a value that the knob cannot take. */
    public void check(double value) {
        if (!(value >= smallest && value <= largest)) {
            throw new IllegalArgumentException(
                    "Schedule: "
                            + word()
                            + "="
                            + value
                            + " is outside ["
                            + smallest
                            + ", "
                            + (largest == Double.MAX_VALUE ? "infinity)" : largest + "]"));
        }
    }

    /** The name in messages, such as {@code noise rate}. */
    public String word() {
        return name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }
}
