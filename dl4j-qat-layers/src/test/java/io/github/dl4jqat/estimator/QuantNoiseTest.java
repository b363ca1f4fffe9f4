package io.github.dl4jqat.estimator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.github.dl4jqat.Floats;
import io.github.dl4jqat.Seeds;
import io.github.dl4jqat.estimator.QuantNoise.Noise;
import io.github.dl4jqat.quant.Quantizers;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

@ExtendWith(Seeds.class)
final class QuantNoiseTest {

    private static INDArray random(Random random, long... shape) {
        int n = 1;
        for (long size : shape) {
            n *= (int) size;
        }
        return Nd4j.createFromArray(Floats.of(n, i -> (float) random.nextGaussian()))
                .reshape(shape);
    }

    private static OneTensor dense(double rate, int blockSize, Noise noise) {
        return OneTensor.weights(
                new QuantNoise(rate, blockSize, noise, 5), Quantizers.intPerChannel(3), 1);
    }

    /** 1 where an element is noisy. */
    private static INDArray mask(OneTensor zeros, DataType type, long... shape) {
        return zeros.forward(Nd4j.ones(type, shape)).eq(0).castTo(type);
    }

    @ParameterizedTest
    @ValueSource(doubles = {0.05, 0.2, 0.5, 0.9})
    void the_share_of_noisy_elements_is_the_rate(double rate) {
        double n = 300 * 200;
        double noisy =
                mask(dense(rate, 1, Noise.ZERO), DataType.FLOAT, 300, 200)
                        .sumNumber()
                        .doubleValue();

        assertThat(noisy / n).isCloseTo(rate, within(4 * Math.sqrt(rate * (1 - rate) / n)));
    }

    @Test
    void the_mask_follows_from_seed_tensor_and_iteration() {
        OneTensor at = dense(0.5, 4, Noise.ZERO).at(Moment.training(7, 3));
        INDArray mask = mask(at, DataType.FLOAT, 40, 30);

        assertThat(mask(at, DataType.FLOAT, 40, 30)).isEqualTo(mask);
        assertThat(mask(at, DataType.DOUBLE, 40, 30).castTo(DataType.FLOAT)).isEqualTo(mask);
        assertThat(mask(at.at(Moment.training(8, 3)), DataType.FLOAT, 40, 30)).isNotEqualTo(mask);
        assertThat(mask(at.at(Moment.training(7, 4)), DataType.FLOAT, 40, 30)).isNotEqualTo(mask);
        OneTensor otherSeed =
                OneTensor.weights(new QuantNoise(0.5, 4, Noise.ZERO, 6), at.spec(), 1)
                        .at(Moment.training(7, 3));
        assertThat(mask(otherSeed, DataType.FLOAT, 40, 30)).isNotEqualTo(mask);
    }

    @Test
    void forward_and_backward_share_the_mask(Random random) {
        INDArray w = random(random, 40, 30);
        OneTensor zeros = dense(0.5, 4, Noise.ZERO);

        assertThat(zeros.forward(w)).isEqualTo(zeros.slopes(w).muli(w));
    }

    @Test
    void integer_noise_has_the_mask_of_zero_noise(Random random) {
        INDArray w = random(random, 40, 30).castTo(DataType.DOUBLE);
        INDArray mask = mask(dense(0.3, 4, Noise.ZERO), DataType.DOUBLE, 40, 30);
        INDArray plain =
                OneTensor.weights(GradientEstimators.clipped(), Quantizers.intPerChannel(3), 1)
                        .forward(w);
        INDArray expected = w.add(plain.sub(w).mul(mask));

        assertThat(dense(0.3, 4, Noise.INTEGER).forward(w).sub(expected).amaxNumber().doubleValue())
                .isLessThan(1e-6);
    }

