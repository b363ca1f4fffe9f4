package io.github.dl4jqat.quant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.github.dl4jqat.Seeds;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

@ExtendWith(Seeds.class)
final class QuantParamsTest {

    private static final float NAN = Float.NaN;
    private static final float INF = Float.POSITIVE_INFINITY;

    @ParameterizedTest(name = "{0} bits, narrow={1}, [{2}, {3}]")
    @CsvSource({
        "8, false, 0, 6, 0.023529412, 0, 0, 6",
        "8, true, -1, 1, 0.007874016, 128, -1, 1",
        "8, false, -0.1, 0.9, 0.003921569, 25, -0.098039225, 0.90196085",
        "4, false, -1.3, 2.2, 0.23333333, 6, -1.4, 2.1",
        "4, false, -0.2, 1, 0.08, 2, -0.16, 1.04",
        "8, false, -1, 1, 0.007843138, 127, -0.9960785, 1.0039216",
    })
    void affine_ranges_give_the_numbers_of_tensorflows_nudge(
            int bits,
            boolean narrow,
            float min,
            float max,
            float scale,
            int zeroPoint,
            float nudgedMin,
            float nudgedMax) {
        QuantSpec spec =
                new QuantSpec(bits, false, Symmetry.AFFINE, narrow, Granularity.perTensor());

        QuantParams p = QuantParams.fromRange(spec, min, max);

        assertThat(p.scale()).isCloseTo(scale, within(Math.ulp(scale)));
        assertThat(p.zeroPoint()).isEqualTo(zeroPoint);
        assertThat(p.lowestStep() * p.scale()).isCloseTo(nudgedMin, within(2e-7f));
        assertThat(p.highestStep() * p.scale()).isCloseTo(nudgedMax, within(3e-7f));
    }

    @Test
    void a_symmetric_scale_takes_the_larger_side() {
        assertThat(QuantParams.fromRange(Quantizers.int8PerTensor(), -2.54f, 1f).scale())
                .isEqualTo(2.54f / 127);
        assertThat(QuantParams.fromRange(Quantizers.int8PerTensor(), -1f, 2.54f).scale())
                .isEqualTo(2.54f / 127);
        assertThat(
                        QuantParams.fromRange(
                                        new QuantSpec(
                                                8,
                                                false,
                                                Symmetry.SYMMETRIC,
                                                false,
                                                Granularity.perTensor()),
                                        -9f,
                                        5.1f)
                                .scale())
                .isEqualTo(5.1f / 255);
    }

    @Test
    void zero_lies_in_every_range() {
        QuantParams positive = QuantParams.fromRange(Quantizers.uint8PerTensor(), 3f, 5.1f);
        assertThat(positive.zeroPoint()).isZero();
        assertThat(positive.scale()).isEqualTo(5.1f / 255);

        QuantParams negative = QuantParams.fromRange(Quantizers.uint8PerTensor(), -5.1f, -3f);
        assertThat(negative.zeroPoint()).isEqualTo(255);
        assertThat(negative.highestStep()).isZero();
    }

    @ParameterizedTest
    @MethodSource("io.github.dl4jqat.quant.QuantParamsTestSpecs#withOneScale")
    void every_integer_maps_to_itself(QuantSpec spec) {
        QuantParams p = QuantParams.fromRange(spec, -0.37f, 1.234f);

        for (int q = spec.qMin(); q <= spec.qMax(); q++) {
            assertThat(p.quantize(p.dequantize(q, 0), 0)).isEqualTo(q);
        }
    }

    @ParameterizedTest
    @MethodSource("io.github.dl4jqat.quant.QuantParamsTestSpecs#withOneScale")
    void zero_is_exact(QuantSpec spec) {
        QuantParams p = QuantParams.fromRange(spec, -0.37f, 1.234f);

        assertThat(p.quantize(0f, 0)).isEqualTo(p.zeroPoint());
        assertThat(p.quantize(-0f, 0)).isEqualTo(p.zeroPoint());
        assertThat(p.dequantize(p.zeroPoint(), 0)).isEqualTo(0f);
    }

