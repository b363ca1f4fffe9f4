package io.github.dl4jqat.quant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FixedPointMultiplierTest {

    @ParameterizedTest
    @CsvSource({
        "0.0003, 1319413953, -11",
        "0.5, 1073741824, 0",
        "0.75, 1610612736, 0",
        "1, 1073741824, 1",
        "0.25, 1073741824, -1",
        "0.3333333333333333, 1431655765, -1",
        "0.002, 1099511628, -8",
        "0, 0, 0"
    })
    void mantissaAndShift(double factor, int mantissa, int shift) {
        assertThat(FixedPointMultiplier.of(factor))
                .isEqualTo(new FixedPointMultiplier(mantissa, shift));
    }

    @ParameterizedTest
    @CsvSource({
        "0.0003, 12345, 4",
        "0.0003, 5000, 2",
        "0.0003, -5000, -2",
        "0.0003, 100000, 30",
        "0.25, 1, 1",
        "0.25, 2, 1",
        "0.25, -2, -1",
        "0.25, 6, 2",
        "0.25, -6, -2",
        "0.25, 10, 3",
        "0.25, -10, -3",
        "0.5, 1, 1",
        "0.5, -1, 0",
        "0.5, 3, 2",
        "0.5, -3, -1"
    })
    void product(double factor, int acc, int expected) {
        assertThat(FixedPointMultiplier.of(factor).multiply(acc)).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({
        "1073741824, 1073741824, 536870912",
        "-2147483648, -2147483648, 2147483647",
        "3, 1073741824, 2",
        "-3, 1073741824, -1",
        "1, 1073741824, 1",
        "-1, 1073741824, 0",
        "12345, 1717986918, 9876"
    })
    void highProductRoundsHalfUp(int a, int b, int expected) {
        assertThat(FixedPointMultiplier.roundingDoublingHighProduct(a, b)).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({
        "5, 1, 3",
        "-5, 1, -3",
        "6, 2, 2",
        "-6, 2, -2",
        "7, 2, 2",
        "2, 2, 1",
        "-2, 2, -1",
        "1, 0, 1",
        "-1, 1, -1",
        "-3, 1, -2"
    })
    void shiftRoundsHalfAwayFromZero(int x, int exponent, int expected) {
        assertThat(FixedPointMultiplier.roundingShiftRight(x, exponent)).isEqualTo(expected);
    }

    @Test
    void mantissaThatRoundsUpToTwoToThe31MovesTheShift() {
        assertThat(FixedPointMultiplier.of(Math.nextDown(1.0)))
                .isEqualTo(new FixedPointMultiplier(1 << 30, 1));
    }

    @Test
    void factorBelowTwoToTheMinus32IsZero() {
        assertThat(FixedPointMultiplier.of(0x1p-33).multiply(Integer.MAX_VALUE)).isZero();
        assertThat(FixedPointMultiplier.of(0x1p-32))
                .isEqualTo(new FixedPointMultiplier(1 << 30, -31));
    }

    @Test
    void factorAboveOneSaturatesInsteadOfChangingTheSign() {
        FixedPointMultiplier four = FixedPointMultiplier.of(4);
        assertThat(four.multiply(1 << 28)).isEqualTo(1 << 30);
        assertThat(four.multiply(Integer.MAX_VALUE)).isGreaterThanOrEqualTo(1 << 29);
        assertThat(four.multiply(Integer.MIN_VALUE)).isLessThanOrEqualTo(-(1 << 29));
    }

    @Test
    void refusesFactorsItCannotHold() {
        for (double factor : new double[] {-1, Double.NaN, Double.POSITIVE_INFINITY, 0x1p30}) {
            assertThatThrownBy(() -> FixedPointMultiplier.of(factor))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("factor=" + factor);
        }
    }

    /** Against decimals without rounding: first half up at 2^31, then half away from zero. */
    @Test
    void agreesWithExactDecimals() {
        Random random = new Random(7);
        for (int i = 0; i < 20_000; i++) {
            double factor = Math.scalb(0.5 + random.nextDouble() / 2, -random.nextInt(30));
            FixedPointMultiplier m = FixedPointMultiplier.of(factor);
            int acc = random.nextInt() >> random.nextInt(24);
            BigDecimal high =
                    BigDecimal.valueOf((long) acc * m.mantissa())
                            .divide(BigDecimal.valueOf(1L << 31))
                            .add(new BigDecimal("0.5"))
                            .setScale(0, RoundingMode.FLOOR);
            BigDecimal expected =
                    high.divide(BigDecimal.valueOf(1L << -m.shift()))
                            .setScale(0, RoundingMode.HALF_UP);
            assertThat(m.multiply(acc))
                    .as("%s times %s", factor, acc)
                    .isEqualTo(expected.intValueExact());
        }
    }
}
