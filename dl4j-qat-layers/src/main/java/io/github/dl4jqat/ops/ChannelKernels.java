package io.github.dl4jqat.ops;

import io.github.dl4jqat.quant.Granularity;
import java.util.Arrays;
import java.util.function.IntFunction;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Sums and linear maps by channel, as batch normalization needs them. Everything is computed in
 * doubles whatever the arrays hold; sums are taken in an order that depends on the number of cores
 * and on nothing else, so that a training repeats itself bit for bit. {@code axis} is the channel
 * axis. Arrays of any order; a view with gaps goes through a copy.
 *
 * <p>Stateless and thread-safe; long arrays are split over the cores.
 */
public final class ChannelKernels {

    private static final int ARRAYS = 2;

    private static final ThreadLocal<double[][]> BLOCKS =
            ThreadLocal.withInitial(() -> new double[ARRAYS][OffHeapBlocks.BLOCK]);
    private static final ThreadLocal<float[]> FLOATS =
            ThreadLocal.withInitial(() -> new float[OffHeapBlocks.BLOCK]);

    private ChannelKernels() {}

    /**
     * Mean and variance of each channel, the variance divided by the number of elements.
     *
     * @param mean one for each channel
     * @param variance one for each channel
     */
    @SuppressWarnings("ArrayRecordComponent") // two results in one, not a value to compare
    public record Moments(double[] mean, double[] variance) {}

    /** The moments of an array, in two passes. */
    public static Moments moments(INDArray x, int axis) {
        double[] mean = sums(x, axis);
        double n = Math.max(1, x.length() / Math.max(1, mean.length));
        for (int c = 0; c < mean.length; c++) {
            mean[c] /= n;
        }
        double[] variance =
                reduce(
                        x,
                        null,
                        axis,
                        (block, from, to, c) -> {
                            double[] values = block[0];
                            double center = mean[c];
                            double sum = 0;
                            for (int i = from; i < to; i++) {
                                sum += (values[i] - center) * (values[i] - center);
                            }
                            return sum;
                        });
        for (int c = 0; c < variance.length; c++) {
            variance[c] /= n;
        }
        return new Moments(mean, variance);
    }

    /** The sum of each channel. */
    public static double[] sums(INDArray x, int axis) {
        return reduce(
                x,
                null,
                axis,
                (block, from, to, c) -> {
                    double[] values = block[0];
                    double sum = 0;
                    for (int i = from; i < to; i++) {
                        sum += values[i];
                    }
                    return sum;
                });
    }

    /** The sum of {@code x * y} of each channel; both have the same shape. */
    public static double[] dots(INDArray x, INDArray y, int axis) {
        return reduce(
                x,
                y,
                axis,
                (block, from, to, c) -> {
                    double[] left = block[0];
                    double[] right = block[1];
                    double sum = 0;
                    for (int i = from; i < to; i++) {
                        sum += left[i] * right[i];
                    }
                    return sum;
                });
    }

    /** {@code y = a[c] * x + b[c]}; may be in place. */
    public static void affine(INDArray x, double[] a, double[] b, INDArray y, int axis) {
        map(
                x,
                null,
                y,
                a.length,
                axis,
                (block, from, to, c) -> {
                    double[] values = block[0];
                    double factor = a[c];
                    double shift = b[c];
                    for (int i = from; i < to; i++) {
                        values[i] = factor * values[i] + shift;
                    }
                });
    }

    /** {@code y = a[c] * x}; may be in place. */
    public static void scale(INDArray x, double[] a, INDArray y, int axis) {
        affine(x, a, new double[a.length], y, axis);
    }

    /** {@code x} no larger in magnitude than {@code bound[c]}, in place. */
    public static void clamp(INDArray x, double[] bound, int axis) {
        map(
                x,
                null,
                x,
                bound.length,
                axis,
                (block, from, to, c) -> {
                    double[] values = block[0];
                    double high = bound[c];
                    for (int i = from; i < to; i++) {
                        values[i] = Math.max(-high, Math.min(high, values[i]));
                    }
                });
    }

    /** Works on {@code block[j][from..to)}, all of channel {@code c}, and leaves it in block 0. */
    private interface Loop {
        void run(double[][] block, int from, int to, int c);
    }

    /** The share of {@code block[j][from..to)}, all of channel {@code c}, in its sum. */
    private interface Sum {
        double of(double[][] block, int from, int to, int c);
    }