    @ParameterizedTest
    @MethodSource("io.github.dl4jqat.quant.QuantParamsTestSpecs#withOneScale")
    void quantization_is_monotone_idempotent_and_at_most_half_a_step_off(QuantSpec spec) {
        Random random = new Random(Seeds.current());
        for (int trial = 0; trial < 30; trial++) {
            float reach = (float) Math.exp(random.nextGaussian() * 5);
            QuantParams p =
                    QuantParams.fromRange(
                            spec, -reach * random.nextFloat(), reach * random.nextFloat());
            float low = p.lowestStep() * p.scale();
            float high = p.highestStep() * p.scale();
            float before = -2 * reach;
            for (int i = 0; i < 50; i++) {
                float x = before + random.nextFloat() * reach / 10;
                float qx = p.dequantize(p.quantize(x, 0), 0);
                assertThat(qx).isGreaterThanOrEqualTo(p.dequantize(p.quantize(before, 0), 0));
                assertThat(p.dequantize(p.quantize(qx, 0), 0)).isEqualTo(qx);
                if (x >= low && x <= high) {
                    assertThat(Math.abs((double) qx - x))
                            .isLessThanOrEqualTo(p.scale() * 0.5 + Math.ulp(x));
                }
                before = x;
            }
        }
    }

    @Test
    void ties_go_to_the_even_neighbour() {
        QuantParams p = QuantParams.of(Quantizers.uint8PerTensor(), 0.5f, 128);

        assertThat(
                        new int[] {
                            p.quantize(0.25f, 0),
                            p.quantize(0.75f, 0),
                            p.quantize(1.25f, 0),
                            p.quantize(-0.25f, 0),
                            p.quantize(-0.75f, 0)
                        })
                .containsExactly(128, 130, 130, 128, 126);
    }

    @Test
    void values_beyond_the_grid_saturate_and_nan_is_zero() {
        QuantParams p = QuantParams.of(Quantizers.uint8PerTensor(), 0.5f, 128);

        assertThat(p.quantize(1e30f, 0)).isEqualTo(255);
        assertThat(p.quantize(-INF, 0)).isZero();
        assertThat(p.quantize(INF, 0)).isEqualTo(255);
        assertThat(p.quantize(NAN, 0)).isEqualTo(128);
    }

    @ParameterizedTest
    @CsvSource({"0, 0", "NaN, NaN", "-0.0, 0", "5, -5", "NaN, -1", "1, NaN"})
    void ranges_without_extent_give_scale_one(float min, float max) {
        for (QuantSpec spec :
                new QuantSpec[] {Quantizers.uint8PerTensor(), Quantizers.int8PerTensor()}) {
            QuantParams p = QuantParams.fromRange(spec, min, max);
            assertThat(p.scale()).isEqualTo(1f);
            assertThat(p.quantize(0f, 0)).isEqualTo(p.zeroPoint());
        }
    }

    @ParameterizedTest
    @MethodSource("io.github.dl4jqat.quant.QuantParamsTestSpecs#withOneScale")
    void no_range_poisons_a_scale(QuantSpec spec) {
        float[] bounds = {
            NAN,
            -INF,
            INF,
            -Float.MAX_VALUE,
            Float.MAX_VALUE,
            -Float.MIN_VALUE,
            Float.MIN_VALUE,
            -0f,
            0f,
            -1f,
            1f
        };
        for (float min : bounds) {
            for (float max : bounds) {
                QuantParams p = QuantParams.fromRange(spec, min, max);
                assertThat(p.scale()).isFinite().isGreaterThanOrEqualTo(QuantParams.MIN_SCALE);
                assertThat(p.zeroPoint()).isBetween(spec.qMin(), spec.qMax());
                assertThat(p.dequantize(spec.qMax(), 0)).isFinite();
                assertThat(p.dequantize(spec.qMin(), 0)).isFinite();
                assertThat(p.quantize(0f, 0)).isEqualTo(p.zeroPoint());
            }
        }
    }

    @Test
    void tiny_ranges_stop_at_the_smallest_scale() {
        assertThat(
                        QuantParams.fromRange(
                                        Quantizers.int8PerTensor(),
                                        -Float.MIN_NORMAL,
                                        Float.MIN_NORMAL)
                                .scale())
                .isEqualTo(QuantParams.MIN_SCALE);
    }

    @Test
    void dead_channels_get_a_floor_from_the_largest() {
        QuantParams p =
                QuantParams.fromRanges(
                        Quantizers.int8PerChannel(),
                        new float[] {-12.7f, 0f, -1e-20f, NAN},
                        new float[] {1f, 0f, 1e-20f, NAN},
                        null);

        float floor = 0.1f * QuantParams.MIN_RELATIVE_SCALE;
        assertThat(p.scales())
                .containsExactly(new float[] {0.1f, floor, floor, floor}, within(1e-9f));
    }

    @Test
    void only_dead_channels_give_scale_one() {
        QuantParams p =
                QuantParams.fromRanges(
                        Quantizers.int8PerChannel(), new float[2], new float[2], null);

        assertThat(p.scales()).containsExactly(1f, 1f);
    }