    @ParameterizedTest
    @CsvSource({"7, 3", "9, 4", "6, 6", "5, 8", "10, 1"})
    void dense_blocks_run_down_the_inputs_of_an_output(int nIn, int blockSize) {
        boolean ended = false;
        for (int t = 0; t < 40; t++) {
            OneTensor at = dense(0.5, blockSize, Noise.ZERO).at(Moment.training(t, 0));
            INDArray mask = mask(at, DataType.FLOAT, nIn, 5);
            for (int c = 0; c < 5; c++) {
                for (int i = 1; i < nIn; i++) {
                    boolean same = mask.getFloat(i, c) == mask.getFloat(i - 1, c);
                    ended |= !same;
                    assertThat(same || i % blockSize == 0).isTrue();
                }
            }
            INDArray fOrder = at.forward(Nd4j.ones(DataType.FLOAT, nIn, 5).dup('f'));
            assertThat(fOrder.eq(0).castTo(DataType.FLOAT)).isEqualTo(mask);
        }
        assertThat(ended).isEqualTo(blockSize < nIn);
    }

    @Test
    void convolution_blocks_run_through_the_kernels_of_an_output() {
        // 18 weights for each output in blocks of 4: the last has 2.
        OneTensor perTensor =
                OneTensor.weights(
                        new QuantNoise(0.5, 4, Noise.ZERO, 1), Quantizers.intPerTensor(4), 0);
        boolean lastDiffers = false;
        for (int t = 0; t < 20; t++) {
            OneTensor at = perTensor.at(Moment.training(t, 0));
            INDArray mask = mask(at, DataType.FLOAT, 6, 2, 3, 3).reshape(6, 18);
            for (int c = 0; c < 6; c++) {
                for (int i = 1; i < 18; i++) {
                    boolean same = mask.getFloat(c, i) == mask.getFloat(c, i - 1);
                    assertThat(same || i % 4 == 0).isTrue();
                }
                lastDiffers |= mask.getFloat(c, 16) != mask.getFloat(c, 15);
            }
            INDArray nhwc = Nd4j.ones(DataType.FLOAT, 6, 3, 3, 2).permute(0, 3, 1, 2);
            assertThat(at.forward(nhwc).eq(0).castTo(DataType.FLOAT).dup('c').reshape(6, 18))
                    .isEqualTo(mask);
        }
        assertThat(lastDiffers).isTrue();
    }

    @Test
    void blocks_of_activations_stay_within_an_example() {
        OneTensor activations =
                new OneTensor(
                        new QuantNoise(0.5, 1000, Noise.ZERO, 1),
                        Quantizers.uint8PerTensor(),
                        TensorRole.ACTIVATION,
                        0,
                        Moment.training(1, 1));
        INDArray mask = mask(activations, DataType.FLOAT, 200, 3, 4);

        assertThat(mask.mean(1, 2).eq(0).castTo(DataType.FLOAT).add(mask.mean(1, 2)))
                .isEqualTo(Nd4j.ones(DataType.FLOAT, 200));
        assertThat(mask.meanNumber().doubleValue()).isBetween(0.35, 0.65);
    }

    @ParameterizedTest
    @EnumSource(
            value = DataType.class,
            names = {"FLOAT", "DOUBLE"})
    void rate_one_is_plain_fake_quantization_and_rate_zero_nothing(DataType type, Random random) {
        INDArray w = random(random, 40, 30).castTo(type);
        OneTensor plain =
                OneTensor.weights(GradientEstimators.clipped(), Quantizers.intPerChannel(3), 1);
        INDArray ones = Nd4j.ones(type, 40, 30);

        assertThat(dense(1, 4, Noise.INTEGER).forward(w)).isEqualTo(plain.forward(w));
        assertThat(dense(0, 4, Noise.INTEGER).forward(w)).isEqualTo(w);
        assertThat(dense(0, 4, Noise.ZERO).forward(w)).isEqualTo(w);
        for (double rate : new double[] {0, 0.5, 1}) {
            assertThat(dense(rate, 4, Noise.INTEGER).slopes(w)).isEqualTo(ones);
        }
    }

