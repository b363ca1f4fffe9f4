package io.github.dl4jqat.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.dl4jqat.Seeds;
import java.util.Arrays;
import java.util.Random;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(Seeds.class)
final class OctavClipTest {

    private static final Offset<Double> VECTOR = within(1e-8);
    private static final double[] ROW = {.1, -.2, .3, -.4, .5, -.6, .7, -.8, .9, 4};

    private static TensorStatistics tensor(double... row) {
        return new TensorStatistics(new double[][] {{7}, row});
    }

    @Test
    void the_iteration_has_the_numbers_of_the_definition() {
        TensorStatistics tensor = tensor(ROW);

        assertThat(OctavClip.start(tensor, 1)).isEqualTo(.85, VECTOR);
        assertThat(OctavClip.next(tensor, 1, 2, .85)).isEqualTo(2.261538462, VECTOR);
        assertThat(OctavClip.next(tensor, 1, 2, 2.261538462)).isEqualTo(3.368421053, VECTOR);
        assertThat(OctavClip.of(tensor, 1, 2)).isEqualTo(3.368421053, VECTOR);
        assertThat(OctavClip.of(tensor, 1, 4)).isEqualTo(3.953667954, VECTOR);
        assertThat(OctavClip.of(tensor, 1, 8)).isEqualTo(3.999816903, VECTOR);
    }

    @Test
    void normal_weights_are_clipped_at_a_few_deviations_the_more_bits_the_later(Random random) {
        double[] row = random.doubles(20_000, 0, 1).map(u -> random.nextGaussian() * .1).toArray();
        TensorStatistics tensor = tensor(row);
        double before = 0;
        for (int bits = 1; bits <= 8; bits++) {
            double clip = OctavClip.of(tensor, 1, bits);

            assertThat(clip).isGreaterThan(before).isLessThan(.5);
            assertThat(OctavClip.next(tensor, 1, bits, clip)).isEqualTo(clip, within(1e-9));
            before = clip;
        }
    }

    @Test
    void a_multiple_of_the_values_has_a_multiple_of_the_bound() {
        double[] larger = new double[ROW.length];
        Arrays.setAll(larger, i -> -8 * ROW[i]);

        assertThat(OctavClip.of(tensor(larger), 1, 4))
                .isEqualTo(8 * OctavClip.of(tensor(ROW), 1, 4), within(1e-9));
    }

    @Test
    void values_of_one_magnitude_do_not_make_it_jump_for_ever() {
        assertThat(OctavClip.next(tensor(.5, -.5), 1, 4, .5)).isZero();
        assertThat(OctavClip.of(tensor(.5, -.5, .5), 1, 4)).isEqualTo(.5);
    }

    @Test
    void zeros_nothing_and_what_is_no_number_have_no_say() {
        double inf = Double.POSITIVE_INFINITY;

        assertThat(OctavClip.of(tensor(0, 0), 1, 4)).isZero();
        assertThat(OctavClip.of(tensor(), 1, 4)).isZero();
        assertThat(OctavClip.of(tensor(Double.NaN, inf), 1, 4)).isZero();
        double[] with = Arrays.copyOf(ROW, 13);
        with[10] = Double.NaN;
        with[11] = inf;
        assertThat(OctavClip.of(tensor(with), 1, 4))
                .isBetween(3.5, 4.0)
                .isEqualTo(OctavClip.of(tensor(ROW), 1, 4), VECTOR);
    }
}
