package io.github.dl4jqat.examples.data;

import java.util.Arrays;
import java.util.Random;

/**
 * Draws lines with a round, soft tip: full ink inside, a linear edge outside. The width swells and
 * shrinks a little along the line, as pressure does.
 */
final class Pen {

    private static final int SIDE = DigitSet.SIDE;

    private final float[] ink;
    private final double radius;
    private final double softness;
    private final double pressureDepth;
    private final double pressureStep;
    private double pressurePhase;

    /** A new pen on white paper. */
    Pen(Random random, float[] ink) {
        this.ink = ink;
        Arrays.fill(ink, 0f);
        radius = DrawnDigits.between(random, 0.65, 1.45);
        softness = DrawnDigits.between(random, 0.8, 1.5);
        pressureDepth = DrawnDigits.between(random, 0, 0.35);
        pressureStep = DrawnDigits.between(random, 0.03, 0.15);
        pressurePhase = DrawnDigits.between(random, 0, 2 * StrictMath.PI);
    }

    /** Draws one stroke; where strokes cross, the darker one counts. */
    void draw(double[] x, double[] y) {
        for (int i = 0; i + 1 < x.length; i++) {
            pressurePhase += pressureStep;
            double here = radius * (1 + pressureDepth * StrictMath.sin(pressurePhase));
            segment(x[i], y[i], x[i + 1], y[i + 1], here);
        }
    }

    private void segment(double x0, double y0, double x1, double y1, double here) {
        double reach = here + softness;
        int left = pixel(Math.min(x0, x1) - reach);
        int right = pixel(Math.max(x0, x1) + reach);
        int top = pixel(Math.min(y0, y1) - reach);
        int bottom = pixel(Math.max(y0, y1) + reach);
        double dx = x1 - x0;
        double dy = y1 - y0;
        double squared = dx * dx + dy * dy;
        for (int row = top; row <= bottom; row++) {
            for (int column = left; column <= right; column++) {
                double px = column + 0.5 - x0;
                double py = row + 0.5 - y0;
                double along = squared == 0 ? 0 : (px * dx + py * dy) / squared;
                along = Math.max(0, Math.min(1, along));
                double ex = px - along * dx;
                double ey = py - along * dy;
                double distance = Math.sqrt(ex * ex + ey * ey);
                float value = (float) Math.min(1, (reach - distance) / softness);
                int index = row * SIDE + column;
                if (value > ink[index]) {
                    ink[index] = value;
                }
            }
        }
    }

    private static int pixel(double position) {
        return (int) Math.max(0, Math.min(SIDE - 1, Math.floor(position)));
    }
}
