package io.github.dl4jqat.estimator;

import io.github.dl4jqat.estimator.SoftQuantization.Bounds;
import io.github.dl4jqat.kernels.EstimatorKernel;
import io.github.dl4jqat.kernels.TensorStatistics;
import io.github.dl4jqat.ops.EstimatorKernels;
import io.github.dl4jqat.ops.QuantizerPass;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.QuantSpec;
import io.github.dl4jqat.quant.Quantizers;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Estimators, and what they quantize, for tests that hold for all of them. */
final class Subjects {

    private Subjects() {}

    /** What somebody else may write: a name and a loop, and nothing registered anywhere. */
    record Halved(double share) implements GradientEstimator {
        private static final long serialVersionUID = 1L;

        @Override
        public String name() {
            return "halved";
        }

        @Override
        public EstimatorKernel kernel(QuantSpec spec, Moment moment) {
            return run -> run.each((v, g) -> run.inRange(v) ? g * share : 0);
        }
    }

    /** An estimator with integers and a role that it serves. */
    record Case(GradientEstimator estimator, QuantSpec spec, TensorRole role) {
        @Override
        public String toString() {
            return estimator
                    + ", "
                    + spec.typeName()
                    + " "
                    + spec.granularity().kind()
                    + " "
                    + role;
        }

        EstimatorKernel kernel(Moment moment) {
            return estimator.kernel(spec, moment);
        }

        /** The values of the parameters as a layer would have them at the start. */
        double[][] values(INDArray x, int axis) {
            int learned =
                    (int)
                            estimator.parameters(spec, role).stream()
                                    .filter(QuantizerParameter::learned)
                                    .count();
            return QuantizerPass.values(estimator, spec, role, axis, x, new double[learned][]);
        }

        QuantizerPass pass(INDArray x, int axis, Moment moment) {
            return pass(x, axis, values(x, axis), moment);
        }

        QuantizerPass pass(INDArray x, int axis, double[][] values, Moment moment) {
            return QuantizerPass.of(
                    estimator,
                    spec,
                    role,
                    // Of an activation it is always the examples that are counted by.
                    role == TensorRole.ACTIVATION ? 0 : axis,
                    values,
                    () -> observed(x, spec, axis),
                    null,
                    moment);
        }
    }

    /** Every registered kind with its usual settings, and some with others. */
    static List<GradientEstimator> estimators() {
        List<GradientEstimator> all = new ArrayList<>();
        GradientEstimators.names().forEach(n -> all.add(GradientEstimators.named(n)));
        all.add(new Halved(.5));
        all.add(new LearnedStep(.25, false));
        all.add(new LearnedStepOffset(.25, false));
        all.add(new ParametricClipping(1.5, .5, .25));
        all.add(new SoftQuantization(.3, true, Bounds.LEARNED, null, null, true, .125, .5));
        all.add(new SoftQuantization(.3, false, Bounds.FIXED, null, .75, true, 0, 1));
        all.add(new SoftQuantization(.3, false, Bounds.FIXED, -.5, .75, false, 0, 1));
        all.add(new TanhGradient(2, .75));
        all.add(new PiecewiseLinear(.75, false));
        all.add(new ElementWiseGradientScaling(.5));
        return all;
    }

    /** Each estimator with every spec of a list that it serves. */
    static List<Case> cases() {
        List<Case> all = new ArrayList<>();
        for (GradientEstimator estimator : estimators()) {
            for (int bits : new int[] {1, 2, 4, 8}) {
                if (bits > 1) {
                    add(all, estimator, Quantizers.intPerTensor(bits), TensorRole.WEIGHT);
                    add(all, estimator, Quantizers.intPerChannel(bits), TensorRole.WEIGHT);
                }
                int levels = Math.min(bits, QuantSpec.MAX_MID_RISE_BITS);
                add(all, estimator, Quantizers.midRisePerTensor(levels), TensorRole.WEIGHT);
                add(all, estimator, Quantizers.midRisePerChannel(levels), TensorRole.WEIGHT);
                add(all, estimator, Quantizers.uintPerTensor(bits), TensorRole.ACTIVATION);
            }
            add(all, estimator, Quantizers.int8AffinePerTensor(), TensorRole.ACTIVATION);
        }
        return all;
    }

    private static void add(
            List<Case> all, GradientEstimator estimator, QuantSpec spec, TensorRole role) {
        try {
            estimator.requireServes(spec, role);
        } catch (IllegalArgumentException refused) {
            return;
        }
        all.add(new Case(estimator, spec, role));
    }

    /** Scale and zero point of a tensor's own range. */
    static QuantParams observed(INDArray x, QuantSpec spec, int axis) {
        TensorStatistics tensor = EstimatorKernels.statistics(x, spec, axis);
        float[] smallest = new float[tensor.scales()];
        float[] largest = new float[smallest.length];
        for (int c = 0; c < smallest.length; c++) {
            for (double v : Steps.finite(tensor, c)) {
                smallest[c] = Math.min(smallest[c], (float) v);
                largest[c] = Math.max(largest[c], (float) v);
            }
        }
        return QuantParams.fromRanges(spec, smallest, largest, null);
    }

    /** Normal numbers. */
    static INDArray normal(Random random, DataType type, long... shape) {
        long n = Arrays.stream(shape).reduce(1, Math::multiplyExact);
        double[] values = random.doubles(n).map(unused -> random.nextGaussian()).toArray();
        return Nd4j.createFromArray(values).reshape(shape).castTo(type);
    }

    /** The elements in row-major order; a float's bits tell it apart as a double too. */
    static double[] elements(INDArray array) {
        INDArray wide = array.castTo(DataType.DOUBLE).dup('c');
        return wide.reshape(wide.length()).toDoubleVector();
    }
}
