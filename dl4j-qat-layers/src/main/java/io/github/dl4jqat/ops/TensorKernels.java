package io.github.dl4jqat.ops;

import io.github.dl4jqat.kernels.BackwardKernel;
import io.github.dl4jqat.kernels.ClippedBackward;
import io.github.dl4jqat.kernels.FakeQuantKernel;
import io.github.dl4jqat.kernels.IdentityBackward;
import io.github.dl4jqat.kernels.RangeKernel;
import io.github.dl4jqat.kernels.Rectifier;
import io.github.dl4jqat.quant.Granularity;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.Requantizer;
import io.github.dl4jqat.quant.Symmetry;
import java.util.Arrays;
import java.util.concurrent.atomic.LongAdder;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Fake quantization of whole arrays. FLOAT and DOUBLE arrays of any shape, order and offset are
 * worked on where they lie; a view with gaps, or another floating type, goes through a copy. {@code
 * axis} is the channel axis and is not looked at for a per-tensor spec. Source and target of a
 * method have the same shape and may be the same array.
 *
 * <p>Stateless and thread-safe; long arrays are split over the cores.
 */
public final class TensorKernels {

    private static final double[][] NO_VALUES = {};

    private TensorKernels() {}

    /** Smallest and largest finite value of each channel; {@code max < min} where there is none. */
    @SuppressWarnings("ArrayRecordComponent") // two results in one, not a value to compare
    public record Ranges(float[] min, float[] max) {}

    /** {@code y = (clamp(rint(x / scale) + zeroPoint) - zeroPoint) * scale}. */
    public static void fakeQuantize(INDArray x, INDArray y, QuantParams p, int axis) {
        if (p.spec().symmetry() == Symmetry.MID_RISE) {
            EstimatorKernels.forward(x, y, p, NO_VALUES, axis, IdentityBackward.INSTANCE);
            return;
        }
        float low = p.lowestStep();
        float high = p.highestStep();
        run(
                new INDArray[] {x},
                y,
                p.spec().granularity(),
                axis,
                p.size(),
                StepLoops.fakeQuantize(p),
                (b, from, to, c) ->
                        FakeQuantKernel.fakeQuantize(b[0], b[0], from, to, p.scale(c), low, high));
    }

    /** {@code y = clamp(rint(x / scale) + zeroPoint) - zeroPoint}, whole numbers in x's type. */
    public static void steps(INDArray x, INDArray y, QuantParams p, int axis) {
        if (p.spec().symmetry() == Symmetry.MID_RISE) {
            EstimatorKernels.levels(x, y, p, NO_VALUES, axis, IdentityBackward.INSTANCE);
            return;
        }
        float low = p.lowestStep();
        float high = p.highestStep();
        run(
                new INDArray[] {x},
                y,
                p.spec().granularity(),
                axis,
                p.size(),
                StepLoops.steps(p),
                (b, from, to, c) ->
                        FakeQuantKernel.steps(b[0], b[0], from, to, p.scale(c), low, high));
    }

    /**
     * {@link #steps} of an array that should already lie on the grid.
     *
     * @return how many elements do not
     */
    public static long stepsOnGrid(INDArray x, INDArray y, QuantParams p) {
        float low = p.lowestStep();
        float high = p.highestStep();
        float scale = p.scale();
        LongAdder off = new LongAdder();
        run(
                new INDArray[] {x, x},
                y,
                p.spec().granularity(),
                0,
                1,
                (b, from, to, c) -> {
                    FakeQuantKernel.steps(b[0], b[0], from, to, scale, low, high);
                    int bad = 0;
                    for (int i = from; i < to; i++) {
                        bad += b[0][i] * scale != b[1][i] ? 1 : 0;
                    }
                    off.add(bad);
                },
                (b, from, to, c) -> {
                    FakeQuantKernel.steps(b[0], b[0], from, to, scale, low, high);
                    int bad = 0;
                    for (int i = from; i < to; i++) {
                        bad += b[0][i] * (double) scale != b[1][i] ? 1 : 0;
                    }
                    off.add(bad);
                });
        return off.sum();
    }

