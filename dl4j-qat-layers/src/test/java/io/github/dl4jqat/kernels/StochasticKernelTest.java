package io.github.dl4jqat.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.dl4jqat.Seeds;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(Seeds.class)
final class StochasticKernelTest {

    private static final double[] NONE = {};
    private static final Grid INT4 = new Grid(-7, 7, 0, false);
    private static final Grid UINT4 = new Grid(-3, 12, 0, false);
    private static final Grid MID_RISE = new Grid(-7, 7, 0, true);
    private static final Grid SHIFTED = new Grid(-3.25, 3.75, 0.75, false);

    private static double[] forward(Grid grid, double scale, double... x) {
        return OneRun.forward(new StochasticKernel(5), OneRun.of(grid, scale, NONE, x));
    }

    @Test
    void every_element_lands_on_one_of_its_two_neighbours(Random random) {
        for (Grid grid : new Grid[] {INT4, UINT4, MID_RISE, SHIFTED}) {
            double[] x = new double[20_000];
            Arrays.setAll(x, i -> random.nextGaussian() * 2.5);
            double[] y = forward(grid, 0.5, x);
            for (int i = 0; i < x.length; i++) {
                double position = grid.clamp(x[i] / 0.5);
                double number = (y[i] / 0.5 - grid.low()) / grid.spacing();

                assertThat(number).isEqualTo(Math.rint(number));
                assertThat(Math.abs(y[i] / 0.5 - position)).isLessThan(grid.spacing());
            }
        }
    }

    @Test
    void the_mean_is_the_value(Random random) {
        int n = 40_000;
        for (Grid grid : new Grid[] {INT4, UINT4, MID_RISE, SHIFTED}) {
            for (int trial = 0; trial < 20; trial++) {
                double value =
                        0.5 * (grid.low() + random.nextDouble() * (grid.high() - grid.low()));
                double[] x = new double[n];
                Arrays.fill(x, value);
                double mean = Arrays.stream(forward(grid, 0.5, x)).sum() / n;
                double up = (value / 0.5 - grid.low()) / grid.spacing();
                double share = up - Math.floor(up);
                double sigma = 0.5 * grid.spacing() * Math.sqrt(share * (1 - share) / n);

                assertThat(mean).isCloseTo(value, within(4 * sigma + 1e-9));
            }
        }
    }

    @Test
    void values_of_the_grid_stay_in_floats_and_doubles(Random random) {
        for (int trial = 0; trial < 300; trial++) {
            float scale = (float) Math.exp(random.nextGaussian() * 4);
            for (Grid grid : new Grid[] {new Grid(-127, 127, 0, false), MID_RISE}) {
                int count = (int) ((grid.high() - grid.low()) / grid.spacing()) + 1;
                double[] doubles = new double[count];
                double[] floats = new double[count];
                for (int i = 0; i < count; i++) {
                    double k = grid.low() + i * grid.spacing();
                    doubles[i] = k * scale;
                    floats[i] = (float) k * scale;
                }
                KernelRun single = OneRun.of(grid, scale, NONE, floats);
                single.single = true;

                assertThat(OneRun.forward(new StochasticKernel(trial), single))
                        .containsExactly(floats);
                assertThat(forward(grid, scale, doubles)).containsExactly(doubles);
            }
        }
    }

    @Test
    void beyond_the_range_the_last_level_is_certain() {
        double[] beyond = {1.75, 2, 100, Double.POSITIVE_INFINITY, -1e9, Double.NaN};
        for (int key = 0; key < 50; key++) {
            assertThat(
                            OneRun.forward(
                                    new StochasticKernel(key),
                                    OneRun.of(INT4, 0.25, NONE, beyond.clone())))
                    .containsExactly(1.75, 1.75, 1.75, 1.75, -1.75, Double.NaN);
        }
    }

    @Test
    void an_element_draws_by_its_place_however_the_tensor_is_cut() {
        double[] x = new double[300];
        Arrays.fill(x, 0.3);
        KernelRun whole = OneRun.of(INT4, 1, NONE, x);
        double[] expected = OneRun.forward(new StochasticKernel(9), whole).clone();
        KernelRun cut = OneRun.of(INT4, 1, NONE, x);
        for (int from = 0; from < 300; from += 70) {
            cut.from = from;
            cut.to = Math.min(300, from + 70);
            cut.index = from;
            new StochasticKernel(9).forward(cut);
        }

        assertThat(cut.out).containsExactly(expected);
        assertThat(expected).contains(0, 1);
    }

    @Test
    void evaluation_levels_are_the_nearest() {
        assertThat(OneRun.levels(new StochasticKernel(9), OneRun.of(INT4, 1, NONE, 0.4, 0.6, 1.5)))
                .containsExactly(0, 1, 2);
    }

    @Test
    void the_gradient_is_clipped() {
        assertThat(
                        OneRun.backward(
                                new StochasticKernel(9),
                                OneRun.of(UINT4, 0.5, NONE, 6, 6.1, -1.5, -1.6, 0.3)))
                .containsExactly(1, 0, 1, 0, 1);
    }
}
