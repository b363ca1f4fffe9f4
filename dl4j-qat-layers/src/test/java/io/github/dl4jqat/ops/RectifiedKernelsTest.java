package io.github.dl4jqat.ops;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.dl4jqat.Seeds;
import io.github.dl4jqat.estimator.GradientEstimator;
import io.github.dl4jqat.estimator.GradientEstimators;
import io.github.dl4jqat.estimator.Moment;
import io.github.dl4jqat.estimator.QuantizerParameter;
import io.github.dl4jqat.estimator.TensorRole;
import io.github.dl4jqat.quant.Granularity;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.QuantSpec;
import io.github.dl4jqat.quant.Quantizers;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.activations.impl.ActivationReLU;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** A ReLU and the quantizer behind it in one pass give what the two give one after the other. */
@ExtendWith(Seeds.class)
class RectifiedKernelsTest {

    /** More than a block, and no multiple of one. */
    private static final int LENGTH = 10_007;

    private static final double[] SPECIAL = {
        0,
        -0.0,
        1,
        -1,
        255,
        256,
        254.5,
        255.5,
        0.5,
        1.5,
        -0.5,
        Double.MIN_VALUE,
        Float.MIN_VALUE,
        -Float.MIN_VALUE,
        Float.MAX_VALUE,
        -Float.MAX_VALUE,
        Double.POSITIVE_INFINITY,
        Double.NEGATIVE_INFINITY
    };

    private Random random;

    @BeforeEach
    void seed() {
        random = new Random(Seeds.current());
    }

    static Stream<String> onActivations() {
        return Stream.of(
                "identity",
                "clipped",
                "lsq",
                "lsq-plus",
                "pact",
                "dsq",
                "tanh",
                "ewgs",
                "mad",
                "piecewise-linear",
                "quant-noise",
                "stochastic");
    }

    @ParameterizedTest
    @EnumSource(
            value = DataType.class,
            names = {"FLOAT", "DOUBLE"})
    void a_relu_by_itself_is_that_of_the_stock_function(DataType type) {
        INDArray x = values(type, 1, true);
        INDArray grad = values(type, 1, false);
        INDArray y = x.ulike();
        RectifiedKernels.rectify(x, y);
        requireEqual(y, new ActivationReLU().getActivation(x.dup(), true));
        RectifiedKernels.slope(x, grad, y);
        requireEqual(y, new ActivationReLU().backprop(x.dup(), grad.dup()).getFirst());
        RectifiedKernels.slope(x, grad, grad);
        requireEqual(grad, y);
    }

    @Test
    void nan_stays_nan_and_lets_no_gradient_through() {
        INDArray x = Nd4j.createFromArray(Float.NaN, 2f, -2f);
        INDArray y = x.ulike();
        RectifiedKernels.rectify(x, y);
        assertThat(y.getFloat(0)).isNaN();
        RectifiedKernels.slope(x, Nd4j.createFromArray(5f, 6f, 7f), y);
        assertThat(y.toFloatVector()).containsExactly(0f, 6f, 0f);
    }

    @ParameterizedTest
    @MethodSource("onActivations")
    void one_pass_is_two(String name) {
        for (QuantSpec spec :
                new QuantSpec[] {
                    Quantizers.uint8PerTensor(),
                    Quantizers.intPerTensor(4),
                    Quantizers.uintPerTensor(2)
                }) {
            for (DataType type : new DataType[] {DataType.FLOAT, DataType.DOUBLE}) {
                for (float low : new float[] {0, -2.5f}) {
                    compare(GradientEstimators.named(name), spec, type, low);
                }
            }
        }
    }