    private static double[] reduce(INDArray x, INDArray y, int axis, Sum share) {
        Granularity granularity = Granularity.perChannel();
        INDArray dense = DenseArrays.of(x, granularity, axis);
        INDArray[] inputs =
                y == null
                        ? new INDArray[] {dense}
                        : new INDArray[] {dense, DenseArrays.like(requireSame(x, y), dense)};
        int channels = Math.toIntExact(x.size(axis));
        double[][] parts = new double[OffHeapBlocks.parts()][];
        if (!dense.isEmpty()) {
            overBlocks(
                    dense,
                    axis,
                    inputs,
                    null,
                    part -> {
                        double[] sum = new double[channels];
                        parts[part] = sum;
                        return (block, from, to, c) -> sum[c] += share.of(block, from, to, c);
                    });
        }
        double[] total = new double[channels];
        for (double[] part : parts) {
            for (int c = 0; part != null && c < channels; c++) {
                total[c] += part[c];
            }
        }
        return total;
    }

    private static void map(INDArray x, INDArray y, INDArray out, int n, int axis, Loop loop) {
        Granularity granularity = Granularity.perChannel();
        DenseArrays.checkScales(out, n, granularity, axis);
        requireSame(x, out);
        if (out.isEmpty()) {
            return;
        }
        INDArray target = DenseArrays.of(out, granularity, axis);
        INDArray first = x == out ? target : DenseArrays.like(x, target);
        INDArray[] inputs = {first};
        if (y != null) {
            inputs =
                    new INDArray[] {
                        first, y == out ? target : DenseArrays.like(requireSame(y, out), target)
                    };
        }
        overBlocks(target, axis, inputs, target, part -> loop);
        if (target != out) {
            out.assign(target);
        }
    }

    /** The second, which has to have the shape of the first. */
    private static INDArray requireSame(INDArray x, INDArray y) {
        if (!Arrays.equals(x.shape(), y.shape())) {
            throw new IllegalArgumentException(
                    "ChannelKernels: shapes "
                            + Arrays.toString(x.shape())
                            + " and "
                            + Arrays.toString(y.shape())
                            + " differ");
        }
        return y;
    }

    private static void overBlocks(
            INDArray dense, int axis, INDArray[] inputs, INDArray output, IntFunction<Loop> loops) {
        DenseLayout layout = DenseLayout.ofAxis(dense, axis);
        OffHeapBlocks.overBlocks(
                layout, part -> new Worker(layout, inputs, output, loops.apply(part)));
    }

    /** Reads blocks as doubles, runs a loop over them and writes its results. */
    private static final class Worker extends BlockWorker {
        private final INDArray[] inputs;
        private final INDArray output;
        private final Loop loop;
        private final double[][] block = BLOCKS.get();
        private final float[] floats = FLOATS.get();

        Worker(DenseLayout layout, INDArray[] inputs, INDArray output, Loop loop) {
            super(layout.inner() == 1 && layout.channels() > 1);
            this.inputs = inputs;
            this.output = output;
            this.loop = loop;
        }

        @Override
        void load(long at, int n) {
            for (int j = 0; j < inputs.length; j++) {
                long start = inputs[j].offset() + at;
                if (inputs[j].dataType() == DataType.DOUBLE) {
                    new DoublePointer(inputs[j].data().pointer())
                            .position(start)
                            .get(block[j], 0, n);
                } else {
                    new FloatPointer(inputs[j].data().pointer()).position(start).get(floats, 0, n);
                    for (int i = 0; i < n; i++) {
                        block[j][i] = floats[i];
                    }
                }
            }
        }

        @Override
        void run(int from, int to, int channel) {
            loop.run(block, from, to, channel);
        }

        @Override
        void expand(int from, int to, int channel, int channels) {
            for (int i = from; i < to; i++) {
                loop.run(block, i, i + 1, channel + i - from);
            }
        }

        @Override
        void each(int n) {
            // Done already, where the channels were known.
        }

        @Override
        void store(long at, int n) {
            if (output == null) {
                return;
            }
            long start = output.offset() + at;
            if (output.dataType() == DataType.DOUBLE) {
                new DoublePointer(output.data().pointer()).position(start).put(block[0], 0, n);
            } else {
                for (int i = 0; i < n; i++) {
                    floats[i] = (float) block[0][i];
                }
                new FloatPointer(output.data().pointer()).position(start).put(floats, 0, n);
            }
        }
    }
}
