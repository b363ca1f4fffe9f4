package io.github.dl4jqat.integer;

/** Attention in plain Java: sums and exponentials in double, one rounding at the end. */
final class AttentionKernel implements FloatKernel {

    private final int features;
    private final int queries;
    private final int keys;
    private final int values;
    private final double scale;

    AttentionKernel(DotProductAttention op) {
        features = op.queries().size(0);
        queries = op.queries().size(1);
        keys = op.keys().size(1);
        values = op.values().size(0);
        scale = Math.sqrt(features);
    }

    /** One tensor for all three. */
    @Override
    public void run(float[] x, float[] y, int examples) {
        run(new float[][] {x, x, x}, y, examples);
    }

    @Override
    public void run(float[][] all, float[] y, int examples) {
        double[] weights = new double[keys];
        for (int e = 0; e < examples; e++) {
            for (int j = 0; j < queries; j++) {
                double sum = weigh(all[0], all[1], e, j, weights);
                for (int c = 0; c < values; c++) {
                    int row = (e * values + c) * keys;
                    double mixed = 0;
                    for (int i = 0; i < keys; i++) {
                        mixed += weights[i] * all[2][row + i];
                    }
                    y[(e * values + c) * queries + j] = (float) (mixed / sum);
                }
            }
        }
    }

    /** The weights of a query's keys, up to a factor, and their sum. */
    private double weigh(float[] query, float[] key, int example, int j, double[] weights) {
        double max = Double.NEGATIVE_INFINITY;
        for (int i = 0; i < keys; i++) {
            double product = 0;
            for (int c = 0; c < features; c++) {
                int row = example * features + c;
                product += (double) key[row * keys + i] * query[row * queries + j];
            }
            weights[i] = product / scale;
            max = Math.max(max, weights[i]);
        }
        double sum = 0;
        for (int i = 0; i < keys; i++) {
            weights[i] = StrictMath.exp(weights[i] - max);
            sum += weights[i];
        }
        return sum;
    }
}
