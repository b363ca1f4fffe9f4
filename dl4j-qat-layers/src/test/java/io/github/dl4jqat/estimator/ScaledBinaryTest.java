package io.github.dl4jqat.estimator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.dl4jqat.quant.Granularity;
import io.github.dl4jqat.quant.Quantizers;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

final class ScaledBinaryTest {

    private static final OneTensor PAPER =
            OneTensor.weights(new ScaledBinary(true), Quantizers.binaryPerTensor(), 0);
    private static final OneTensor STOPPED =
            OneTensor.weights(new ScaledBinary(false), Quantizers.binaryPerTensor(), 0);

    @ParameterizedTest
    @EnumSource(
            value = DataType.class,
            names = {"FLOAT", "DOUBLE"})
    void the_papers_formulas_on_four_weights(DataType type) {
        INDArray w = Nd4j.createFromArray(new double[][] {{0.5, -0.25}, {1, -0.25}}).castTo(type);

        assertThat(PAPER.forward(w))
                .isEqualTo(
                        Nd4j.createFromArray(new double[][] {{0.5, -0.5}, {0.5, -0.5}})
                                .castTo(type));
        assertThat(PAPER.slopes(w).toDoubleMatrix())
                .isDeepEqualTo(new double[][] {{0.75, 0.75}, {0.75, 0.75}});
        assertThat(STOPPED.slopes(w).toDoubleMatrix())
                .isDeepEqualTo(new double[][] {{0.5, 0.5}, {0.5, 0.5}});
        assertThat(STOPPED.forward(w)).isEqualTo(PAPER.forward(w));
    }

    @Test
    void beyond_one_only_the_papers_summand_is_left() {
        // Mean 1: factors 1/2 + 1 and 1/2; 1 and 0.
        assertThat(PAPER.slopes(1.5, -0.5)).containsExactly(0.5, 1.5);
        assertThat(STOPPED.slopes(1.5, -0.5)).containsExactly(0, 1);
    }

    @Test
    void mean_and_count_are_those_of_the_scale() {
        INDArray w = Nd4j.createFromArray(new double[][] {{0.5, 2}, {-0.25, -2}, {0.75, 5}});
        ScaledBinary xnor = new ScaledBinary(true);

        OneTensor perChannel = OneTensor.weights(xnor, Quantizers.binaryPerChannel(), 1);
        assertThat(perChannel.pass(w).params().scales()).containsExactly(0.5f, 3f);
        assertThat(perChannel.slopes(w).getColumn(0).toDoubleVector())
                .containsExactly(0.5 + 1 / 3.0, 0.5 + 1 / 3.0, 0.5 + 1 / 3.0);

        OneTensor perGroup =
                OneTensor.weights(
                        xnor,
                        Quantizers.binaryPerChannel().withGranularity(Granularity.perGroup(2)),
                        1);
        assertThat(perGroup.pass(w).params().scales()).containsExactly(0.375f, 0.75f, 2f, 5f);
        assertThat(perGroup.slopes(w).getColumn(0).toDoubleVector())
                .containsExactly(0.375 + 0.5, 0.375 + 0.5, 0.75 + 1);
        assertThat(perGroup.slopes(w).getColumn(1).toDoubleVector()).containsExactly(0.5, 0.5, 1);
    }

    @Test
    void dead_channels_and_tensors_have_a_positive_scale() {
        INDArray w = Nd4j.createFromArray(new double[][] {{0, 2, Double.NaN}, {0, -2, 1}});

        assertThat(
                        OneTensor.weights(new ScaledBinary(true), Quantizers.binaryPerChannel(), 1)
                                .pass(w)
                                .params()
                                .scales())
                .containsExactly(0x1p-9f, 2f, 0x1p-9f);
        assertThat(PAPER.forward(0, 0)).containsExactly(1, 1);
    }

    @Test
    void activations_and_other_integers_are_refused() {
        GradientEstimator xnor = GradientEstimators.xnor();

        assertThatThrownBy(
                        () ->
                                xnor.requireServes(
                                        Quantizers.binaryPerTensor(), TensorRole.ACTIVATION))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'xnor' with activation integers")
                .hasMessageContaining("there is 'binary'");
        assertThatThrownBy(() -> xnor.requireServes(Quantizers.int8PerChannel(), TensorRole.WEIGHT))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(
                        () ->
                                xnor.requireServes(
                                        Quantizers.midRisePerChannel(3), TensorRole.WEIGHT))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void json_keeps_which_gradient_it_is() {
        for (boolean paper : new boolean[] {true, false}) {
            ScaledBinary after =
                    (ScaledBinary)
                            GradientEstimators.fromJson(
                                    GradientEstimators.toJson(new ScaledBinary(paper)));
            assertThat(after.paperGradient()).isEqualTo(paper);
        }
    }
}
