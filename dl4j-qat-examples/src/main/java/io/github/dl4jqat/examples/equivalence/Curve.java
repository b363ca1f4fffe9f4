package io.github.dl4jqat.examples.equivalence;

import java.util.Arrays;

/** Points of a curve over the steps of a training. Not thread-safe. */
final class Curve {

    private double[] x = new double[64];
    private double[] y = new double[64];
    private int size;

    void add(double step, double value) {
        if (size == x.length) {
            x = Arrays.copyOf(x, 2 * size);
            y = Arrays.copyOf(y, 2 * size);
        }
        x[size] = step;
        y[size++] = value;
    }

    int size() {
        return size;
    }

    double x(int i) {
        return x[i];
    }

    double y(int i) {
        return y[i];
    }

    /** Pearson's correlation with a curve of as many points; NaN where one of them is constant. */
    double correlation(Curve other) {
        if (size != other.size) {
            throw new IllegalArgumentException(
                    "Curve: " + size + " points and " + other.size + " cannot be compared");
        }
        double a = mean();
        double b = other.mean();
        double ab = 0;
        double aa = 0;
        double bb = 0;
        for (int i = 0; i < size; i++) {
            ab += (y[i] - a) * (other.y[i] - b);
            aa += (y[i] - a) * (y[i] - a);
            bb += (other.y[i] - b) * (other.y[i] - b);
        }
        return ab / Math.sqrt(aa * bb);
    }

    private double mean() {
        double sum = 0;
        for (int i = 0; i < size; i++) {
            sum += y[i];
        }
        return sum / size;
    }
}