    private void compare(GradientEstimator estimator, QuantSpec spec, DataType type, float low) {
        float scale = (3 - low) / 255;
        INDArray z =
                values(type, scale, estimator.parameters(spec, TensorRole.ACTIVATION).isEmpty());
        INDArray grad = values(type, 1, false);
        INDArray a = new ActivationReLU().getActivation(z.dup(), true);
        long learned =
                estimator.parameters(spec, TensorRole.ACTIVATION).stream()
                        .filter(QuantizerParameter::learned)
                        .count();
        double[][] values =
                QuantizerPass.values(
                        estimator, spec, TensorRole.ACTIVATION, 0, a, new double[(int) learned][]);
        QuantizerPass pass =
                QuantizerPass.of(
                        estimator,
                        spec,
                        TensorRole.ACTIVATION,
                        0,
                        values,
                        () -> QuantParams.fromRange(spec, low, 3),
                        null,
                        Moment.training(3, 1));
        INDArray expected = a.ulike();
        INDArray got = a.ulike();
        pass.forward(a, expected);
        pass.behindRelu().forward(z, got);
        requireEqual(got, expected);
        double[][] expectedSums = pass.backward(a, grad, expected);
        expected = new ActivationReLU().backprop(z.dup(), expected).getFirst();
        assertThat(pass.behindRelu().backward(z, grad, got)).isDeepEqualTo(expectedSums);
        requireEqual(got, expected);
    }

    @Test
    void ranges_are_those_of_the_rectified_array() {
        INDArray x = Nd4j.createFromArray(-3f, 2f, Float.NaN, 7f, Float.POSITIVE_INFINITY);
        TensorKernels.Ranges r = TensorKernels.rectifiedRanges(x, Granularity.perTensor(), 0);
        assertThat(r.min()).containsExactly(0f);
        assertThat(r.max()).containsExactly(7f);
        INDArray positive = Nd4j.createFromArray(4f, Float.NEGATIVE_INFINITY);
        assertThat(TensorKernels.rectifiedRanges(positive, Granularity.perTensor(), 0).min())
                .containsExactly(0f);
        assertThat(
                        TensorKernels.rectifiedRanges(
                                        Nd4j.createFromArray(4.0, 5.0), Granularity.perTensor(), 0)
                                .min())
                .containsExactly(4f);
        assertThat(x.getFloat(0)).isEqualTo(-3f);
    }

    @Test
    void a_range_below_zero_lets_nothing_through_behind_a_relu() {
        QuantSpec spec = Quantizers.uint8PerTensor();
        INDArray x = Nd4j.createFromArray(-2f, -1f, -0f, 0f, 1f, 400f);
        for (String name : new String[] {"clipped", "lsq", "dsq", "quant-noise"}) {
            GradientEstimator estimator = GradientEstimators.named(name);
            QuantizerPass pass =
                    QuantizerPass.of(
                                    estimator,
                                    spec,
                                    TensorRole.ACTIVATION,
                                    0,
                                    name.equals("lsq") ? new double[][] {{0.1}} : new double[0][],
                                    () -> QuantParams.fromRange(spec, -25.5f, -1),
                                    null,
                                    Moment.training(3, 1))
                            .behindRelu();
            assertThat(pass.params().highestStep()).isZero();
            INDArray dx = x.ulike();
            pass.backward(x, Nd4j.onesLike(x), dx);
            assertThat(dx.toFloatVector()).as(name).containsOnly(0f);
        }
    }

    /** Values around and beyond the range, with those that are on its ends. */
    private INDArray values(DataType type, double unit, boolean infinite) {
        double[] values = new double[LENGTH];
        for (int i = 0; i < values.length; i++) {
            double special = SPECIAL[i % SPECIAL.length];
            boolean usable = infinite || Math.abs(special) < 1e6;
            values[i] = i % 3 == 0 && usable ? special * unit : random.nextGaussian() * 100 * unit;
        }
        return Nd4j.createFromArray(values).castTo(type);
    }

    /** The sign of a zero aside. */
    private static void requireEqual(INDArray got, INDArray expected) {
        double[] g = got.castTo(DataType.DOUBLE).toDoubleVector();
        double[] e = expected.castTo(DataType.DOUBLE).toDoubleVector();
        for (int i = 0; i < g.length; i++) {
            assertThat(g[i] + 0.0).as("element %d", i).isEqualTo(e[i] + 0.0);
        }
    }
}
