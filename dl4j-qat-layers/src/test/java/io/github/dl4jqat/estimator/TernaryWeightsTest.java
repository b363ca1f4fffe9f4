package io.github.dl4jqat.estimator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.github.dl4jqat.ops.QuantizerPass;
import io.github.dl4jqat.quant.QuantSpec;
import io.github.dl4jqat.quant.Quantizers;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

final class TernaryWeightsTest {

    private static final double[] W = {0.9, -0.8, 0.3, -0.1, 0.05, -0.6};
    private static final OneTensor PER_TENSOR =
            OneTensor.weights(new TernaryWeights(0.7), Quantizers.intPerTensor(2), 0);

    @Test
    void threshold_and_magnitude_are_the_papers() {
        QuantizerPass pass = PER_TENSOR.pass(Nd4j.createFromArray(W));

        assertThat(pass.values()[0][0]).isCloseTo(0.7666666667, within(1e-10));
        assertThat(pass.values()[1][0]).isCloseTo(0.3208333333, within(1e-10));
        assertThat(PER_TENSOR.levels(W)).containsExactly(1, -1, 0, 0, 0, -1);
        float alpha = (float) (2.3 / 3);
        assertThat(PER_TENSOR.forward(W))
                .containsExactly(new double[] {alpha, -alpha, 0, 0, 0, -alpha}, within(1e-15));
        assertThat(PER_TENSOR.slopes(W)).containsExactly(1, 1, 1, 1, 1, 1);
    }

    @Test
    void the_factor_moves_the_threshold() {
        assertThat(
                        OneTensor.weights(new TernaryWeights(0.6), Quantizers.intPerTensor(2), 0)
                                .levels(W))
                .containsExactly(1, -1, 1, 0, 0, -1);
        assertThat(
                        OneTensor.weights(new TernaryWeights(0), Quantizers.intPerTensor(2), 0)
                                .levels(-1e-9, 0, 5))
                .containsExactly(-1, 0, 1);
    }

    @Test
    void each_channel_has_its_own_threshold_whatever_the_order_in_memory() {
        INDArray w =
                Nd4j.createFromArray(
                        new float[][] {{0.9f, 90}, {-0.8f, -80}, {0.3f, 30}, {-0.1f, -10}});
        OneTensor ternary =
                OneTensor.weights(GradientEstimators.ternary(), Quantizers.ternaryPerChannel(), 1);
        INDArray expected = Nd4j.createFromArray(new float[][] {{1, 1}, {-1, -1}, {0, 0}, {0, 0}});

        assertThat(ternary.levels(w)).isEqualTo(expected);
        assertThat(ternary.levels(w.dup('f'))).isEqualTo(expected);
        assertThat(ternary.pass(w).params().scales())
                .containsExactly(new float[] {0.85f, 85f}, within(1e-5f));
    }

    @Test
    void zeros_have_a_positive_finite_scale_and_stay_zeros() {
        assertThat(PER_TENSOR.pass(Nd4j.createFromArray(0.0, 0.0)).params().scale()).isEqualTo(1);
        assertThat(PER_TENSOR.forward(0, 0)).containsExactly(0, 0);

        INDArray w = Nd4j.createFromArray(new double[][] {{0, 4}, {0, -4}});
        OneTensor perChannel =
                OneTensor.weights(GradientEstimators.ternary(), Quantizers.ternaryPerChannel(), 1);
        assertThat(perChannel.pass(w).params().scales()).containsExactly(0x1p-8f, 4);
    }

    @Test
    void the_weights_of_a_nearly_dead_filter_do_not_grow_to_the_floor_of_its_scale() {
        INDArray w = Nd4j.createFromArray(new double[][] {{1e-9, 4}, {-1e-9, -4}});
        OneTensor perChannel =
                OneTensor.weights(GradientEstimators.ternary(), Quantizers.ternaryPerChannel(), 1);

        assertThat(perChannel.forward(w))
                .isEqualTo(Nd4j.createFromArray(new double[][] {{0, 4}, {0, -4}}));
    }

    @Test
    void a_threshold_above_every_weight_gives_zeros() {
        OneTensor high = OneTensor.weights(new TernaryWeights(50), Quantizers.intPerTensor(2), 0);

        assertThat(high.forward(W)).containsOnly(0);
        assertThat(high.pass(Nd4j.createFromArray(W)).params().scale()).isEqualTo(1);
    }

    @Test
    void integers_that_are_not_ternary_weights_are_refused() {
        QuantSpec wide = Quantizers.ternaryPerChannel().withBits(3);

        assertThatThrownBy(
                        () -> GradientEstimators.ternary().requireServes(wide, TensorRole.WEIGHT))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'ternary' with weight integers")
                .hasMessageContaining("integers int3 (symmetric, narrow")
                .hasMessageContaining("Quantizers.ternaryPerChannel()");
        assertThatThrownBy(
                        () ->
                                GradientEstimators.ternary()
                                        .requireServes(
                                                Quantizers.intPerTensor(2), TensorRole.ACTIVATION))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @ParameterizedTest
    @ValueSource(doubles = {-0.1, Double.NaN, Double.POSITIVE_INFINITY})
    void a_factor_that_gives_no_threshold_is_refused(double threshold) {
        assertThatThrownBy(() -> new TernaryWeights(threshold))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("threshold=" + threshold);
    }

    @Test
    void json_keeps_the_threshold() {
        TernaryWeights after =
                (TernaryWeights)
                        GradientEstimators.fromJson(
                                GradientEstimators.toJson(new TernaryWeights(0.75)));

        assertThat(after.threshold()).isEqualTo(0.75);
    }
}
