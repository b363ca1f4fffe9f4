package io.github.dl4jqat.examples;

import io.github.dl4jqat.estimator.GradientEstimators;
import io.github.dl4jqat.ops.FakeQuantize;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.Quantizers;
import java.util.Collections;
import java.util.Map;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.Conv2DConfig;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.PaddingMode;
import org.nd4j.linalg.factory.Nd4j;

/**
 * What the straight-through estimator does, on a 3x3 convolution of the numbers 1 to 16: the
 * weights are quantized on the way forward, and on the way back the gradient passes as if they were
 * not.
 *
 * <ul>
 *   <li>If the loss is the sum of the outputs, its gradient is a sum of inputs. The weights do not
 *       occur in it, so it is the same number for number at 2 and at 8 bits.
 *   <li>If the loss is the sum of squares, the quantized weights do occur, and it is not.
 * </ul>
 *
 * <pre>
 *   java @dl4j-qat-examples/target/qat.args io.github.dl4jqat.examples.StraightThroughDemo
 * </pre>
 */
public final class StraightThroughDemo {

    private static final int COARSE = 2;
    private static final int FINE = 8;

    private StraightThroughDemo() {}

    /**
     * The gradients of the nine weights.
     *
     * @param linearCoarse of the sum, at 2 bits
     * @param linearFine of the sum, at 8 bits
     * @param squaredCoarse of the sum of squares, at 2 bits
     * @param squaredFine of the sum of squares, at 8 bits
     */
    public record Result(
            INDArray linearCoarse,
            INDArray linearFine,
            INDArray squaredCoarse,
            INDArray squaredFine) {

        /** Whether the gradient of the sum is the same at both widths. */
        public boolean linearIsIndependentOfBits() {
            return linearCoarse.equalsWithEps(linearFine, 0);
        }

        /** Whether the gradient of the sum of squares differs. */
        public boolean squaredDependsOnBits() {
            return !squaredCoarse.equalsWithEps(squaredFine, 1e-3);
        }
    }

    /** Shows it. */
    public static void main(String[] args) {
        run(args);
    }

    /** Computes, prints and returns the gradients; takes no arguments. */
    public static Result run(String[] args) {
        Result result =
                new Result(
                        gradient(COARSE, false),
                        gradient(FINE, false),
                        gradient(COARSE, true),
                        gradient(FINE, true));
        System.out.println("loss = sum(y), gradient at 2 bits\n" + result.linearCoarse());
        System.out.println("loss = sum(y), gradient at 8 bits\n" + result.linearFine());
        System.out.println("  the same: " + result.linearIsIndependentOfBits());
        System.out.println("loss = sum(y * y), gradient at 2 bits\n" + result.squaredCoarse());
        System.out.println("loss = sum(y * y), gradient at 8 bits\n" + result.squaredFine());
        System.out.println("  different: " + result.squaredDependsOnBits());
        return result;
    }

    private static INDArray gradient(int bits, boolean squared) {
        SameDiff sd = SameDiff.create();
        SDVariable x =
                sd.constant("x", Nd4j.linspace(1, 16, 16, DataType.FLOAT).reshape(1, 1, 4, 4));
        SDVariable w = sd.var("w", Nd4j.linspace(-0.9, 1.1, 9, DataType.FLOAT).reshape(3, 3, 1, 1));
        QuantParams params = QuantParams.fromRange(Quantizers.intPerTensor(bits), -0.9f, 1.1f);
        SDVariable quantized = FakeQuantize.apply(sd, w, params, 0, GradientEstimators.identity());
        SDVariable y =
                sd.cnn()
                        .conv2d(
                                x,
                                quantized,
                                Conv2DConfig.builder()
                                        .kH(3)
                                        .kW(3)
                                        .sH(1)
                                        .sW(1)
                                        .paddingMode(PaddingMode.VALID)
                                        .dataFormat("NCHW")
                                        .build());
        (squared ? y.mul(y) : y).sum().rename("loss");
        sd.setLossVariables("loss");
        Map<String, INDArray> gradients = sd.calculateGradients(Collections.emptyMap(), "w");
        return gradients.get("w").reshape(3, 3);
    }
}
