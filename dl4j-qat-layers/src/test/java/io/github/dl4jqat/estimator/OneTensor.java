package io.github.dl4jqat.estimator;

import io.github.dl4jqat.ops.QuantizerPass;
import io.github.dl4jqat.ops.TensorKernels;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.QuantSpec;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** A tensor under an estimator without learned parameters; its range is its own. */
record OneTensor(
        GradientEstimator estimator, QuantSpec spec, TensorRole role, int axis, Moment moment) {

    static OneTensor weights(GradientEstimator estimator, QuantSpec spec, int axis) {
        return new OneTensor(estimator, spec, TensorRole.WEIGHT, axis, Moment.training(0, 0));
    }

    OneTensor axis(int other) {
        return new OneTensor(estimator, spec, role, other, moment);
    }

    OneTensor at(Moment other) {
        return new OneTensor(estimator, spec, role, axis, other);
    }

    QuantizerPass pass(INDArray x) {
        estimator.requireServes(spec, role);
        return QuantizerPass.of(
                estimator,
                spec,
                role,
                axis,
                QuantizerPass.values(
                        estimator,
                        spec,
                        role,
                        axis,
                        x,
                        new double[estimator.parameters(spec, role).size()][]),
                () -> observed(x),
                null,
                moment);
    }

    private QuantParams observed(INDArray x) {
        TensorKernels.Ranges r = TensorKernels.ranges(x, spec.granularity(), axis);
        return QuantParams.fromRanges(spec, r.min(), r.max(), null);
    }

    INDArray forward(INDArray x) {
        INDArray y = x.ulike();
        pass(x).forward(x, y);
        return y;
    }

    INDArray levels(INDArray x) {
        INDArray y = x.ulike();
        pass(x).levels(x, y);
        return y;
    }

    INDArray backward(INDArray x, INDArray grad) {
        INDArray dx = x.ulike();
        pass(x).backward(x, grad, dx);
        return dx;
    }

    /** The gradient where that of each quantized value is 1. */
    INDArray slopes(INDArray x) {
        return backward(x, Nd4j.ones(x.dataType(), x.shape()));
    }

    double[] forward(double... x) {
        return forward(Nd4j.createFromArray(x)).toDoubleVector();
    }

    double[] levels(double... x) {
        return levels(Nd4j.createFromArray(x)).toDoubleVector();
    }

    double[] slopes(double... x) {
        return slopes(Nd4j.createFromArray(x)).toDoubleVector();
    }
}
