package io.github.dl4jqat.ops;

import io.github.dl4jqat.kernels.BackwardKernel;
import io.github.dl4jqat.kernels.ClippedBits;
import io.github.dl4jqat.kernels.FakeQuantKernel;
import io.github.dl4jqat.kernels.Grid;
import io.github.dl4jqat.kernels.RangeClipped;
import io.github.dl4jqat.kernels.Rectifier;
import io.github.dl4jqat.kernels.RequantizeKernel;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.Requantizer;

/** The float kernels as loops over blocks, by runs and element by element. */
final class StepLoops {

    private StepLoops() {}

    /** A loop whose only parameter by channel is the scale. */
    private abstract static class Scaled implements OffHeapBlocks.FloatLoop {
        final float[] scales;
        final float low;
        final float high;

        Scaled(QuantParams p) {
            scales = p.scales();
            low = p.lowestStep();
            high = p.highestStep();
        }

        @Override
        public float[][] rows() {
            return new float[][] {scales};
        }
    }

    /** {@link FakeQuantKernel#fakeQuantize} of block 0. */
    static OffHeapBlocks.FloatLoop fakeQuantize(QuantParams p) {
        return new Scaled(p) {
            @Override
            public void run(float[][] b, int from, int to, int c) {
                FakeQuantKernel.fakeQuantize(b[0], b[0], from, to, scales[c], low, high);
            }

            @Override
            public void each(float[][] b, int n, float[][] parameters) {
                FakeQuantKernel.fakeQuantize(b[0], b[0], n, parameters[0], low, high);
            }
        };
    }

    /** {@link FakeQuantKernel#steps} of block 0. */
    static OffHeapBlocks.FloatLoop steps(QuantParams p) {
        return new Scaled(p) {
            @Override
            public void run(float[][] b, int from, int to, int c) {
                FakeQuantKernel.steps(b[0], b[0], from, to, scales[c], low, high);
            }

            @Override
            public void each(float[][] b, int n, float[][] parameters) {
                FakeQuantKernel.steps(b[0], b[0], n, parameters[0], low, high);
            }
        };
    }

    /** A rule on the gradient in block 0 and the values in block 1. */
    static OffHeapBlocks.FloatLoop backward(QuantParams p, BackwardKernel rule) {
        return new Scaled(p) {
            @Override
            public void run(float[][] b, int from, int to, int c) {
                rule.apply(b[1], b[0], b[0], from, to, scales[c], low, high);
            }

            @Override
            public void each(float[][] b, int n, float[][] parameters) {
                rule.apply(b[1], b[0], b[0], n, parameters[0], low, high);
            }
        };
    }

    /** The clipped rule on the bits of the gradient in block 0 and of the values in block 1. */
    static OffHeapBlocks.IntLoop clipped(QuantParams p) {
        int[] lowKeys = new int[p.size()];
        int[] highKeys = new int[p.size()];
        for (int c = 0; c < lowKeys.length; c++) {
            lowKeys[c] = ClippedBits.lowKey((float) p.lowestStep() * p.scale(c));
            highKeys[c] = ClippedBits.highKey((float) p.highestStep() * p.scale(c));
        }
        return within(lowKeys, highKeys);
    }

    /** The gradient in block 0 where the value in block 1 lies in the range of its scale. */
    static OffHeapBlocks.IntLoop clippedToRange(QuantParams p, boolean rectified) {
        Grid grid = Grid.of(p);
        int[] lowKeys = new int[p.size()];
        int[] highKeys = new int[p.size()];
        for (int c = 0; c < lowKeys.length; c++) {
            int lowKey = RangeClipped.lowKey(grid, p.scale(c));
            lowKeys[c] = rectified ? Math.max(Rectifier.lowKey(), lowKey) : lowKey;
            highKeys[c] = RangeClipped.highKey(grid, p.scale(c));
        }
        return within(lowKeys, highKeys);
    }

    /** The gradient in block 0 where the value in block 1 lies between two keys. */
    static OffHeapBlocks.IntLoop within(int lowKey, int highKey) {
        return within(new int[] {lowKey}, new int[] {highKey});
    }

    private static OffHeapBlocks.IntLoop within(int[] lowKeys, int[] highKeys) {
        for (int c = 0; c < lowKeys.length; c++) {
            if (highKeys[c] < lowKeys[c]) {
                // Nothing lies between, as behind a ReLU with a range below zero; no number has
                // this.
                lowKeys[c] = Integer.MIN_VALUE;
                highKeys[c] = Integer.MIN_VALUE;
            }
        }
        return new OffHeapBlocks.IntLoop() {
            @Override
            public void run(int[][] b, int from, int to, int c) {
                ClippedBits.apply(b[1], b[0], b[0], from, to, lowKeys[c], highKeys[c]);
            }

            @Override
            public int[][] rows() {
                return new int[][] {lowKeys, highKeys};
            }

            @Override
            public void each(int[][] b, int n, int[][] parameters) {
                ClippedBits.apply(b[1], b[0], b[0], n, parameters[0], parameters[1]);
            }
        };
    }

    /** Requantization of the accumulators in block 0. */
    static OffHeapBlocks.FloatLoop requantize(int[] bias, Requantizer r, QuantParams output) {
        return RequantizeKernel.isExactFor(bias, r)
                ? requantizeInFloat(bias, r, output)
                : requantizeInInts(bias, r, output);
    }

    private static OffHeapBlocks.FloatLoop requantizeInFloat(
            int[] bias, Requantizer r, QuantParams output) {
        float[] biases = new float[bias.length];
        float[] factors = new float[bias.length];
        for (int c = 0; c < bias.length; c++) {
            biases[c] = bias[c];
            factors[c] = r.factor(c);
        }
        float scale = output.scale();
        float low = r.low() - r.zeroPoint();
        float high = r.high() - r.zeroPoint();
        return new OffHeapBlocks.FloatLoop() {
            @Override
            public void run(float[][] b, int from, int to, int c) {
                RequantizeKernel.requantize(
                        b[0], b[0], from, to, biases[c], factors[c], scale, low, high);
            }

            @Override
            public float[][] rows() {
                return new float[][] {biases, factors};
            }

            @Override
            public void each(float[][] b, int n, float[][] parameters) {
                RequantizeKernel.requantize(
                        b[0], b[0], n, parameters[0], parameters[1], scale, low, high);
            }
        };
    }

    private static OffHeapBlocks.FloatLoop requantizeInInts(
            int[] bias, Requantizer r, QuantParams output) {
        float scale = output.scale();
        int zero = output.zeroPoint();
        return (b, from, to, c) -> {
            float[] acc = b[0];
            int channelBias = bias[c];
            for (int i = from; i < to; i++) {
                acc[i] = (r.apply((int) acc[i] + channelBias, c) - zero) * scale;
            }
        };
    }
}
