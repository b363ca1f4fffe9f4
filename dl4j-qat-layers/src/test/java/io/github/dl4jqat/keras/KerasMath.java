package io.github.dl4jqat.keras;

import java.util.function.DoubleUnaryOperator;

/**
 * What Keras computes, written down from its definitions: images are {@code [height][width]
 * [channel]}, kernels {@code [row][column][input channel][output channel]}, everything in double.
 */
final class KerasMath {

    private KerasMath() {}

    /** An image; with width 1 it is a sequence, with height 1 too a vector. */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    record Image(int h, int w, int c, double[] values) {

        double at(int y, int x, int channel) {
            return y < 0 || y >= h || x < 0 || x >= w ? 0 : values[(y * w + x) * c + channel];
        }

        Image map(DoubleUnaryOperator f) {
            double[] result = new double[values.length];
            for (int i = 0; i < result.length; i++) {
                result[i] = f.applyAsDouble(values[i]);
            }
            return new Image(h, w, c, result);
        }

        /** Rows of pixels of channels, as they lie in memory. */
        Image flatten() {
            return new Image(1, 1, values.length, values);
        }
    }

    /** The value that an output channel adds for one input value in a window. */
    private interface Factor {
        double at(int row, int column, int in, int out);
    }

    static Image pad(Image x, int top, int bottom, int left, int right) {
        int h = x.h() + top + bottom;
        int w = x.w() + left + right;
        double[] y = new double[h * w * x.c()];
        for (int i = 0; i < y.length; i++) {
            int pixel = i / x.c();
            y[i] = x.at(pixel / w - top, pixel % w - left, i % x.c());
        }
        return new Image(h, w, x.c(), y);
    }

    /** Conv2D; bias may be null. */
    static Image conv(
            Image x, float[] kernel, float[] bias, int size, int stride, boolean same, int out) {
        return slide(
                x,
                size,
                size,
                stride,
                same,
                out,
                bias,
                (row, column, i, o) -> kernel[((row * size + column) * x.c() + i) * out + o]);
    }

    /** DepthwiseConv2D with a multiplier of one; bias may be null. */
    static Image depthwise(
            Image x, float[] kernel, float[] bias, int size, int stride, boolean same) {
        return slide(
                x,
                size,
                size,
                stride,
                same,
                x.c(),
                bias,
                (row, column, i, o) -> i == o ? kernel[(row * size + column) * x.c() + i] : 0);
    }

    /** Conv1D with padding "same", over the rows of an image of one column. */
    static Image sequence(Image x, float[] kernel, float[] bias, int size, int out) {
        return slide(
                x,
                size,
                1,
                1,
                true,
                out,
                bias,
                (row, column, i, o) -> kernel[(row * x.c() + i) * out + o]);
    }

    private static Image slide(
            Image x,
            int rows,
            int columns,
            int stride,
            boolean same,
            int out,
            float[] bias,
            Factor k) {
        int h = same ? (x.h() + stride - 1) / stride : (x.h() - rows) / stride + 1;
        int w = same ? (x.w() + stride - 1) / stride : (x.w() - columns) / stride + 1;
        // The smaller half of what is missing goes before.
        int top = same ? Math.max((h - 1) * stride + rows - x.h(), 0) / 2 : 0;
        int left = same ? Math.max((w - 1) * stride + columns - x.w(), 0) / 2 : 0;
        double[] y = new double[h * w * out];
        for (int n = 0; n < y.length; n++) {
            int o = n % out;
            int row = n / out / w * stride - top;
            int column = n / out % w * stride - left;
            double sum = bias == null ? 0 : bias[o];
            for (int a = 0; a < rows; a++) {
                for (int b = 0; b < columns; b++) {
                    for (int i = 0; i < x.c(); i++) {
                        sum += x.at(row + a, column + b, i) * k.at(a, b, i, o);
                    }
                }
            }
            y[n] = sum;
        }
        return new Image(h, w, out, y);
    }

    /** The same numbers in another shape, row by row. */
    static Image reshape(Image x, int h, int w, int c) {
        return new Image(h, w, c, x.values());
    }

    /** Permute of a sequence: its steps become its channels. */
    static Image transpose(Image x) {
        double[] y = new double[x.values().length];
        for (int i = 0; i < y.length; i++) {
            y[i] = x.at(i % x.h(), 0, i / x.h());
        }
        return new Image(x.c(), 1, x.h(), y);
    }

    static Image batchNorm(
            Image x, float[] gamma, float[] beta, float[] mean, float[] variance, double eps) {
        double[] y = new double[x.values().length];
        for (int i = 0; i < y.length; i++) {
            int c = i % x.c();
            y[i] = (x.values()[i] - mean[c]) / Math.sqrt(variance[c] + eps) * gamma[c] + beta[c];
        }
        return new Image(x.h(), x.w(), x.c(), y);
    }

    /** MaxPooling2D of two by two, valid. */
    static Image maxPool(Image x) {
        int h = x.h() / 2;
        int w = x.w() / 2;
        double[] y = new double[h * w * x.c()];
        for (int i = 0; i < y.length; i++) {
            int row = i / x.c() / w * 2;
            int column = i / x.c() % w * 2;
            int c = i % x.c();
            y[i] =
                    Math.max(
                            Math.max(x.at(row, column, c), x.at(row, column + 1, c)),
                            Math.max(x.at(row + 1, column, c), x.at(row + 1, column + 1, c)));
        }
        return new Image(h, w, x.c(), y);
    }

    static Image add(Image a, Image b) {
        double[] y = new double[a.values().length];
        for (int i = 0; i < y.length; i++) {
            y[i] = a.values()[i] + b.values()[i];
        }
        return new Image(a.h(), a.w(), a.c(), y);
    }

    static Image globalAverage(Image x) {
        double[] y = new double[x.c()];
        for (int i = 0; i < x.values().length; i++) {
            y[i % x.c()] += x.values()[i] / (x.h() * x.w());
        }
        return new Image(1, 1, x.c(), y);
    }

    /** Dense: kernel {@code [input][output]}. */
    static Image dense(Image x, float[] kernel, float[] bias) {
        int out = bias.length;
        double[] y = new double[out];
        for (int o = 0; o < out; o++) {
            y[o] = bias[o];
            for (int i = 0; i < x.c(); i++) {
                y[o] += x.values()[i] * kernel[i * out + o];
            }
        }
        return new Image(1, 1, out, y);
    }

    static Image softmax(Image x) {
        Image e = x.map(Math::exp);
        double sum = 0;
        for (double v : e.values()) {
            sum += v;
        }
        double total = sum;
        return e.map(v -> v / total);
    }
}
