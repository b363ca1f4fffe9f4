package io.github.dl4jqat.estimator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.dl4jqat.Floats;
import io.github.dl4jqat.Seeds;
import io.github.dl4jqat.quant.QuantSpec;
import io.github.dl4jqat.quant.Quantizers;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

@ExtendWith(Seeds.class)
final class StochasticRoundingTest {

    private static final QuantSpec INT3 = Quantizers.intPerChannel(3);

    private static INDArray random(Random random, long... shape) {
        int n = 1;
        for (long size : shape) {
            n *= (int) size;
        }
        return Nd4j.createFromArray(Floats.of(n, i -> (float) random.nextGaussian()))
                .reshape(shape);
    }

    private static OneTensor seeded(long seed, long iteration, long stream) {
        return OneTensor.weights(new StochasticRounding(seed), INT3, 1)
                .at(Moment.training(iteration, stream));
    }

    @Test
    void numbers_follow_from_seed_iteration_and_tensor(Random random) {
        INDArray w = random(random, 50, 20);
        INDArray y = seeded(1, 2, 3).forward(w);

        assertThat(seeded(1, 2, 3).forward(w)).isEqualTo(y);
        assertThat(seeded(2, 2, 3).forward(w)).isNotEqualTo(y);
        assertThat(seeded(1, 3, 3).forward(w)).isNotEqualTo(y);
        assertThat(seeded(1, 2, 4).forward(w)).isNotEqualTo(y);
        assertThat(seeded(1, 3, 2).forward(w)).isNotEqualTo(y);
    }

    @Test
    void the_order_in_memory_does_not_matter(Random random) {
        INDArray w = random(random, 50, 20);

        assertThat(seeded(1, 2, 3).forward(w.dup('f'))).isEqualTo(seeded(1, 2, 3).forward(w));
    }

    @Test
    void the_mean_over_iterations_is_the_weight(Random random) {
        int draws = 800;
        INDArray w = random(random, 8, 5).castTo(DataType.DOUBLE);
        INDArray sum = w.like();
        for (int t = 0; t < draws; t++) {
            sum.addi(seeded(4, t, 0).forward(w));
        }
        float[] scales = seeded(4, 0, 0).pass(w).params().scales();
        for (int c = 0; c < 5; c++) {
            double bound = 4 * 0.5 * scales[c] / Math.sqrt(draws) + 1e-6;
            for (int i = 0; i < 8; i++) {
                assertThat(sum.getDouble(i, c) / draws).isCloseTo(w.getDouble(i, c), within(bound));
            }
        }
    }

    @Test
    void evaluation_is_that_of_plain_rounding(Random random) {
        INDArray w = random(random, 50, 20);
        OneTensor evaluation = seeded(1, 2, 3).at(Moment.EVALUATION);
        OneTensor plain = OneTensor.weights(GradientEstimators.clipped(), INT3, 1);

        assertThat(evaluation.forward(w)).isEqualTo(plain.forward(w));
        assertThat(evaluation.levels(w)).isEqualTo(plain.levels(w));
        assertThat(seeded(1, 2, 3).levels(w)).isEqualTo(plain.levels(w));
        assertThat(seeded(1, 2, 3).forward(w)).isNotEqualTo(plain.forward(w));
    }

    @ParameterizedTest
    @EnumSource(
            value = DataType.class,
            names = {"FLOAT", "DOUBLE"})
    void all_weights_learn_the_largest_too(DataType type, Random random) {
        INDArray w = random(random, 4, 300).castTo(type);

        assertThat(seeded(1, 2, 3).slopes(w)).isEqualTo(Nd4j.ones(type, 4, 300));
    }

    @Test
    void json_keeps_the_seed() {
        for (long seed : new long[] {0, -1, Long.MAX_VALUE}) {
            StochasticRounding after =
                    (StochasticRounding)
                            GradientEstimators.fromJson(
                                    GradientEstimators.toJson(new StochasticRounding(seed)));
            assertThat(after.seed()).isEqualTo(seed);
        }
    }
}
