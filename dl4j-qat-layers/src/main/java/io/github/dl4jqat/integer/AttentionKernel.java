package io.github.dl4jqat.integer;

/** Attention in plain Java: sums and exponentials in double, one rounding at the end. */
final class AttentionKernel implements FloatKernel {

    /** Null where nothing is projected. */
    private final AttentionWeights weights;

    private final int heads;
    private final int queries;
    private final int keys;

    AttentionKernel(DotProductAttention op) {
        weights = null;
        heads = 1;
        queries = op.queries().size(1);
        keys = op.keys().size(1);
    }

    AttentionKernel(MultiHeadAttention op) {
        weights = op.weights();
        heads = weights.heads();
        queries = op.queries().size(1);
        keys = op.keys().size(1);
    }

    /** One tensor for all three. */
    @Override
    public void run(float[] x, float[] y, int examples) {
        run(new float[][] {x, x, x}, y, examples);
    }

    @Override
    public void run(float[][] all, float[] y, int examples) {
        boolean projects = weights != null;
        for (int e = 0; e < examples; e++) {
            double[] q = projected(all[0], e, examples, projects ? weights.queries() : null);
            double[] k = projected(all[1], e, examples, projects ? weights.keys() : null);
            double[] v = projected(all[2], e, examples, projects ? weights.values() : null);
            double[] mixed = mixed(q, k, v);
            int at = y.length / examples * e;
            if (projects) {
                output(mixed, y, at);
            } else {
                for (int i = 0; i < mixed.length; i++) {
                    y[at + i] = (float) mixed[i];
                }
            }
        }
    }

    /** What the heads see of an example: rows of as many numbers as there are time steps. */
    private static double[] projected(float[] x, int example, int examples, FloatConstant w) {
        int elements = x.length / examples;
        int from = example * elements;
        if (w == null) {
            double[] same = new double[elements];
            for (int i = 0; i < elements; i++) {
                same[i] = x[from + i];
            }
            return same;
        }
        int features = w.size(2);
        int steps = elements / features;
        int rows = w.size(0) * w.size(1);
        double[] y = new double[rows * steps];
        for (int r = 0; r < rows; r++) {
            for (int c = 0; c < features; c++) {
                double factor = w.get(r * features + c);
                for (int t = 0; t < steps; t++) {
                    y[r * steps + t] += factor * x[from + c * steps + t];
                }
            }
        }
        return y;
    }

    private double[] mixed(double[] q, double[] k, double[] v) {
        int width = k.length / keys / heads;
        int rows = v.length / keys / heads;
        double[] mixed = new double[heads * rows * queries];
        double[] shares = new double[keys];
        for (int head = 0; head < heads; head++) {
            for (int j = 0; j < queries; j++) {
                double sum = weigh(q, k, head * width, width, j, shares);
                for (int r = head * rows; r < (head + 1) * rows; r++) {
                    double value = 0;
                    for (int i = 0; i < keys; i++) {
                        value += shares[i] * v[r * keys + i];
                    }
                    mixed[r * queries + j] = value / sum;
                }
            }
        }
        return mixed;
    }

    /** The weights of a query's keys in one head, up to a factor, and their sum. */
    private double weigh(double[] q, double[] k, int row, int width, int j, double[] shares) {
        double scale = Math.sqrt(width);
        double max = Double.NEGATIVE_INFINITY;
        for (int i = 0; i < keys; i++) {
            double product = 0;
            for (int c = row; c < row + width; c++) {
                product += k[c * keys + i] * q[c * queries + j];
            }
            shares[i] = product / scale;
            max = Math.max(max, shares[i]);
        }
        double sum = 0;
        for (int i = 0; i < keys; i++) {
            shares[i] = StrictMath.exp(shares[i] - max);
            sum += shares[i];
        }
        return sum;
    }

    private void output(double[] mixed, float[] y, int at) {
        FloatConstant w = weights.output();
        for (int o = 0; o < w.size(1); o++) {
            for (int j = 0; j < queries; j++) {
                double sum = 0;
                for (int r = 0; r < w.size(0); r++) {
                    sum += w.get(r * w.size(1) + o) * mixed[r * queries + j];
                }
                y[at + o * queries + j] = (float) sum;
            }
        }
    }
}
