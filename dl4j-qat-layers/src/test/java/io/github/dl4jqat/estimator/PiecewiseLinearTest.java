package io.github.dl4jqat.estimator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.dl4jqat.kernels.ClippedBackward;
import io.github.dl4jqat.kernels.Grid;
import io.github.dl4jqat.kernels.OpenClippedBackward;
import io.github.dl4jqat.kernels.Runs;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.QuantSpec;
import io.github.dl4jqat.quant.Quantizers;
import org.junit.jupiter.api.Test;

final class PiecewiseLinearTest {

    private static final QuantSpec TWO_BITS = Quantizers.midRisePerTensor(2);

    private static QuantParams nobody() {
        throw new AssertionError("a fixed range needs no observer");
    }

    private static double[] slopes(boolean inclusive, double... x) {
        PiecewiseLinear how = new PiecewiseLinear(1.5, inclusive);
        QuantParams grid = how.grid(TWO_BITS, new double[0][], PiecewiseLinearTest::nobody);
        return new Runs(how.kernel(TWO_BITS, Moment.EVALUATION), Grid.of(grid), grid.scale()).dx(x);
    }

    @Test
    void the_ends_belong_to_the_range_or_not() {
        double[] x = {-1.6, -1.5, Math.nextUp(-1.5), 0, Math.nextDown(1.5), 1.5, 1.6, Double.NaN};

        assertThat(slopes(true, x)).containsExactly(0, 1, 1, 1, 1, 1, 0, 0);
        assertThat(slopes(false, x)).containsExactly(0, 0, 1, 1, 1, 0, 0, 0);
    }

    @Test
    void floats_have_the_same_open_range() {
        float[] x = {-1.5f, Math.nextUp(-1.5f), 0, Math.nextDown(1.5f), 1.5f, Float.NaN};
        float[] dx = new float[6];

        OpenClippedBackward.INSTANCE.apply(x, new float[] {1, 2, 3, 4, 5, 6}, dx, 0, 6, .5f, -3, 3);

        assertThat(dx).containsExactly(0, 2, 3, 4, 0, 0);
    }

    @Test
    void without_a_range_it_is_the_clipped_estimator() {
        PiecewiseLinear how = new PiecewiseLinear(null, true);
        QuantParams observed = QuantParams.of(TWO_BITS, .3f, 0);

        assertThat(how.kernel(TWO_BITS, Moment.EVALUATION)).isSameAs(ClippedBackward.INSTANCE);
        assertThat(how.grid(TWO_BITS, new double[0][], () -> observed)).isSameAs(observed);
    }

    @Test
    void the_slope_is_one_anywhere_in_a_cell() {
        PiecewiseLinear how = new PiecewiseLinear(null, false);

        assertThat(how.slope(TWO_BITS, -.5)).isEqualTo(1);
        assertThat(how.slope(TWO_BITS, .5)).isEqualTo(1);
        assertThat(new StraightThrough().slope(TWO_BITS, .1)).isEqualTo(1);
        assertThatThrownBy(() -> how.slope(TWO_BITS, -.51))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("tau=-0.51")
                .hasMessageContaining("-0.5..0.5");
        assertThatThrownBy(() -> new StraightThrough().slope(TWO_BITS, 1))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void a_range_that_is_none_is_refused() {
        assertThatThrownBy(() -> new PiecewiseLinear(-1.0, true))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'piecewise-linear': range=-1.0");
    }
}