    /**
     * {@code dx} from the gradient of the quantized value, by the estimator's rule. {@code x}, or
     * {@code grad}, and {@code dx} may be the same array.
     */
    public static void backward(
            INDArray x, INDArray grad, INDArray dx, QuantParams p, int axis, BackwardKernel rule) {
        float low = p.lowestStep();
        float high = p.highestStep();
        Granularity granularity = p.spec().granularity();
        OffHeapBlocks.DoubleLoop doubles =
                (b, from, to, c) -> rule.apply(b[1], b[0], b[0], from, to, p.scale(c), low, high);
        Job job = prepare(new INDArray[] {grad, x}, dx, granularity, axis, p.size());
        if (job == null || (rule instanceof IdentityBackward && grad == dx)) {
            return;
        }
        if (rule instanceof IdentityBackward) {
            // The values do not matter, so they are not even read.
            INDArray[] gradOnly = {job.sources[0]};
            DenseLayout whole = DenseLayout.whole(job.target);
            dispatch(gradOnly, job.target, whole, (b, from, to, c) -> {}, (b, from, to, c) -> {});
        } else if (rule instanceof ClippedBackward && job.target.dataType() == DataType.FLOAT) {
            OffHeapBlocks.bits(job.sources, job.target, job.layout, StepLoops.clipped(p));
        } else {
            dispatch(job.sources, job.target, job.layout, StepLoops.backward(p, rule), doubles);
        }
        job.finish();
    }

    /** {@link #backward} of FLOAT arrays by the rule of {@code RangeClipped} kernels. */
    static void clipToRange(
            INDArray x, INDArray grad, INDArray dx, QuantParams p, int axis, boolean rectified) {
        INDArray[] inputs = {grad, x};
        Job job = prepare(inputs, dx, p.spec().granularity(), axis, p.size());
        if (job != null) {
            OffHeapBlocks.bits(
                    job.sources, job.target, job.layout, StepLoops.clippedToRange(p, rectified));
            job.finish();
        }
    }

    /** The ranges of an array, one for each scale that the granularity asks for. */
    public static Ranges ranges(INDArray x, Granularity granularity, int axis) {
        return ranges(x, granularity, axis, false);
    }

    /** The same of what a ReLU makes of the array. */
    public static Ranges rectifiedRanges(INDArray x, Granularity granularity, int axis) {
        return ranges(x, granularity, axis, true);
    }

    private static Ranges ranges(INDArray x, Granularity granularity, int axis, boolean rectified) {
        INDArray dense = DenseArrays.of(x, granularity, axis);
        DenseLayout layout = DenseArrays.layout(dense, granularity, axis);
        if (layout.scales() == 1
                && dense.dataType() == DataType.FLOAT
                && dense.length() > OffHeapBlocks.BLOCK) {
            float[] all = RangeWorker.of(dense);
            if (Float.isFinite(all[0]) && Float.isFinite(all[1])) {
                float zero = rectified ? 0 : Float.NEGATIVE_INFINITY;
                return new Ranges(
                        new float[] {Math.max(all[0], zero)}, new float[] {Math.max(all[1], zero)});
            }
        }
        float[] min = new float[layout.scales()];
        float[] max = new float[layout.scales()];
        Arrays.fill(min, Float.POSITIVE_INFINITY);
        Arrays.fill(max, Float.NEGATIVE_INFINITY);
        Object lock = new Object();
        OffHeapBlocks.FloatLoop floats =
                (b, from, to, c) -> {
                    float[] range = {Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY};
                    if (rectified) {
                        Rectifier.apply(b[0], from, to);
                    }
                    RangeKernel.widen(b[0], from, to, range);
                    widen(lock, min, max, c, range);
                };
        OffHeapBlocks.DoubleLoop doubles =
                (b, from, to, c) -> {
                    float[] range = {Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY};
                    if (rectified) {
                        Rectifier.apply(b[0], from, to);
                    }
                    RangeKernel.widen(b[0], from, to, range);
                    widen(lock, min, max, c, range);
                };
        if (!dense.isEmpty()) {
            dispatch(new INDArray[] {dense}, null, layout, floats, doubles);
        }
        return new Ranges(min, max);
    }

    private static void widen(Object lock, float[] min, float[] max, int c, float[] range) {
        synchronized (lock) {
            min[c] = Math.min(min[c], range[0]);
            max[c] = Math.max(max[c], range[1]);
        }
    }

