package io.github.dl4jqat.estimator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.dl4jqat.kernels.EstimatorKernel;
import io.github.dl4jqat.kernels.Grid;
import io.github.dl4jqat.kernels.KernelRun;
import io.github.dl4jqat.quant.QuantSpec;
import io.github.dl4jqat.quant.Quantizers;
import org.junit.jupiter.api.Test;

final class ScaledTest {

    private static final QuantSpec SPEC = Quantizers.intPerTensor(2);

    @Test
    void gradient_is_multiplied_and_nothing_else() {
        EstimatorKernel kernel =
                new Scaled(GradientEstimators.clipped(), 0.25).kernel(SPEC, Moment.EVALUATION);
        KernelRun run = new KernelRun();
        run.x = new double[] {9, -9, -1, 0.2, 0.5, 0.51, 9};
        run.grad = new double[] {8, 8, 8, 8, 8, 8, 8};
        run.out = run.grad;
        run.from = 1;
        run.to = 6;
        run.scale = 0.5;
        run.grid = new Grid(-2, 1, 0, false);
        kernel.backward(run);
        assertThat(run.out).containsExactly(8, 0, 2, 2, 2, 0, 8);
        assertThat(kernel.rounds()).isTrue();
        assertThat(kernel.ordered()).isFalse();
    }

    @Test
    void grid_is_that_of_the_estimator_inside() {
        Scaled scaled = new Scaled(new PiecewiseLinear(1.5, true), 0.5);
        assertThat(
                        scaled.grid(
                                        Quantizers.midRisePerTensor(2),
                                        new double[0][],
                                        () -> {
                                            throw new AssertionError("not to be measured");
                                        })
                                .scale())
                .isEqualTo(0.5f);
    }

    @Test
    void json_holds_both() {
        Scaled scaled = new Scaled(new PiecewiseLinear(1.5, true), 0.454375558);
        Scaled read = (Scaled) GradientEstimators.fromJson(GradientEstimators.toJson(scaled));
        assertThat(read.factor()).isEqualTo(0.454375558);
        assertThat(read.estimator()).isEqualTo(new PiecewiseLinear(1.5, true));
    }

    @Test
    void bad_factor_is_refused() {
        for (double factor : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
            assertThatThrownBy(() -> new Scaled(GradientEstimators.clipped(), factor))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("factor=" + factor);
        }
        assertThatThrownBy(() -> new Scaled(null, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("estimator=null");
    }
}
