package io.github.dl4jqat.integer;

import io.github.dl4jqat.quant.Requantizer;

/** Pooling in plain Java. Padding is left out of every window instead of being stored. */
final class PoolKernels {

    private PoolKernels() {}

    /** One number from the real elements of a window; the rest of the geometry is shared. */
    private interface Reduction {
        int reduce(int[] in, int plane, int oy, int ox);
    }

    static JavaKernel.Unary max(MaxPool2d op) {
        Window2d w = op.window();
        int height = op.input().size(1);
        int width = op.input().size(2);
        return overWindows(
                op.input(),
                op.output(),
                (in, plane, oy, ox) -> {
                    int best = Integer.MIN_VALUE;
                    int endRow = w.endRow(oy, height);
                    int endColumn = w.endColumn(ox, width);
                    for (int i = w.firstRow(oy); i < endRow; i++) {
                        int row =
                                plane + (oy * w.strideH() - w.padTop() + i * w.dilationH()) * width;
                        int column = row + ox * w.strideW() - w.padLeft();
                        for (int j = w.firstColumn(ox); j < endColumn; j++) {
                            best = Math.max(best, in[column + j * w.dilationW()]);
                        }
                    }
                    return best;
                });
    }

    static JavaKernel.Unary average(AveragePool2d op) {
        Window2d w = op.window();
        int height = op.input().size(1);
        int width = op.input().size(2);
        int zeroPoint = op.input().params().zeroPoint();
        Requantizer requantizer = op.requantizer();
        return overWindows(
                op.input(),
                op.output(),
                (in, plane, oy, ox) -> {
                    int acc = 0;
                    int endRow = w.endRow(oy, height);
                    int endColumn = w.endColumn(ox, width);
                    for (int i = w.firstRow(oy); i < endRow; i++) {
                        int row =
                                plane + (oy * w.strideH() - w.padTop() + i * w.dilationH()) * width;
                        int column = row + ox * w.strideW() - w.padLeft();
                        for (int j = w.firstColumn(ox); j < endColumn; j++) {
                            acc += in[column + j * w.dilationW()] - zeroPoint;
                        }
                    }
                    return requantizer.apply(acc, op.divisor(oy, ox) - 1);
                });
    }

    private static JavaKernel.Unary overWindows(
            TensorType input, TensorType output, Reduction reduction) {
        int inputPlane = input.size(1) * input.size(2);
        int rows = output.size(1);
        int columns = output.size(2);
        int channels = output.size(0);
        return (in, out, examples) -> {
            int to = 0;
            for (int p = 0; p < examples * channels; p++) {
                for (int oy = 0; oy < rows; oy++) {
                    for (int ox = 0; ox < columns; ox++) {
                        out[to++] = reduction.reduce(in, p * inputPlane, oy, ox);
                    }
                }
            }
        };
    }

    static JavaKernel.Unary global(GlobalPool op) {
        int plane = op.input().size(1) * op.input().size(2);
        int zeroPoint = op.input().params().zeroPoint();
        if (op.kind() == GlobalPool.Kind.MAX) {
            return (in, out, examples) -> {
                for (int p = 0; p < out.length; p++) {
                    int best = Integer.MIN_VALUE;
                    for (int i = p * plane; i < (p + 1) * plane; i++) {
                        best = Math.max(best, in[i]);
                    }
                    out[p] = best;
                }
            };
        }
        Requantizer requantizer = op.requantizer();
        return (in, out, examples) -> {
            for (int p = 0; p < out.length; p++) {
                int acc = 0;
                for (int i = p * plane; i < (p + 1) * plane; i++) {
                    acc += in[i] - zeroPoint;
                }
                out[p] = requantizer.apply(acc, 0);
            }
        };
    }
}
