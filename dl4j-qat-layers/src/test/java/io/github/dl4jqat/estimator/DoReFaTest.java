package io.github.dl4jqat.estimator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.QuantSpec;
import io.github.dl4jqat.quant.Quantizers;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

final class DoReFaTest {

    private static final double[] W = {-1.2, -0.4, 0.05, 0.3, 0.9};
    private static final double[] SLOPES = {
        0.365882937, 1.026370848, 1.196543691, 1.097741144, 0.584075656
    };

    private static OneTensor weights(boolean keepMagnitude, QuantSpec spec) {
        return OneTensor.weights(new DoReFa(keepMagnitude), spec, 1);
    }

    private static OneTensor activations(QuantSpec spec) {
        return new OneTensor(
                GradientEstimators.dorefa(), spec, TensorRole.ACTIVATION, 0, Moment.training(0, 0));
    }

    @Test
    void two_bits_are_the_papers() {
        OneTensor paper = weights(false, Quantizers.midRisePerTensor(2)).axis(0);
        double third = 1f / 3;

        assertThat(paper.levels(W)).containsExactly(-3, -1, 1, 1, 3);
        assertThat(paper.forward(W))
                .containsExactly(new double[] {-1, -third, third, third, 1}, within(1e-7));
        assertThat(paper.slopes(W)).containsExactly(SLOPES, within(1e-9));
    }

    @Test
    void magnitudes_that_are_kept_multiply_levels_and_gradient() {
        OneTensor kept = weights(true, Quantizers.midRisePerTensor(2)).axis(0);

        assertThat(kept.levels(W)).containsExactly(-3, -1, 1, 1, 3);
        assertThat(kept.forward(W))
                .containsExactly(new double[] {-1.2, -0.4, 0.4, 0.4, 1.2}, within(1e-6));
        double[] slopes = kept.slopes(W);
        for (int i = 0; i < W.length; i++) {
            assertThat(slopes[i]).isCloseTo(1.2 * SLOPES[i], within(2e-9));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void one_bit_is_the_sign_times_the_mean_magnitude(boolean keepMagnitude) {
        OneTensor one = weights(keepMagnitude, Quantizers.binaryPerTensor()).axis(0);

        assertThat(one.forward(0.5, -0.25, 1, -0.25, 0))
                .containsExactly(new double[] {0.4, -0.4, 0.4, -0.4, 0.4}, within(1e-7));
        assertThat(one.slopes(0.5, -25, 0)).containsExactly(1, 1, 1);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 7})
    void many_channels_share_the_magnitude_of_the_tensor(int bits) {
        INDArray w =
                Nd4j.createFromArray(new float[][] {{-1.2f, 0.05f}, {-0.4f, 0.3f}, {0.9f, -0.6f}});
        OneTensor one = weights(false, Quantizers.midRisePerTensor(bits));
        OneTensor each = weights(false, Quantizers.midRisePerChannel(bits));

        assertThat(each.forward(w)).isEqualTo(one.forward(w));
        assertThat(each.slopes(w)).isEqualTo(one.slopes(w));
        assertThat(each.pass(w).params().scales())
                .containsExactly(one.pass(w).params().scale(), one.pass(w).params().scale());
    }

    @Test
    void zeros_have_a_positive_finite_scale() {
        for (boolean keep : new boolean[] {false, true}) {
            for (int bits : new int[] {1, 2}) {
                OneTensor zeros = weights(keep, Quantizers.midRisePerTensor(bits)).axis(0);
                float scale = zeros.pass(Nd4j.createFromArray(0.0, 0.0)).params().scale();

                assertThat(scale).isEqualTo(bits == 1 ? 1f : 1f / 3);
                assertThat(zeros.levels(0, 0)).containsExactly(1, 1);
                assertThat(zeros.slopes(0, 0)).containsExactly(1, 1);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"FLOAT", "DOUBLE"})
    void activations_are_clipped_to_the_unit_interval(String type) {
        INDArray x =
                Nd4j.createFromArray(-0.1, 0, 0.16, 0.17, 0.51, 0.9, 1, 1.5)
                        .castTo(DataType.valueOf(type));
        OneTensor two = activations(Quantizers.uintPerTensor(2));

        assertThat(two.levels(x).toDoubleVector()).containsExactly(0, 0, 0, 1, 2, 3, 3, 3);
        assertThat(two.slopes(x).toDoubleVector()).containsExactly(0, 1, 1, 1, 1, 1, 1, 0);
        assertThat(two.pass(x).params())
                .isEqualTo(QuantParams.of(Quantizers.uintPerTensor(2), 1f / 3, 0));
    }

    @Test
    void signed_activations_have_their_zero_at_the_lowest_integer() {
        QuantParams p =
                activations(Quantizers.int8AffinePerTensor())
                        .pass(Nd4j.createFromArray(0.5))
                        .params();

        assertThat(p.zeroPoint()).isEqualTo(-128);
        assertThat(p.scale()).isEqualTo(1f / 255);
    }

    @Test
    void tensors_it_cannot_serve_are_refused() {
        GradientEstimator dorefa = GradientEstimators.dorefa();

        assertThatThrownBy(
                        () -> dorefa.requireServes(Quantizers.int8PerChannel(), TensorRole.WEIGHT))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'dorefa' with weight integers")
                .hasMessageContaining("Quantizers.midRisePerTensor(bits)");
        assertThatThrownBy(
                        () ->
                                dorefa.requireServes(
                                        Quantizers.midRisePerTensor(2), TensorRole.ACTIVATION))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("Quantizers.uintPerTensor(bits)");
        assertThatThrownBy(
                        () ->
                                dorefa.requireServes(
                                        Quantizers.int8PerTensor(), TensorRole.ACTIVATION))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void json_keeps_whether_magnitudes_are_kept() {
        for (boolean keep : new boolean[] {true, false}) {
            DoReFa after =
                    (DoReFa)
                            GradientEstimators.fromJson(
                                    GradientEstimators.toJson(new DoReFa(keep)));
            assertThat(after.keepMagnitude()).isEqualTo(keep);
        }
    }
}
