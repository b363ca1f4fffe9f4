package io.github.dl4jqat.estimator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.dl4jqat.Seeds;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.Quantizers;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

@ExtendWith(Seeds.class)
final class PowerOfTwoTest {

    private static final double[] W = {0.9, -0.7, 0.4, 0.3, -0.2, 0.12, -0.05, 0.02};

    private static OneTensor bits(int bits) {
        return OneTensor.weights(new PowerOfTwo(), Quantizers.intPerTensor(bits), 0);
    }

    @Test
    void values_are_the_papers() {
        assertThat(bits(3).forward(W)).containsExactly(1, -0.5, 0.5, 0.5, 0, 0, 0, 0);
        assertThat(bits(5).forward(W))
                .containsExactly(1, -0.5, 0.5, 0.25, -0.25, 0.125, -0.0625, 0.015625);
        assertThat(bits(2).forward(W)).containsExactly(1, -1, 0, 0, 0, 0, 0, 0);
        assertThat(bits(5).slopes(W)).containsOnly(1);
    }

    @ParameterizedTest
    @CsvSource({"2, 2, 1", "3, 3, 0.5", "4, 5, 0.125", "5, 9, 0.0078125"})
    void the_grid_has_just_the_bits_for_its_largest_power(int bits, int carrier, float scale) {
        QuantParams p = bits(bits).pass(Nd4j.createFromArray(W)).params();

        assertThat(p).isEqualTo(QuantParams.of(Quantizers.intPerTensor(carrier), scale, 0));
        assertThat(bits(bits).levels(W)[0] * scale).isEqualTo(1);
    }

    @ParameterizedTest
    @CsvSource({
        "0.75, 1",
        "1, 1",
        "1.4999999, 1",
        "1.5, 2",
        "2.9, 2",
        "3, 4",
        "0.7499999, 0.5",
        "1e-30, 8.673617379884035E-19"
    })
    void the_largest_power_follows_the_largest_weight_down_to_the_smallest_scale(
            double largest, double power) {
        OneTensor two = bits(2);

        assertThat((double) two.pass(Nd4j.createFromArray(-largest)).params().scale())
                .isEqualTo(power);
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 4, 5})
    void every_value_is_a_power_of_two_or_zero_and_quantizing_again_changes_nothing(
            int bits, Random random) {
        INDArray w = Nd4j.create(DataType.FLOAT, 40, 30);
        for (int i = 0; i < w.length(); i++) {
            w.putScalar(i, (float) (random.nextGaussian() * Math.exp(random.nextGaussian())));
        }
        OneTensor perTensor = bits(bits);
        INDArray y = perTensor.forward(w);
        int magnitudes = 1 << (bits - 2);
        double top = y.amaxNumber().doubleValue();

        for (double v : y.reshape(1200).toDoubleVector()) {
            double power = Math.abs(v) / top;
            assertThat(v == 0 || Math.scalb(1.0, Math.getExponent(power)) == power).isTrue();
            assertThat(v == 0 || power >= Math.scalb(1.0, 1 - magnitudes)).isTrue();
        }
        assertThat(perTensor.forward(y)).isEqualTo(y);
        assertThat(perTensor.levels(w).mul(perTensor.pass(w).params().scale())).isEqualTo(y);
    }

    @Test
    void channels_have_their_own_largest_power() {
        INDArray w = Nd4j.createFromArray(new float[][] {{0.9f, 90, 0}, {-0.4f, -40, 0}});
        OneTensor perChannel = OneTensor.weights(new PowerOfTwo(), Quantizers.intPerChannel(3), 1);

        assertThat(perChannel.pass(w).params())
                .isEqualTo(
                        QuantParams.of(
                                Quantizers.intPerChannel(3), new float[] {0.5f, 32, 0x1p-5f}, 0));
        assertThat(perChannel.forward(w))
                .isEqualTo(Nd4j.createFromArray(new float[][] {{1, 64, 0}, {-0.5f, -32, 0}}));
    }

    @Test
    void zeros_have_a_positive_finite_scale() {
        assertThat(bits(4).pass(Nd4j.createFromArray(0.0)).params().scale()).isEqualTo(1);
        assertThat(bits(4).forward(0, 0)).containsExactly(0, 0);
    }

    @Test
    void tensors_it_cannot_serve_are_refused() {
        GradientEstimator powers = GradientEstimators.powerOfTwo();

        for (int bits : new int[] {6, 8}) {
            assertThatThrownBy(
                            () ->
                                    powers.requireServes(
                                            Quantizers.intPerTensor(bits), TensorRole.WEIGHT))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("'power-of-two' with weight integers")
                    .hasMessageContaining("2 to 5 bits");
        }
        assertThatThrownBy(
                        () ->
                                powers.requireServes(
                                        Quantizers.intPerTensor(3), TensorRole.ACTIVATION))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(
                        () ->
                                powers.requireServes(
                                        Quantizers.midRisePerTensor(3), TensorRole.WEIGHT))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void json_names_the_kind() {
        assertThat(GradientEstimators.fromJson(GradientEstimators.toJson(new PowerOfTwo())))
                .isEqualTo(new PowerOfTwo());
    }
}