    @Test
    void floors_raise_scales_unless_they_are_no_numbers() {
        QuantParams p =
                QuantParams.fromRanges(
                        Quantizers.int8PerChannel(),
                        new float[] {-1.27f, -1.27f, -1.27f, -1.27f},
                        new float[4],
                        new float[] {0.5f, 0.001f, NAN, INF});

        assertThat(p.scales()).containsExactly(0.5f, 0.01f, 0.01f, 0.01f);
    }

    @Test
    void one_channel_of_a_per_channel_spec_has_zero_point_zero() {
        QuantParams p =
                QuantParams.fromRanges(
                        Quantizers.int8PerChannel(), new float[] {-1f}, new float[] {2f}, null);

        assertThat(p.zeroPoint()).isZero();
    }

    @Test
    void ranges_that_do_not_match_are_refused() {
        assertThatThrownBy(
                        () ->
                                QuantParams.fromRanges(
                                        Quantizers.int8PerChannel(),
                                        new float[2],
                                        new float[3],
                                        null))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("2 minima, 3 maxima");
        assertThatThrownBy(
                        () ->
                                QuantParams.fromRanges(
                                        Quantizers.int8PerTensor(),
                                        new float[2],
                                        new float[2],
                                        null))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("expected one of each");
        assertThatThrownBy(() -> QuantParams.fromRange(Quantizers.int8PerChannel(), 0, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("use fromRanges");
    }

    @ParameterizedTest
    @CsvSource({"0", "-1", "NaN", "Infinity"})
    void scales_that_are_none_are_refused(float scale) {
        assertThatThrownBy(() -> QuantParams.of(Quantizers.int8PerTensor(), scale, 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("scale[0]=" + scale);
    }

    @Test
    void parameters_that_contradict_the_spec_are_refused() {
        assertThatThrownBy(() -> QuantParams.of(Quantizers.int8PerTensor(), 1f, 3))
                .hasMessageContaining("zeroPoint=3 for the symmetric");
        assertThatThrownBy(() -> QuantParams.of(Quantizers.uint8PerTensor(), 1f, 256))
                .hasMessageContaining("zeroPoint=256 is outside 0..255");
        assertThatThrownBy(
                        () -> QuantParams.of(Quantizers.int8PerTensor(), new float[] {1f, 2f}, 0))
                .hasMessageContaining("2 scales for the per-tensor");
        assertThatThrownBy(() -> QuantParams.of(Quantizers.int8PerChannel(), new float[0], 0))
                .hasMessageContaining("no scale");
        assertThatThrownBy(
                        () ->
                                QuantParams.of(Quantizers.int8PerChannel(), new float[] {1f, 2f}, 0)
                                        .scale())
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("2 scales");
    }

    @Test
    void parameters_are_values() {
        float[] scales = {0.1f, 0.2f};
        QuantParams p = QuantParams.of(Quantizers.int8PerChannel(), scales, 0);
        scales[0] = 9f;
        p.scales()[1] = 9f;

        assertThat(p)
                .isEqualTo(QuantParams.of(Quantizers.int8PerChannel(), new float[] {0.1f, 0.2f}, 0))
                .hasSameHashCodeAs(
                        QuantParams.of(Quantizers.int8PerChannel(), new float[] {0.1f, 0.2f}, 0))
                .isNotEqualTo(QuantParams.of(Quantizers.int8PerTensor(), 0.1f, 0))
                .hasToString("int8(scale=2 scales, zeroPoint=0)");
    }

    @ParameterizedTest
    @CsvSource({
        // scale 0.5: the levels are -1.5, -0.5, 0.5, 1.5, the ties -1, 0, 1
        "-9, -3",
        "-1.5, -3",
        "-1.01, -3",
        "-1, -3",
        "-0.99, -1",
        "-1e-30, -1",
        "-0.0, 1",
        "0, 1",
        "1e-30, 1",
        "0.99, 1",
        "1, 1",
        "1.01, 3",
        "9, 3"
    })
    void mid_rise_rounds_to_the_nearest_odd_integer(float x, int q) {
        QuantParams p = QuantParams.of(Quantizers.midRisePerTensor(2), 0.5f, 0);
        assertThat(p.quantize(x, 0)).isEqualTo(q);
    }

    @Test
    void a_raised_scale_is_at_least_the_floor_and_nothing_else_changes() {
        QuantParams p = QuantParams.of(Quantizers.int8PerChannel(), new float[] {1f, 2f, 3f}, 0);
        assertThat(p.atLeast(new float[] {0.5f, 2.5f, Float.NaN}).scales())
                .containsExactly(1f, 2.5f, 3f);
        assertThat(p.atLeast(null)).isSameAs(p);
    }
}
