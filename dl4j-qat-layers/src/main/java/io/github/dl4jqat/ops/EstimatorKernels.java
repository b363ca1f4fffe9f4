package io.github.dl4jqat.ops;

import io.github.dl4jqat.kernels.BackwardKernel;
import io.github.dl4jqat.kernels.EstimatorKernel;
import io.github.dl4jqat.kernels.KernelRun;
import io.github.dl4jqat.kernels.RangeClipped;
import io.github.dl4jqat.kernels.TensorStatistics;
import io.github.dl4jqat.quant.Granularity;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.QuantSpec;
import io.github.dl4jqat.quant.Symmetry;
import java.util.Arrays;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The loops of gradient estimators on whole arrays; the counterpart of {@link TensorKernels} for
 * methods that do more than round and mask. Arrays as there. What a kernel does not have of its own
 * runs in the faster loops of {@link TensorKernels}, with the same bits.
 *
 * <p>Stateless and thread-safe; long arrays are split over the cores.
 */
public final class EstimatorKernels {

    private EstimatorKernels() {}

    /**
     * What training computes with.
     *
     * @param values of the quantizer's parameters, {@code [parameter][scale]}
     */
    public static void forward(
            INDArray x,
            INDArray y,
            QuantParams p,
            double[][] values,
            int axis,
            EstimatorKernel kernel) {
        if (kernel.rounds() && !midRise(p)) {
            TensorKernels.fakeQuantize(x, y, p, axis);
        } else {
            run(EstimatorPass.Form.FORWARD, x, null, y, p, values, axis, kernel, false);
        }
    }

    /** {@link #forward} of {@code max(x, 0)}. */
    static void rectifiedForward(
            INDArray x,
            INDArray y,
            QuantParams p,
            double[][] values,
            int axis,
            EstimatorKernel kernel) {
        if (RectifiedKernels.rounds(p, kernel)) {
            RectifiedKernels.fakeQuantize(x, y, p);
        } else {
            run(EstimatorPass.Form.FORWARD, x, null, y, p, values, axis, kernel, true);
        }
    }

    /** {@link #backward} through a ReLU in front of the quantizer. */
    static double[][] rectifiedBackward(
            INDArray x,
            INDArray grad,
            INDArray dx,
            QuantParams p,
            double[][] values,
            int axis,
            EstimatorKernel kernel) {
        if (kernel instanceof BackwardKernel rule && p.size() == 1) {
            RectifiedKernels.backward(x, grad, dx, p, rule);
            return new double[values.length][p.size()];
        }
        return passed(x, grad, dx, p, values, axis, kernel, true);
    }

    /** Whole numbers of steps: what evaluation and the integer model use. */
    public static void levels(
            INDArray x,
            INDArray y,
            QuantParams p,
            double[][] values,
            int axis,
            EstimatorKernel kernel) {
        if (kernel.rounds() && !midRise(p)) {
            TensorKernels.steps(x, y, p, axis);
        } else {
            run(EstimatorPass.Form.LEVELS, x, null, y, p, values, axis, kernel, false);
        }
    }

    /**
     * {@code dx} from the gradient of the quantized value. {@code grad} and {@code dx} may be the
     * same array.
     *
     * @return the gradients of the parameters, {@code [parameter][scale]}
     */
    public static double[][] backward(
            INDArray x,
            INDArray grad,
            INDArray dx,
            QuantParams p,
            double[][] values,
            int axis,
            EstimatorKernel kernel) {
        if (kernel instanceof BackwardKernel rule) {
            TensorKernels.backward(x, grad, dx, p, axis, rule);
            return new double[values.length][p.size()];
        }
        return passed(x, grad, dx, p, values, axis, kernel, false);
    }

    private static double[][] passed(
            INDArray x,
            INDArray grad,
            INDArray dx,
            QuantParams p,
            double[][] values,
            int axis,
            EstimatorKernel kernel,
            boolean rectified) {
        boolean onBits =
                kernel instanceof RangeClipped rule
                        && rule.clips()
                        && dx.dataType() == DataType.FLOAT
                        && p.lowestStep() <= 0;
        if (!onBits) {
            return run(
                    EstimatorPass.Form.BACKWARD, x, grad, dx, p, values, axis, kernel, rectified);
        }
        TensorKernels.clipToRange(x, grad, dx, p, axis, rectified);
        return new double[values.length][p.size()];
    }