    /**
     * From accumulators to real values on the output's grid: {@code y = (requantize(acc + bias[c])
     * - zeroPoint) * scale}. The accumulators are whole numbers; with their bias they fit an int.
     *
     * @param bias one int for each channel of {@code axis}
     */
    public static void requantize(
            INDArray acc, INDArray y, int[] bias, Requantizer r, QuantParams output, int axis) {
        double scale = output.scale();
        int zero = output.zeroPoint();
        run(
                new INDArray[] {acc},
                y,
                Granularity.perChannel(),
                axis,
                bias.length,
                StepLoops.requantize(bias, r, output),
                (b, from, to, c) -> {
                    for (int i = from; i < to; i++) {
                        b[0][i] = (r.apply((int) b[0][i] + bias[c], c) - zero) * scale;
                    }
                });
    }

    /**
     * {@code y = values[q - qMin]} for an array on the grid of {@code input}; NaN is taken for
     * zero.
     *
     * @param values one for each integer from {@code qMin} to {@code qMax}
     */
    public static void lookup(INDArray x, INDArray y, QuantParams input, double[] values) {
        float scale = input.scale();
        int low = input.lowestStep();
        int high = input.highestStep();
        if (values.length != high - low + 1) {
            throw new IllegalArgumentException(
                    "TensorKernels.lookup: "
                            + values.length
                            + " values for the "
                            + (high - low + 1)
                            + " integers of "
                            + input);
        }
        float[] floats = new float[values.length];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = (float) values[i];
        }
        run(
                new INDArray[] {x},
                y,
                Granularity.perTensor(),
                0,
                1,
                (b, from, to, c) -> {
                    FakeQuantKernel.steps(b[0], b[0], from, to, scale, low, high);
                    for (int i = from; i < to; i++) {
                        b[0][i] = floats[(int) b[0][i] - low];
                    }
                },
                (b, from, to, c) -> {
                    FakeQuantKernel.steps(b[0], b[0], from, to, scale, low, high);
                    for (int i = from; i < to; i++) {
                        b[0][i] = values[(int) b[0][i] - low];
                    }
                });
    }

    /** Arrays that the loops can work on, and the array that the caller wants filled. */
    @SuppressWarnings("ArrayRecordComponent") // lives for one call
    record Job(INDArray[] sources, INDArray target, INDArray output, DenseLayout layout) {

        void finish() {
            if (target != output) {
                output.assign(target);
            }
        }
    }

    static void run(
            INDArray[] inputs,
            INDArray output,
            Granularity granularity,
            int axis,
            int scales,
            OffHeapBlocks.FloatLoop floats,
            OffHeapBlocks.DoubleLoop doubles) {
        Job job = prepare(inputs, output, granularity, axis, scales);
        if (job != null) {
            dispatch(job.sources, job.target, job.layout, floats, doubles);
            job.finish();
        }
    }

    /** Null where there is nothing to do. */
    static Job prepare(
            INDArray[] inputs, INDArray output, Granularity granularity, int axis, int scales) {
        for (INDArray input : inputs) {
            if (!Arrays.equals(input.shape(), output.shape())) {
                throw new IllegalArgumentException(
                        "Fake quantization: shapes "
                                + Arrays.toString(input.shape())
                                + " and "
                                + Arrays.toString(output.shape())
                                + " differ");
            }
        }
        DenseArrays.checkScales(output, scales, granularity, axis);
        if (output.isEmpty()) {
            return null;
        }
        INDArray target = DenseArrays.of(output, granularity, axis);
        INDArray[] sources = new INDArray[inputs.length];
        for (int j = 0; j < sources.length; j++) {
            sources[j] = inputs[j] == output ? target : DenseArrays.like(inputs[j], target);
        }
        return new Job(sources, target, output, DenseArrays.layout(target, granularity, axis));
    }

    static void dispatch(
            INDArray[] sources,
            INDArray target,
            DenseLayout layout,
            OffHeapBlocks.FloatLoop floats,
            OffHeapBlocks.DoubleLoop doubles) {
        if (sources[0].dataType() == DataType.DOUBLE) {
            OffHeapBlocks.doubles(sources, target, layout, doubles);
        } else {
            OffHeapBlocks.floats(sources, target, layout, floats);
        }
    }
}
