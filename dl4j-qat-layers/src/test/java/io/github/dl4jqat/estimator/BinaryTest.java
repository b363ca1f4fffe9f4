package io.github.dl4jqat.estimator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.github.dl4jqat.estimator.Binary.Surrogate;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.Quantizers;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

final class BinaryTest {

    private static final double[] X = {-1, -0.5, 0, 0.2, 0.5};

    private static OneTensor with(Surrogate surrogate) {
        return OneTensor.weights(new Binary(surrogate, 5), Quantizers.binaryPerTensor(), 0);
    }

    @ParameterizedTest
    @EnumSource(Surrogate.class)
    void values_are_minus_one_and_one_whatever_the_weights_are(Surrogate surrogate) {
        assertThat(with(surrogate).forward(X)).containsExactly(-1, -1, 1, 1, 1);
        assertThat(with(surrogate).levels(X)).containsExactly(-1, -1, 1, 1, 1);
        assertThat(with(surrogate).forward(-1e-20, 1e20)).containsExactly(-1, 1);
    }

    @Test
    void gradients_are_those_of_the_papers() {
        assertThat(with(Surrogate.CLIPPED).slopes(X)).containsExactly(1, 1, 1, 1, 1);
        assertThat(with(Surrogate.APPROX_SIGN).slopes(X))
                .containsExactly(new double[] {0, 1, 2, 1.6, 1}, within(1e-15));
        assertThat(with(Surrogate.SWISH_SIGN).slopes(X))
                .containsExactly(
                        new double[] {-0.194992255, -0.084621565, 5, 3.023661188, -0.084621565},
                        within(1e-9));
    }

    @Test
    void beta_narrows_the_peak() {
        OneTensor narrow =
                OneTensor.weights(
                        new Binary(Surrogate.SWISH_SIGN, 10), Quantizers.binaryPerTensor(), 0);

        assertThat(narrow.slopes(0, 0.1))
                .containsExactly(
                        new double[] {10, 2 * with(Surrogate.SWISH_SIGN).slopes(0.2)[0]},
                        within(1e-12));
    }

    @Test
    void the_clip_includes_its_ends_in_floats_too() {
        float up = Math.nextUp(1f);
        INDArray x = Nd4j.createFromArray(1f, -1f, up, -up);

        assertThat(with(Surrogate.CLIPPED).slopes(x).toFloatVector()).containsExactly(1, 1, 0, 0);
    }

    @ParameterizedTest
    @EnumSource(
            value = DataType.class,
            names = {"FLOAT", "DOUBLE"})
    void every_channel_has_the_scale_one(DataType type) {
        INDArray w =
                Nd4j.createFromArray(new float[][] {{100, 0, 1e-9f}, {-3, 0, -1e-9f}}).castTo(type);
        OneTensor binary =
                OneTensor.weights(GradientEstimators.binary(), Quantizers.binaryPerChannel(), 1);

        assertThat(binary.pass(w).params())
                .isEqualTo(QuantParams.of(Quantizers.binaryPerChannel(), new float[] {1, 1, 1}, 0));
        assertThat(binary.forward(w))
                .isEqualTo(
                        Nd4j.createFromArray(new float[][] {{1, 1, 1}, {-1, 1, -1}}).castTo(type));
    }

    @Test
    void it_serves_activations_without_looking_at_their_range() {
        GradientEstimator binary = GradientEstimators.binary();

        binary.requireServes(Quantizers.binaryPerTensor(), TensorRole.ACTIVATION);
        QuantParams p =
                binary.grid(
                        Quantizers.binaryPerTensor(),
                        new double[0][],
                        () -> {
                            throw new AssertionError("looked at the range");
                        });

        assertThat(p.scale()).isEqualTo(1);
    }

    @Test
    void other_integers_are_refused() {
        assertThatThrownBy(
                        () ->
                                GradientEstimators.binary()
                                        .requireServes(
                                                Quantizers.int8PerChannel(), TensorRole.WEIGHT))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'binary'")
                .hasMessageContaining("int8 (symmetric")
                .hasMessageContaining("Quantizers.binaryPerChannel()");
        assertThatThrownBy(
                        () ->
                                GradientEstimators.binary()
                                        .requireServes(
                                                Quantizers.midRisePerTensor(2),
                                                TensorRole.ACTIVATION))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("activation");
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, -1, Double.NaN, Double.POSITIVE_INFINITY})
    void a_beta_that_is_no_width_is_refused(double beta) {
        assertThatThrownBy(() -> new Binary(Surrogate.SWISH_SIGN, beta))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("swishBeta=" + beta);
    }

    @Test
    void json_keeps_every_field() {
        Binary before = new Binary(Surrogate.APPROX_SIGN, 7.25);

        Binary after = (Binary) GradientEstimators.fromJson(GradientEstimators.toJson(before));

        assertThat(after.surrogate()).isEqualTo(Surrogate.APPROX_SIGN);
        assertThat(after.swishBeta()).isEqualTo(7.25);
        assertThat(GradientEstimators.toJson(before)).contains("\"kind\":\"binary\"");
        assertThatThrownBy(() -> GradientEstimators.fromJson("{\"kind\":\"binary\"}"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("surrogate=null");
    }
}