    @Test
    void nearly_all_noise_has_the_bits_of_fake_quantization_where_it_is(Random random) {
        INDArray w = random(random, 64, 30);
        INDArray plain =
                OneTensor.weights(GradientEstimators.clipped(), Quantizers.intPerChannel(3), 1)
                        .forward(w);
        INDArray mask = mask(dense(0.9, 1, Noise.ZERO), DataType.FLOAT, 64, 30);

        INDArray y = dense(0.9, 1, Noise.INTEGER).forward(w);

        assertThat(y.mul(mask)).isEqualTo(plain.mul(mask));
        assertThat(mask.meanNumber().doubleValue()).isGreaterThan(0.8);
    }

    @Test
    void the_mean_under_zeros_is_the_weight(Random random) {
        int draws = 4000;
        double rate = 0.2;
        INDArray w = random(random, 6, 4).castTo(DataType.DOUBLE);
        INDArray sum = w.like();
        for (int t = 0; t < draws; t++) {
            sum.addi(dense(rate, 4, Noise.ZERO).at(Moment.training(t, 0)).forward(w));
        }
        for (int i = 0; i < w.length(); i++) {
            double sigma = Math.abs(w.getDouble(i)) * Math.sqrt(rate / (1 - rate) / draws);
            assertThat(sum.getDouble(i) / draws).isCloseTo(w.getDouble(i), within(4 * sigma));
        }
    }

    @Test
    void a_schedule_takes_the_place_of_the_rate(Random random) {
        INDArray w = random(random, 40, 30);
        OneTensor half = dense(0.5, 4, Noise.INTEGER).at(Moment.training(3, 2));
        for (double rate : new double[] {0, 0.25, 1}) {
            Moment scheduled = new Moment(true, 3, 2, Map.of(Knob.NOISE_RATE, rate));

            assertThat(half.at(scheduled).forward(w))
                    .isEqualTo(dense(rate, 4, Noise.INTEGER).at(Moment.training(3, 2)).forward(w))
                    .isNotEqualTo(half.forward(w));
        }
        Moment all = new Moment(true, 3, 2, Map.of(Knob.NOISE_RATE, 1.0));
        assertThat(dense(0.5, 4, Noise.ZERO).at(all).forward(w)).isEqualTo(w.like());
        assertThat(dense(0.5, 4, Noise.ZERO).at(all).slopes(w)).isEqualTo(w.like());
    }

    @ParameterizedTest
    @EnumSource(Noise.class)
    void evaluation_quantizes_everything(Noise noise, Random random) {
        INDArray w = random(random, 40, 30);
        OneTensor plain =
                OneTensor.weights(GradientEstimators.clipped(), Quantizers.intPerChannel(3), 1);

        assertThat(dense(0.1, 4, noise).at(Moment.EVALUATION).forward(w))
                .isEqualTo(plain.forward(w));
        assertThat(dense(0.1, 4, noise).levels(w)).isEqualTo(plain.levels(w));
    }

    @Test
    void settings_that_mean_nothing_are_refused() {
        for (double rate : new double[] {-0.1, 1.1, Double.NaN}) {
            assertThatThrownBy(() -> new QuantNoise(rate, 1, Noise.INTEGER, 0))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("rate=" + rate)
                    .hasMessageContaining("expected 0 to 1");
        }
        assertThatThrownBy(() -> new QuantNoise(1, 1, Noise.ZERO, 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("noise=ZERO");
        assertThatThrownBy(() -> new QuantNoise(0.5, 0, Noise.ZERO, 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("blockSize=0");
        assertThatThrownBy(() -> new QuantNoise(0.5, 1, null, 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("INTEGER or ZERO");
    }

    @Test
    void json_keeps_every_field() {
        QuantNoise after =
                (QuantNoise)
                        GradientEstimators.fromJson(
                                GradientEstimators.toJson(
                                        new QuantNoise(0.125, 9, Noise.ZERO, -77)));

        assertThat(after.rate()).isEqualTo(0.125);
        assertThat(after.blockSize()).isEqualTo(9);
        assertThat(after.noise()).isEqualTo(Noise.ZERO);
        assertThat(after.seed()).isEqualTo(-77);
    }
}
