package io.github.dl4jqat.examples.data;

import io.github.dl4jqat.examples.data.DigitShapes.Stroke;
import java.util.Random;

/**
 * The way one person writes one digit: where the ideal path of the pen goes on the picture.
 *
 * <p>Path coordinates (0 to 100, centre 50) become pixel coordinates: centred, turned, slanted,
 * stretched and shifted by one affine map, and bent by two slow waves, which is what makes straight
 * lines look hand-drawn.
 */
final class Hand {

    /** Curve points between two points of a path. */
    private static final int STEPS = 8;

    /** Path units by which a point is missed (standard deviation). */
    private static final double MISS = 2.4;

    private final double xx;
    private final double xy;
    private final double yx;
    private final double yy;
    private final double shiftX;
    private final double shiftY;
    private final Wave waveX;
    private final Wave waveY;

    Hand(Random random) {
        double angle = StrictMath.toRadians(6 * random.nextGaussian());
        double slant = 0.05 + 0.17 * random.nextGaussian();
        double height = DrawnDigits.between(random, 0.17, 0.22);
        double width = height * DrawnDigits.between(random, 0.8, 1.2);
        double sin = StrictMath.sin(angle);
        double cos = StrictMath.cos(angle);
        // turn * slant * stretch; y grows downwards, so a slant to the right is negative
        xx = cos * width;
        xy = -cos * slant * height - sin * height;
        yx = sin * width;
        yy = -sin * slant * height + cos * height;
        shiftX = DigitSet.SIDE / 2.0 + 1.0 * random.nextGaussian();
        shiftY = DigitSet.SIDE / 2.0 + 1.0 * random.nextGaussian();
        waveX = new Wave(random);
        waveY = new Wave(random);
    }

    /** Returns the pen's way as many short steps: an array of x and one of y, in pixels. */
    double[][] write(Stroke stroke, Random random) {
        int points = stroke.points();
        double[] x = new double[points];
        double[] y = new double[points];
        for (int i = 0; i < points; i++) {
            x[i] = stroke.x()[i] + MISS * random.nextGaussian();
            y[i] = stroke.y()[i] + MISS * random.nextGaussian();
        }
        int length = (points - 1) * STEPS + 1;
        double[][] curve = new double[2][length];
        for (int i = 0; i + 1 < points; i++) {
            // at an end or a corner the neighbour beyond does not pull on the curve
            int before = i == 0 || stroke.corner()[i] ? i : i - 1;
            int after = i + 2 == points || stroke.corner()[i + 1] ? i + 1 : i + 2;
            for (int step = 0; step < STEPS; step++) {
                double t = (double) step / STEPS;
                place(
                        curve,
                        i * STEPS + step,
                        between(x[before], x[i], x[i + 1], x[after], t),
                        between(y[before], y[i], y[i + 1], y[after], t));
            }
        }
        place(curve, length - 1, x[points - 1], y[points - 1]);
        return curve;
    }

    /** Catmull-Rom: a cubic through b and c whose slopes follow the chords a-c and b-d. */
    private static double between(double a, double b, double c, double d, double t) {
        return b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)));
    }

    private void place(double[][] curve, int index, double x, double y) {
        double bentX = x - 50 + waveX.at(x, y);
        double bentY = y - 50 + waveY.at(x, y);
        curve[0][index] = shiftX + xx * bentX + xy * bentY;
        curve[1][index] = shiftY + yx * bentX + yy * bentY;
    }

    /** A slow wave in a random direction over the field of the path. */
    private static final class Wave {

        private final double amplitude;
        private final double perX;
        private final double perY;
        private final double phase;

        Wave(Random random) {
            amplitude = 2.8 * random.nextGaussian();
            perX = 0.05 * random.nextGaussian();
            perY = 0.05 * random.nextGaussian();
            phase = DrawnDigits.between(random, 0, 2 * StrictMath.PI);
        }

        double at(double x, double y) {
            return amplitude * StrictMath.sin(perX * x + perY * y + phase);
        }
    }
}
