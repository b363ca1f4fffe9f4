package io.github.dl4jqat.integer;

import io.github.dl4jqat.quant.Softmax;
import java.util.function.DoubleConsumer;

/**
 * Float operations in plain Java: sums and functions in double, one rounding to float at the end,
 * StrictMath throughout, so that every machine gives the same floats.
 */
final class FloatKernels {

    private FloatKernels() {}

    static FloatKernel normalization(LocalResponseNorm op) {
        int channels = op.input().size(0);
        int plane = op.input().size(1) * op.input().size(2);
        int reach = op.reach();
        return (x, y, examples) -> {
            for (int e = 0; e < examples; e++) {
                int image = e * channels * plane;
                for (int c = 0; c < channels; c++) {
                    int first = image + Math.max(0, c - reach) * plane;
                    int end = image + Math.min(channels, c + reach + 1) * plane;
                    for (int i = 0; i < plane; i++) {
                        double sum = 0;
                        for (int j = first + i; j < end; j += plane) {
                            sum += (double) x[j] * x[j];
                        }
                        int at = image + c * plane + i;
                        double power = StrictMath.pow(op.k() + op.alpha() * sum, op.beta());
                        y[at] = (float) (x[at] / power);
                    }
                }
            }
        };
    }

    static FloatKernel l2Normalize(L2Normalize op) {
        int n = op.input().elements();
        return (x, y, examples) -> {
            for (int e = 0; e < examples; e++) {
                double sum = 0;
                for (int i = e * n; i < (e + 1) * n; i++) {
                    sum += (double) x[i] * x[i];
                }
                double length = Math.max(Math.sqrt(sum), op.eps());
                for (int i = e * n; i < (e + 1) * n; i++) {
                    y[i] = (float) (x[i] / length);
                }
            }
        };
    }

    static FloatKernel pNorm(GlobalPNormPool op) {
        int channels = op.input().size(0);
        int size = op.input().elements() / channels;
        return (x, y, examples) -> {
            for (int c = 0; c < examples * channels; c++) {
                Norm norm = new Norm(op.p());
                for (int i = c * size; i < (c + 1) * size; i++) {
                    norm.measure(x[i]);
                }
                for (int i = c * size; i < (c + 1) * size; i++) {
                    norm.add(x[i]);
                }
                y[c] = norm.value();
            }
        };
    }

    static FloatKernel pNorm(PNormPool2d op) {
        Window2d w = op.window();
        int height = op.input().size(1);
        int width = op.input().size(2);
        int rows = op.output().size(1);
        int columns = op.output().size(2);
        return (x, y, examples) -> {
            int to = 0;
            for (int plane = 0; plane < x.length; plane += height * width) {
                for (int oy = 0; oy < rows; oy++) {
                    for (int ox = 0; ox < columns; ox++) {
                        Norm norm = new Norm(op.p());
                        underWindow(w, x, plane, height, width, oy, ox, norm::measure);
                        underWindow(w, x, plane, height, width, oy, ox, norm::add);
                        y[to++] = norm.value();
                    }
                }
            }
        };
    }

    private static void underWindow(
            Window2d w,
            float[] x,
            int plane,
            int height,
            int width,
            int oy,
            int ox,
            DoubleConsumer reader) {
        int endRow = w.endRow(oy, height);
        int endColumn = w.endColumn(ox, width);
        for (int i = w.firstRow(oy); i < endRow; i++) {
            int row = plane + (oy * w.strideH() - w.padTop() + i * w.dilationH()) * width;
            int column = row + ox * w.strideW() - w.padLeft();
            for (int j = w.firstColumn(ox); j < endColumn; j++) {
                reader.accept(x[column + j * w.dilationW()]);
            }
        }
    }

    /**
     * A norm in two passes: powers of shares of the largest element cannot overflow. Not
     * thread-safe.
     */
    private static final class Norm {
        private final int p;
        private double largest;
        private double sum;

        Norm(int p) {
            this.p = p;
        }

        void measure(double x) {
            largest = Math.max(largest, Math.abs(x));
        }

        void add(double x) {
            if (largest > 0) {
                double share = Math.abs(x) / largest;
                sum += p == 1 ? share : p == 2 ? share * share : StrictMath.pow(share, p);
            }
        }

        float value() {
            double root = p == 1 ? sum : p == 2 ? Math.sqrt(sum) : StrictMath.pow(sum, 1.0 / p);
            return (float) (largest * root);
        }
    }

    static FloatKernel softmax(FloatSoftmax op) {
        int n = op.input().size(0);
        int places = op.input().elements() / n;
        return (x, y, examples) -> {
            System.arraycopy(x, 0, y, 0, x.length);
            for (int e = 0; e < examples; e++) {
                for (int i = 0; i < places; i++) {
                    Softmax.apply(y, e * n * places + i, n, places);
                }
            }
        };
    }

    static FloatKernel yolo(YoloActivation op) {
        int boxes = op.boxes();
        int plane = op.input().size(1) * op.input().size(2);
        int perBox = YoloActivation.COORDINATES + op.classes();
        return (x, y, examples) -> {
            for (int b = 0; b < examples * boxes; b++) {
                int box = b * perBox * plane;
                for (int channel = 0; channel < YoloActivation.COORDINATES; channel++) {
                    // Width and height stand between the centre and the confidence.
                    boolean extent = channel == 2 || channel == 3;
                    double prior = extent ? op.priors().get(b % boxes * 2 + channel - 2) : 0;
                    for (int i = 0; i < plane; i++) {
                        int at = box + channel * plane + i;
                        y[at] =
                                (float)
                                        (extent
                                                ? prior * StrictMath.exp(x[at])
                                                : 1 / (1 + StrictMath.exp(-(double) x[at])));
                    }
                }
                int classes = box + YoloActivation.COORDINATES * plane;
                System.arraycopy(x, classes, y, classes, op.classes() * plane);
                for (int i = 0; i < plane; i++) {
                    Softmax.apply(y, classes + i, op.classes(), plane);
                }
            }
        };
    }
}
