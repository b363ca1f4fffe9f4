package io.github.dl4jqat.quant;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class QuantizeNotANumberTest {

    @Test
    void notANumberBecomesTheZeroPointAndInfinitiesTheEnds() {
        QuantParams params = QuantParams.of(Quantizers.uint8PerTensor(), 0.1f, 25);
        assertThat(params.quantize(Float.NaN, 0)).isEqualTo(25);
        assertThat(params.quantize(Float.POSITIVE_INFINITY, 0)).isEqualTo(255);
        assertThat(params.quantize(Float.NEGATIVE_INFINITY, 0)).isZero();
    }
}