    /** {@code y} = the scale of each element. */
    public static void scales(INDArray y, QuantParams p, int axis) {
        EstimatorKernel scale = new ScaleOfElement();
        run(EstimatorPass.Form.FORWARD, y, null, y, p, new double[0][], axis, scale, false);
    }

    /** Not an estimator; writes the scale, whatever the value. */
    private static final class ScaleOfElement implements EstimatorKernel {
        @Override
        public void forward(KernelRun run) {
            Arrays.fill(run.out, run.from, run.to, run.scale);
        }

        @Override
        public void backward(KernelRun run) {
            throw new AssertionError("forward only");
        }
    }

    /** The values of an array by scale, copied to the heap. */
    public static TensorStatistics statistics(INDArray x, QuantSpec spec, int axis) {
        Granularity granularity = spec.granularity();
        INDArray dense = DenseArrays.of(x, granularity, axis);
        if (granularity.kind() == Granularity.Kind.PER_CHANNEL) {
            dense = DenseArrays.channelsAsRuns(dense, axis);
        }
        DenseLayout layout = DenseArrays.layout(dense, granularity, axis);
        double[] all = inMemoryOrder(dense);
        double[][] rows = new double[layout.scales()][];
        int row = 0;
        for (int channel = 0; channel < layout.channels(); channel++) {
            int start = Math.toIntExact(channel * layout.inner());
            int end = Math.toIntExact(start + layout.inner());
            int step = layout.group() == 0 ? end - start : layout.group();
            for (int from = start; from < end; from += step) {
                rows[row++] = Arrays.copyOfRange(all, from, Math.min(end, from + step));
            }
        }
        return new TensorStatistics(rows);
    }

    private static double[] inMemoryOrder(INDArray dense) {
        INDArray target = DenseLayout.emptyLike(dense).assign(dense);
        double[] values = new double[Math.toIntExact(target.length())];
        if (target.dataType() == DataType.DOUBLE) {
            new org.bytedeco.javacpp.DoublePointer(target.data().pointer())
                    .position(target.offset())
                    .get(values);
        } else {
            float[] floats = new float[values.length];
            new org.bytedeco.javacpp.FloatPointer(target.data().pointer())
                    .position(target.offset())
                    .get(floats);
            for (int i = 0; i < floats.length; i++) {
                values[i] = floats[i];
            }
        }
        return values;
    }

    private static boolean midRise(QuantParams p) {
        return p.spec().symmetry() == Symmetry.MID_RISE;
    }

    private static double[][] run(
            EstimatorPass.Form form,
            INDArray x,
            INDArray grad,
            INDArray y,
            QuantParams p,
            double[][] values,
            int axis,
            EstimatorKernel kernel,
            boolean rectified) {
        requireSameShapes(x, grad == null ? x : grad, y);
        Granularity granularity = p.spec().granularity();
        DenseArrays.checkScales(y, p.size(), granularity, axis);
        EstimatorPass pass = new EstimatorPass(form, kernel, p, values, rectified);
        if (y.isEmpty()) {
            return pass.sums();
        }
        INDArray target = DenseArrays.of(y, granularity, axis);
        if (kernel.ordered()) {
            target = DenseArrays.channelsAsRuns(target, axis);
        }
        INDArray before = x == y ? target : DenseArrays.like(x, target);
        INDArray gradient =
                grad == null ? null : grad == y ? target : DenseArrays.like(grad, target);
        pass.run(
                before,
                gradient,
                target,
                DenseArrays.layout(target, granularity, axis),
                target.rank() == 0 ? 1 : target.length() / target.size(axis));
        if (target != y) {
            y.assign(target);
        }
        return pass.sums();
    }

    private static void requireSameShapes(INDArray x, INDArray grad, INDArray y) {
        if (!Arrays.equals(x.shape(), y.shape()) || !Arrays.equals(grad.shape(), y.shape())) {
            throw new IllegalArgumentException(
                    "Fake quantization: shapes "
                            + Arrays.toString(x.shape())
                            + ", "
                            + Arrays.toString(grad.shape())
                            + " and "
                            + Arrays.toString(y.shape())
                            + " differ");
        }
    }
}
