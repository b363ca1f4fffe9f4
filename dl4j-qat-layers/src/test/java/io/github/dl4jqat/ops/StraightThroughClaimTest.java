package io.github.dl4jqat.ops;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.dl4jqat.estimator.GradientEstimator;
import io.github.dl4jqat.estimator.GradientEstimators;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.Quantizers;
import java.util.Collections;
import java.util.Scanner;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.Conv2DConfig;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.PaddingMode;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Under the identity estimator a loss that is linear in the quantized weights has a gradient in
 * which the weights do not occur, so the number of bits cannot matter.
 */
final class StraightThroughClaimTest {

    /** The gradient of the sum (or sum of squares) of a 3x3 convolution of 1..16. */
    private static INDArray weightGradient(
            int bits, int stride, int padding, boolean squared, GradientEstimator rule) {
        SameDiff sd = SameDiff.create();
        SDVariable x =
                sd.constant("x", Nd4j.linspace(1, 16, 16, DataType.FLOAT).reshape(1, 1, 4, 4));
        SDVariable w = sd.var("w", Nd4j.linspace(-0.9, 1.1, 9, DataType.FLOAT).reshape(3, 3, 1, 1));
        QuantParams p = QuantParams.fromRange(Quantizers.intPerTensor(bits), -0.6f, 0.6f);
        SDVariable y =
                sd.cnn()
                        .conv2d(
                                x,
                                FakeQuantize.apply(sd, w, p, 0, rule),
                                Conv2DConfig.builder()
                                        .kH(3)
                                        .kW(3)
                                        .sH(stride)
                                        .sW(stride)
                                        .pH(padding)
                                        .pW(padding)
                                        .paddingMode(PaddingMode.VALID)
                                        .dataFormat("NCHW")
                                        .build());
        (squared ? y.mul(y) : y).sum().rename("loss");
        sd.setLossVariables("loss");
        return sd.calculateGradients(Collections.emptyMap(), "w").get("w").reshape(3, 3);
    }

    @ParameterizedTest(name = "stride {0}, padding {1}")
    @CsvSource({
        "1, 0, '14 18 22 30 34 38 46 50 54'",
        "3, 1, '11 21 10 18 34 16 7 13 6'",
    })
    void the_gradient_of_a_linear_loss_is_the_same_at_2_and_8_bits(
            int stride, int padding, String numbers) {
        INDArray expected = Nd4j.create(DataType.FLOAT, 3, 3);
        int i = 0;
        for (Scanner scanner = new Scanner(numbers); scanner.hasNextInt(); i++) {
            expected.putScalar(i, scanner.nextInt());
        }

        for (int bits : new int[] {2, 8}) {
            assertThat(weightGradient(bits, stride, padding, false, GradientEstimators.identity()))
                    .isEqualTo(expected);
        }
    }

    @Test
    void the_gradient_of_a_squared_loss_depends_on_the_bits() {
        assertThat(weightGradient(2, 1, 0, true, GradientEstimators.identity()))
                .isNotEqualTo(weightGradient(8, 1, 0, true, GradientEstimators.identity()));
    }

    @Test
    void the_clipped_rule_stops_weights_beyond_the_range() {
        INDArray gradient = weightGradient(8, 1, 0, false, GradientEstimators.clipped());

        assertThat(gradient.getFloat(0, 0)).isZero();
        assertThat(gradient.getFloat(2, 2)).isZero();
        assertThat(gradient.getFloat(1, 1)).isEqualTo(34f);
    }
}
