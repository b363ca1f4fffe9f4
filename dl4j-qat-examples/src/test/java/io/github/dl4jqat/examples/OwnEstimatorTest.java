package io.github.dl4jqat.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.github.dl4jqat.estimator.GradientEstimator;
import io.github.dl4jqat.estimator.GradientEstimators;
import io.github.dl4jqat.estimator.Moment;
import io.github.dl4jqat.ops.EstimatorKernels;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.Quantizers;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

final class OwnEstimatorTest {

    private static double[] slopes(GradientEstimator estimator, double... x) {
        QuantParams p = QuantParams.of(Quantizers.intPerTensor(3), 1f, 0);
        INDArray dx = Nd4j.ones(DataType.DOUBLE, x.length);
        EstimatorKernels.backward(
                Nd4j.createFromArray(x),
                dx,
                dx,
                p,
                new double[0][],
                0,
                estimator.kernel(p.spec(), Moment.training(0, 0)));
        return dx.toDoubleVector();
    }

    @Test
    void the_slope_is_a_triangle_about_the_points_where_rounding_jumps() {
        assertThat(slopes(new OwnEstimator(1.5), 0, 0.25, 0.5, -1.5, 3, 3.1, -4))
                .containsExactly(new double[] {0.5, 1, 1.5, 1.5, 0.5, 0, 0}, within(1e-12));
        assertThat(slopes(new OwnEstimator(1), 0, 0.25, 0.5, 3, 3.1))
                .containsExactly(1, 1, 1, 1, 0);
    }

    @Test
    void a_network_learns_with_it_and_becomes_integers() {
        OwnEstimator.Result result = OwnEstimator.run();

        assertThat(result.after()).isGreaterThan(0.9).isGreaterThan(result.before() + 0.1);
        assertThat(result.integers()).isEqualTo(result.after());
    }

    @Test
    void a_configuration_names_it_by_its_class() {
        String json = GradientEstimators.toJson(new OwnEstimator(1.25));

        assertThat(json).contains("io.github.dl4jqat.examples.OwnEstimator");
        assertThat(GradientEstimators.fromJson(json)).isEqualTo(new OwnEstimator(1.25));
        assertThatThrownBy(() -> GradientEstimators.fromJson(json.replace("1.25", "3")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("height=3.0; expected 0 to 2");
    }
}
