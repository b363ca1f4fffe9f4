package io.github.dl4jqat.quant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class RequantizerTest {

    private static final QuantSpec UINT8 = Quantizers.uint8PerTensor();
    private static final QuantSpec INT8 = Quantizers.int8AffinePerTensor();

    private static Requantizer of(Requantization mode, float factor, int zeroPoint) {
        QuantParams out = QuantParams.of(INT8, 1f, zeroPoint);
        return Requantizer.of(mode, factor, new float[] {1f}, out, -128, 127);
    }

    /** A fully connected layer with two inputs, by hand: .725 comes out as 78, .73. */
    @ParameterizedTest
    @EnumSource(Requantization.class)
    void fullyConnectedExample(Requantization mode) {
        int q0 = 40;
        int q1 = -35;
        int acc = (q0 + 10) * 127 + (q1 + 10) * -64 + 1270;
        assertThat(acc).isEqualTo(9220);
        QuantParams out = QuantParams.of(INT8, .01f, 5);
        float[] weightScale = {.5f / 127};
        Requantizer requantizer = Requantizer.of(mode, .02f, weightScale, out, -128, 127);
        assertThat(requantizer.apply(acc, 0)).isEqualTo(78);
        assertThat(out.dequantize(78, 0)).isEqualTo(73 * .01f);
    }

    @ParameterizedTest
    @CsvSource({"1, 0", "3, 2", "5, 2", "7, 4", "-1, 0", "-3, -2", "-5, -2", "2, 1"})
    void floatTiesGoToEven(int acc, int expected) {
        assertThat(of(Requantization.FLOAT, .5f, 0).apply(acc, 0)).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "3, 2", "5, 3", "-1, 0", "-3, -1", "-5, -2"})
    void fixedPointTiesAtTheHighProductGoUp(int acc, int expected) {
        assertThat(of(Requantization.FIXED_POINT, .5f, 0).apply(acc, 0)).isEqualTo(expected);
    }

    @ParameterizedTest
    @EnumSource(Requantization.class)
    void saturatesAtTheEndsOfTheRange(Requantization mode) {
        Requantizer requantizer = of(mode, 1f, 100);
        assertThat(requantizer.apply(27, 0)).isEqualTo(127);
        assertThat(requantizer.apply(28, 0)).isEqualTo(127);
        assertThat(requantizer.apply(1 << 30, 0)).isEqualTo(127);
        assertThat(requantizer.apply(-228, 0)).isEqualTo(-128);
        assertThat(requantizer.apply(-229, 0)).isEqualTo(-128);
        assertThat(requantizer.apply(-(1 << 30), 0)).isEqualTo(-128);
    }

    @ParameterizedTest
    @EnumSource(Requantization.class)
    void clampIsAnActivation(Requantization mode) {
        QuantParams out = QuantParams.of(UINT8, 1f, 30);
        Requantizer relu = Requantizer.of(mode, 1f, new float[] {1f}, out, 30, 90);
        assertThat(relu.apply(-5, 0)).isEqualTo(30);
        assertThat(relu.apply(5, 0)).isEqualTo(35);
        assertThat(relu.apply(500, 0)).isEqualTo(90);
    }

    @ParameterizedTest
    @EnumSource(Requantization.class)
    void eachChannelHasItsFactor(Requantization mode) {
        QuantParams out = QuantParams.of(UINT8, .5f, 0);
        Requantizer two = Requantizer.of(mode, 1f, new float[] {.5f, 2f}, out, 0, 255);
        assertThat(two.size()).isEqualTo(2);
        assertThat(two.apply(10, 0)).isEqualTo(10);
        assertThat(two.apply(10, 1)).isEqualTo(40);
        Requantizer one = Requantizer.of(mode, 1f, new float[] {.5f}, out, 0, 255);
        assertThat(one.apply(10, 7)).isEqualTo(10);
    }

    /** First the product of the scales in float, then the quotient in float: as in runtimes. */
    @Test
    void floatFactorIsRoundedTwice() {
        QuantParams out = QuantParams.of(UINT8, .3f, 0);
        Requantizer requantizer =
                Requantizer.of(Requantization.FLOAT, .1f, new float[] {.7f}, out, 0, 255);
        assertThat(requantizer.factor(0)).isEqualTo((float) ((double) (.1f * .7f) / .3f));
    }

    /** A quarter: with 19 more bits only the last rounding can be wrong, and it is the only one. */
    @ParameterizedTest
    @CsvSource({"1, 0", "2, 1", "3, 1", "6, 2", "-1, 0", "-2, -1", "-6, -2", "510, 127"})
    void fixedPointSumsOfTwoAreRoundedOnce(int acc, int expected) {
        QuantParams addend = QuantParams.of(UINT8, 1f, 0);
        QuantParams out = QuantParams.of(INT8, 4f, 0);
        Requantization mode = Requantization.FIXED_POINT;
        Requantizer sum = Requantizer.ofSum(mode, List.of(addend, addend), 1f, out, -128, 127);
        assertThat(sum.apply(acc, 0)).isEqualTo(expected);
    }

    @Test
    void otherFixedPointSumsAreRoundedTwice() {
        QuantParams addend = QuantParams.of(UINT8, 1f, 0);
        QuantParams wide = QuantParams.of(Quantizers.int16PerTensor(), 1f, 0);
        QuantParams out = QuantParams.of(INT8, 4f, 0);
        Requantization mode = Requantization.FIXED_POINT;
        for (List<QuantParams> addends :
                List.of(List.of(addend, addend, addend), List.of(wide, wide))) {
            Requantizer sum = Requantizer.ofSum(mode, addends, 1f, out, -128, 127);
            assertThat(sum.apply(1, 0)).isEqualTo(1);
        }
        List<QuantParams> pair = List.of(addend, addend);
        QuantParams half = QuantParams.of(INT8, 2f, 0);
        assertThat(Requantizer.ofSum(mode, pair, .5f, half, -128, 127).apply(1, 0)).isEqualTo(1);
        Requantizer floats = Requantizer.ofSum(Requantization.FLOAT, pair, 1f, out, -128, 127);
        assertThat(floats.apply(2, 0)).isZero();
        assertThat(floats.apply(6, 0)).isEqualTo(2);
    }

    @Test
    void fixedPointProductsMultiplyByTheFloatFactor() {
        QuantParams a = QuantParams.of(UINT8, .1f, 0);
        QuantParams b = QuantParams.of(UINT8, .7f, 0);
        QuantParams out = QuantParams.of(Quantizers.int16PerTensor(), .0003f, 0);
        Requantizer product =
                Requantizer.ofProduct(Requantization.FIXED_POINT, a, b, out, -32768, 32767);
        FixedPointMultiplier m = FixedPointMultiplier.of((.1f * .7f) / .0003f);
        for (int acc = -100; acc <= 100; acc++) {
            assertThat(product.apply(acc, 0)).isEqualTo(m.multiply(acc));
        }
    }

    @ParameterizedTest
    @EnumSource(Requantization.class)
    void manyAccumulatorsGiveWhatEachGives(Requantization mode) {
        Random random = new Random(3);
        for (int i = 0; i < 200; i++) {
            float scale = (float) Math.scalb(random.nextDouble() + .5, -random.nextInt(30));
            int zeroPoint = random.nextInt(256) - 128;
            QuantParams out = QuantParams.of(INT8, 1f, zeroPoint);
            float[] scales = {1f, scale, .5f};
            Requantizer r = Requantizer.of(mode, i % 2 == 0 ? .5f : scale, scales, out, -128, 120);
            int[] acc = random.ints(50).map(a -> a >> random.nextInt(32)).toArray();
            acc[3] = Integer.MIN_VALUE;
            acc[4] = Integer.MAX_VALUE;
            int[] many = new int[60];
            r.apply(acc, 2, i % 3, many, 7, 40);
            for (int k = 0; k < 40; k++) {
                assertThat(many[7 + k]).isEqualTo(r.apply(acc[2 + k], i % 3));
            }
            assertThat(many[6] + many[47]).isZero();
        }
    }

    @Test
    void refusesAnEmptyClamp() {
        QuantParams out = QuantParams.of(UINT8, 1f, 0);
        assertThatThrownBy(
                        () -> Requantizer.of(Requantization.FLOAT, 1f, new float[] {1f}, out, 5, 4))
                .hasMessageContaining("low=5 > high=4");
    }
}
