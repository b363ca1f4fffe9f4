package io.github.dl4jqat.ops;

import io.github.dl4jqat.kernels.BackwardKernel;
import io.github.dl4jqat.kernels.FakeQuantKernel;
import io.github.dl4jqat.kernels.RangeKernel;
import io.github.dl4jqat.quant.Granularity;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.Requantizer;
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

    private TensorKernels() {}

    /** Smallest and largest finite value of each channel; {@code max < min} where there is none. */
    public record Ranges(float[] min, float[] max) {}

    /** {@code y = (clamp(rint(x / scale) + zeroPoint) - zeroPoint) * scale}. */
    public static void fakeQuantize(INDArray x, INDArray y, QuantParams p, int axis) {
        float low = p.lowestStep();
        float high = p.highestStep();
        run(
                new INDArray[] {x},
                y,
                p.spec().granularity(),
                axis,
                p.size(),
                (b, from, to, c) ->
                        FakeQuantKernel.fakeQuantize(b[0], b[0], from, to, p.scale(c), low, high),
                (b, from, to, c) ->
                        FakeQuantKernel.fakeQuantize(b[0], b[0], from, to, p.scale(c), low, high));
    }

    /** {@code y = clamp(rint(x / scale) + zeroPoint) - zeroPoint}, whole numbers in x's type. */
    public static void steps(INDArray x, INDArray y, QuantParams p, int axis) {
        float low = p.lowestStep();
        float high = p.highestStep();
        run(
                new INDArray[] {x},
                y,
                p.spec().granularity(),
                axis,
                p.size(),
                (b, from, to, c) ->
                        FakeQuantKernel.steps(b[0], b[0], from, to, p.scale(c), low, high),
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

    /** {@code dx} from the gradient of the quantized value, by the estimator's rule. */
    public static void backward(
            INDArray x, INDArray grad, INDArray dx, QuantParams p, int axis, BackwardKernel rule) {
        float low = p.lowestStep();
        float high = p.highestStep();
        run(
                new INDArray[] {grad, x},
                dx,
                p.spec().granularity(),
                axis,
                p.size(),
                (b, from, to, c) -> rule.apply(b[1], b[0], b[0], from, to, p.scale(c), low, high),
                (b, from, to, c) -> rule.apply(b[1], b[0], b[0], from, to, p.scale(c), low, high));
    }

    /** The ranges of an array, one for each scale that the granularity asks for. */
    public static Ranges ranges(INDArray x, Granularity granularity, int axis) {
        INDArray dense = dense(x, x, granularity, axis);
        DenseLayout layout = layout(dense, granularity, axis);
        float[] min = new float[layout.scales()];
        float[] max = new float[layout.scales()];
        Arrays.fill(min, Float.POSITIVE_INFINITY);
        Arrays.fill(max, Float.NEGATIVE_INFINITY);
        Object lock = new Object();
        OffHeapBlocks.FloatLoop floats =
                (b, from, to, c) -> {
                    float[] range = {Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY};
                    RangeKernel.widen(b[0], from, to, range);
                    widen(lock, min, max, c, range);
                };
        OffHeapBlocks.DoubleLoop doubles =
                (b, from, to, c) -> {
                    float[] range = {Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY};
                    RangeKernel.widen(b[0], from, to, range);
                    widen(lock, min, max, c, range);
                };
        dispatch(new INDArray[] {dense}, null, layout, floats, doubles);
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
     * - zeroPoint) * scale}. The accumulators are whole numbers that fit an int.
     *
     * @param bias one int for each channel of {@code axis}
     */
    public static void requantize(
            INDArray acc, INDArray y, int[] bias, Requantizer r, QuantParams output, int axis) {
        float scale = output.scale();
        int zero = output.zeroPoint();
        run(
                new INDArray[] {acc},
                y,
                Granularity.perChannel(),
                axis,
                bias.length,
                (b, from, to, c) -> {
                    for (int i = from; i < to; i++) {
                        b[0][i] = (r.apply((int) b[0][i] + bias[c], c) - zero) * scale;
                    }
                },
                (b, from, to, c) -> {
                    for (int i = from; i < to; i++) {
                        b[0][i] = (r.apply((int) b[0][i] + bias[c], c) - zero) * (double) scale;
                    }
                });
    }

    /**
     * {@code y = values[q - qMin]} for an array on the grid of {@code input}.
     *
     * @param values one for each integer from {@code qMin} to {@code qMax}
     */
    public static void lookup(INDArray x, INDArray y, QuantParams input, double[] values) {
        float scale = input.scale();
        float low = input.lowestStep();
        float high = input.highestStep();
        run(
                new INDArray[] {x},
                y,
                Granularity.perTensor(),
                0,
                1,
                (b, from, to, c) -> {
                    FakeQuantKernel.steps(b[0], b[0], from, to, scale, low, high);
                    for (int i = from; i < to; i++) {
                        b[0][i] = (float) values[(int) (b[0][i] - low)];
                    }
                },
                (b, from, to, c) -> {
                    FakeQuantKernel.steps(b[0], b[0], from, to, scale, low, high);
                    for (int i = from; i < to; i++) {
                        b[0][i] = values[(int) (b[0][i] - low)];
                    }
                });
    }

    /** Throws where the number of scales does not fit the shape of an array. */
    static void checkScales(INDArray x, QuantParams p, int axis) {
        if (x.isEmpty()) {
            return;
        }
        long expected = 1;
        Granularity granularity = p.spec().granularity();
        if (granularity.kind() != Granularity.Kind.PER_TENSOR) {
            expected = x.size(axis);
        }
        if (granularity.kind() == Granularity.Kind.PER_GROUP) {
            long channel = x.length() / x.size(axis);
            expected *= (channel + granularity.groupSize() - 1) / granularity.groupSize();
        }
        if (p.size() != expected) {
            throw new IllegalArgumentException(
                    "Fake quantization: "
                            + p.size()
                            + " scales for an array of shape "
                            + Arrays.toString(x.shape())
                            + ", which needs "
                            + expected
                            + " ("
                            + granularity
                            + " along axis "
                            + axis
                            + ")");
        }
    }

    private static void run(
            INDArray[] inputs,
            INDArray output,
            Granularity granularity,
            int axis,
            int scales,
            OffHeapBlocks.FloatLoop floats,
            OffHeapBlocks.DoubleLoop doubles) {
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
        if (output.isEmpty()) {
            return;
        }
        INDArray target = dense(output, output, granularity, axis);
        DenseLayout layout = layout(target, granularity, axis);
        if (layout.scales() != scales) {
            throw new IllegalArgumentException(
                    "Fake quantization: "
                            + scales
                            + " scales for an array of shape "
                            + Arrays.toString(output.shape())
                            + ", which has "
                            + layout.scales()
                            + " of "
                            + granularity
                            + " along axis "
                            + axis);
        }
        INDArray[] sources = new INDArray[inputs.length];
        for (int j = 0; j < sources.length; j++) {
            sources[j] = inputs[j] == output ? target : like(inputs[j], target);
        }
        dispatch(sources, target, layout, floats, doubles);
        if (target != output) {
            output.assign(target);
        }
    }

    private static void dispatch(
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

    private static DenseLayout layout(INDArray dense, Granularity granularity, int axis) {
        switch (granularity.kind()) {
            case PER_TENSOR:
                return DenseLayout.whole(dense);
            case PER_CHANNEL:
                return DenseLayout.ofAxis(dense, axis);
            default:
                return DenseLayout.ofAxis(dense, axis).withGroups(granularity.groupSize());
        }
    }

    /** The array itself where the loops can work on it, else a dense FLOAT or DOUBLE copy. */
    private static INDArray dense(
            INDArray array, INDArray orderOf, Granularity granularity, int axis) {
        INDArray floating = array;
        if (array.dataType() != DataType.FLOAT && array.dataType() != DataType.DOUBLE) {
            floating = array.castTo(DataType.FLOAT);
        }
        if (!DenseLayout.isDense(floating)) {
            floating = floating.dup(orderOf.ordering());
        }
        if (granularity.kind() == Granularity.Kind.PER_GROUP
                && !DenseLayout.ofAxis(floating, axis).channelsAreRuns()) {
            int[] axisFirst = new int[array.rank()];
            int[] back = new int[array.rank()];
            axisFirst[0] = axis;
            for (int from = 0, to = 1; from < axisFirst.length; from++) {
                if (from != axis) {
                    axisFirst[to++] = from;
                }
            }
            for (int i = 0; i < back.length; i++) {
                back[axisFirst[i]] = i;
            }
            floating = floating.permute(axisFirst).dup('c').permute(back);
        }
        return floating;
    }

    /** {@code array} with the type and the strides of {@code model}. */
    private static INDArray like(INDArray array, INDArray model) {
        INDArray typed = array.castTo(model.dataType());
        if (DenseLayout.isDense(typed) && sameStrides(typed, model)) {
            return typed;
        }
        return DenseLayout.emptyLike(model).assign(typed);
    }

    private static boolean sameStrides(INDArray a, INDArray b) {
        for (int i = 0; i < a.rank(); i++) {
            if (a.size(i) > 1 && a.stride(i) != b.stride(i)) {
                return false;
            }
        }
        return true;
    }
}
