package io.github.dl4jqat.ops;

import io.github.dl4jqat.estimator.GradientEstimator;
import io.github.dl4jqat.estimator.Moment;
import io.github.dl4jqat.estimator.QuantizerParameter;
import io.github.dl4jqat.estimator.TensorRole;
import io.github.dl4jqat.kernels.EstimatorKernel;
import io.github.dl4jqat.kernels.TensorStatistics;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.QuantSpec;
import java.util.List;
import java.util.function.Supplier;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * One tensor quantized at one moment: the estimator's loops, parameter values and grid, settled.
 * The SameDiff op and the layers both work through this class and so compute the same bits.
 *
 * <p>Not changed after construction; thread-safe.
 */
public final class QuantizerPass {

    private final GradientEstimator estimator;
    private final QuantSpec spec;
    private final TensorRole role;
    private final int axis;
    private final double[][] values;
    private final QuantParams params;
    private final EstimatorKernel kernel;
    private final boolean rectified;

    private QuantizerPass(
            GradientEstimator estimator,
            QuantSpec spec,
            TensorRole role,
            int axis,
            double[][] values,
            QuantParams params,
            EstimatorKernel kernel,
            boolean rectified) {
        this.estimator = estimator;
        this.spec = spec;
        this.role = role;
        this.axis = axis;
        this.values = values;
        this.params = params;
        this.kernel = kernel;
        this.rectified = rectified;
    }

    /**
     * The pass for a tensor.
     *
     * @param axis output channel
     * @param values of the parameters, {@code [parameter][scale]}; see {@link #values}
     * @param observed what the range gives
     * @param floor smallest scale allowed for each channel, or null
     */
    public static QuantizerPass of(
            GradientEstimator estimator,
            QuantSpec spec,
            TensorRole role,
            int axis,
            double[][] values,
            Supplier<QuantParams> observed,
            float[] floor,
            Moment moment) {
        return new QuantizerPass(
                estimator,
                spec,
                role,
                axis,
                values,
                estimator.grid(spec, values, observed).atLeast(floor),
                estimator.kernel(spec, moment),
                false);
    }

    /**
     * The same pass over what a ReLU makes of a tensor, given the tensor in front of the ReLU:
     * {@link #forward} and {@link #backward} do the work of both.
     */
    public QuantizerPass behindRelu() {
        return new QuantizerPass(estimator, spec, role, axis, values, params, kernel, true);
    }

    /**
     * The values of all parameters: those given for the learned ones, the others measured on the
     * tensor.
     *
     * @param learned one row for each learned parameter, in their order; a null row for one that
     *     has no value yet and starts from its measurement
     */
    public static double[][] values(
            GradientEstimator estimator,
            QuantSpec spec,
            TensorRole role,
            int axis,
            INDArray x,
            double[][] learned) {
        return values(
                estimator, spec, role, () -> EstimatorKernels.statistics(x, spec, axis), learned);
    }

    /** The same from the statistics of a tensor, which are asked for if they are needed. */
    public static double[][] values(
            GradientEstimator estimator,
            QuantSpec spec,
            TensorRole role,
            Supplier<TensorStatistics> statistics,
            double[][] learned) {
        List<QuantizerParameter> parameters = estimator.parameters(spec, role);
        double[][] values = new double[parameters.size()][];
        double[][] measured = null;
        for (int j = 0, next = 0; j < values.length; j++) {
            QuantizerParameter parameter = parameters.get(j);
            values[j] = parameter.learned() ? learned[next++] : null;
            if (values[j] == null) {
                if (measured == null) {
                    measured = estimator.measure(statistics.get(), spec, role);
                }
                values[j] = measured[j];
            }
            values[j] = values[j].clone();
            for (int c = 0; c < values[j].length; c++) {
                values[j][c] = parameter.project(values[j][c]);
            }
        }
        return values;
    }

    /** Scale and zero point. */
    public QuantParams params() {
        return params;
    }

    /** The axis of output channels. */
    public int axis() {
        return axis;
    }

    /** The values of the parameters, {@code [parameter][scale]}; not to be changed. */
    public double[][] values() {
        return values;
    }

    /** {@code y} = what training computes with in place of {@code x}. */
    public void forward(INDArray x, INDArray y) {
        if (rectified) {
            EstimatorKernels.rectifiedForward(x, y, params, values, axis, kernel);
        } else {
            EstimatorKernels.forward(x, y, params, values, axis, kernel);
        }
    }

    /** {@code y} = whole numbers of steps. */
    public void levels(INDArray x, INDArray y) {
        EstimatorKernels.levels(x, y, params, values, axis, kernel);
    }

    /**
     * {@code dx} from the gradient of the quantized value; may be in place.
     *
     * @return the gradient of each learned parameter, {@code [learned parameter][scale]}, with the
     *     estimator's factor
     */
    public double[][] backward(INDArray x, INDArray grad, INDArray dx) {
        double[][] sums =
                rectified
                        ? EstimatorKernels.rectifiedBackward(
                                x, grad, dx, params, values, axis, kernel)
                        : EstimatorKernels.backward(x, grad, dx, params, values, axis, kernel);
        List<QuantizerParameter> parameters = estimator.parameters(spec, role);
        int learned = (int) parameters.stream().filter(QuantizerParameter::learned).count();
        double[][] gradients = new double[learned][];
        long sharing =
                role == TensorRole.WEIGHT
                        ? x.length() / params.size()
                        : x.length() / Math.max(1, x.size(0));
        double factor = estimator.gradientFactor(spec, Math.max(1, sharing));
        for (int j = 0, next = 0; j < sums.length; j++) {
            if (parameters.get(j).learned()) {
                for (int c = 0; c < sums[j].length; c++) {
                    sums[j][c] *= factor;
                }
                gradients[next++] = sums[j];
            }
        }
        return gradients;
    }

    /**
     * The same pass over an activation on the heap.
     *
     * @param single whether the tensor is one of floats
     * @param elements how many elements the tensor has
     */
    public HeapPass onHeap(boolean single, long elements) {
        List<QuantizerParameter> parameters = estimator.parameters(spec, role);
        boolean[] learned = new boolean[parameters.size()];
        for (int j = 0; j < learned.length; j++) {
            learned[j] = parameters.get(j).learned();
        }
        return new HeapPass(
                kernel,
                params,
                values,
                learned,
                sharing -> estimator.gradientFactor(spec, sharing),
                single,
                elements);
    }

    /** The loops. */
    public EstimatorKernel kernel() {
        return kernel;
    }
}
