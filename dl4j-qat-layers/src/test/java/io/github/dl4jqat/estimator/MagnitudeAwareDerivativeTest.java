package io.github.dl4jqat.estimator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.github.dl4jqat.kernels.Grid;
import io.github.dl4jqat.kernels.MagnitudeAwareBackward;
import io.github.dl4jqat.kernels.Runs;
import io.github.dl4jqat.kernels.TensorStatistics;
import io.github.dl4jqat.quant.Granularity;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.QuantSpec;
import io.github.dl4jqat.quant.Quantizers;
import io.github.dl4jqat.quant.Symmetry;
import org.junit.jupiter.api.Test;

final class MagnitudeAwareDerivativeTest {

    private static final MagnitudeAwareDerivative MAD = new MagnitudeAwareDerivative();
    private static final QuantSpec INT4 = Quantizers.intPerChannel(4);
    private static final double[] ROW = {.1, -.2, .3, -.4, .5, -.6, .7, -.8, .9, 4};

    private static QuantParams nobody() {
        throw new AssertionError("a measured clip needs no observer");
    }

    @Test
    void gradients_outside_fall_with_the_distance() {
        Runs runs = new Runs(MagnitudeAwareBackward.INSTANCE, new Grid(-1, 1, 0, false), 1);

        assertThat(runs.dx(new double[] {-3, -1, .9, 1.5}, new double[] {1, 1, 1, 1}))
                .containsExactly(new double[] {1 / 3., 1, 1, 2 / 3.}, within(1e-12));
        assertThat(runs.dx(new double[] {2, -4}, new double[] {-6, 8})).containsExactly(-3, 2);
    }

    @Test
    void each_side_has_its_own_end() {
        Runs affine = new Runs(MagnitudeAwareBackward.INSTANCE, new Grid(-2, 1, 0, false), .5);
        Runs unsigned = new Runs(MagnitudeAwareBackward.INSTANCE, new Grid(0, 3, 0, false), 1);

        assertThat(affine.dx(-2, 2, -1, .5)).containsExactly(.5, .25, 1, 1);
        assertThat(unsigned.dx(-2, 0, 3, 6)).containsExactly(0, 1, 1, .5);
    }

    @Test
    void what_is_no_number_gets_no_gradient() {
        Runs runs = new Runs(MagnitudeAwareBackward.INSTANCE, new Grid(-1, 1, 0, false), 1);
        double inf = Double.POSITIVE_INFINITY;

        assertThat(runs.dx(Double.NaN, inf, -inf)).containsExactly(0, 0, 0);
    }

    @Test
    void weights_are_clipped_at_the_optimum_and_activations_where_observed() {
        double[][] clips =
                MAD.measure(
                        new TensorStatistics(new double[][] {ROW, new double[3]}),
                        INT4,
                        TensorRole.WEIGHT);
        QuantParams observed = QuantParams.of(Quantizers.uintPerTensor(4), .5f, 2);

        assertThat(clips[0]).containsExactly(new double[] {3.953667954, 7}, within(1e-8));
        assertThat(MAD.grid(INT4, clips, MagnitudeAwareDerivativeTest::nobody).scales())
                .containsExactly((float) (clips[0][0] / 7), 1f);
        assertThat(MAD.parameters(observed.spec(), TensorRole.ACTIVATION)).isEmpty();
        assertThat(MAD.parameters(INT4, TensorRole.WEIGHT))
                .containsExactly(QuantizerParameter.measured("clip"));
        assertThat(MAD.grid(observed.spec(), new double[0][], () -> observed)).isSameAs(observed);
    }

    @Test
    void unsigned_weights_have_a_bit_more_for_the_same_magnitudes() {
        QuantSpec unsigned =
                new QuantSpec(3, false, Symmetry.SYMMETRIC, false, Granularity.perTensor());

        assertThat(
                        MAD.measure(
                                        new TensorStatistics(new double[][] {ROW}),
                                        unsigned,
                                        TensorRole.WEIGHT)[0][0])
                .isEqualTo(3.953667954, within(1e-8));
    }

    @Test
    void something_lies_outside_the_clip_of_a_heavy_tail() {
        double clip =
                MAD.measure(
                                new TensorStatistics(new double[][] {ROW}),
                                Quantizers.intPerTensor(2),
                                TensorRole.WEIGHT)[0][0];

        assertThat(clip).isBetween(.9, 4.0).isNotEqualTo(4.0);
    }

    @Test
    void weights_with_a_zero_point_are_refused() {
        assertThatThrownBy(() -> MAD.requireServes(Quantizers.uintPerTensor(4), TensorRole.WEIGHT))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'mad' clips weights to -clip..clip")
                .hasMessageContaining("uint4 (affine, per tensor)")
                .hasMessageContaining("Quantizers.intPerChannel(4)");
        MAD.requireServes(Quantizers.uintPerTensor(4), TensorRole.ACTIVATION);
        MAD.requireServes(INT4, TensorRole.WEIGHT);
    }
}
