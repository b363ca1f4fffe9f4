package io.github.dl4jqat.examples.equivalence;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

final class PredictionsTest {

    private static final Predictions A =
            new Predictions(new double[] {3, 1, 0, 2, 5, 4, 1, 0}, new int[] {0, 1, 1, 1});
    private static final Predictions B =
            new Predictions(new double[] {3, 1, 2, 0, 5, 4, 0, 1}, new int[] {0, 1, 1, 1});

    @Test
    void accuracy_and_loss() {
        assertThat(A.accuracy()).isEqualTo(0.5);
        double expected =
                (Math.log1p(Math.exp(-2))
                                + Math.log1p(Math.exp(-2))
                                + Math.log1p(Math.exp(1))
                                + Math.log1p(Math.exp(1)))
                        / 4;
        assertThat(A.loss()).isCloseTo(expected, within(1e-12));
        assertThat(new Predictions(new double[] {1000, -1000}, new int[] {1}).loss())
                .isCloseTo(2000, within(1e-9));
    }

    @Test
    void agreements() {
        assertThat(A.agreement(B)).isEqualTo(0.5);
        assertThat(A.agreementInError(B)).isEqualTo(1);
        assertThat(A.logitError(B)).isEqualTo((4 + 4 + 1 + 1) / 8.0);
        Predictions right = new Predictions(new double[] {1, 0}, new int[] {0});
        assertThat(right.agreementInError(right)).isNaN();
    }

    @Test
    void correlation_of_curves() {
        Curve up = curve(1, 2, 3);
        assertThat(up.correlation(curve(10, 20, 30))).isCloseTo(1, within(1e-12));
        assertThat(up.correlation(curve(3, 2, 1))).isCloseTo(-1, within(1e-12));
        assertThat(up.correlation(curve(0, 3, 0))).isCloseTo(0, within(1e-12));
        assertThat(up.correlation(curve(1, 1, 1))).isNaN();
        assertThatThrownBy(() -> up.correlation(curve(1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("3 points and 1");
    }

    private static Curve curve(double... values) {
        Curve curve = new Curve();
        for (int i = 0; i < values.length; i++) {
            curve.add(i, values[i]);
        }
        return curve;
    }
}
