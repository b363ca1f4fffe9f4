package io.github.dl4jqat.quant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class QuantSpecTest {

    @ParameterizedTest(name = "{0} bits, signed={1}, narrow={2}: {3}..{4}")
    @CsvSource({
        "2, true, false, -2, 1",
        "2, true, true, -1, 1",
        "2, false, false, 0, 3",
        "4, true, true, -7, 7",
        "4, false, false, 0, 15",
        "8, true, false, -128, 127",
        "8, true, true, -127, 127",
        "8, false, false, 0, 255",
        "8, false, true, 1, 255",
        "16, true, false, -32768, 32767",
        "16, false, false, 0, 65535",
    })
    void integers_follow_from_width_sign_and_narrow_range(
            int bits, boolean signed, boolean narrow, int qMin, int qMax) {
        QuantSpec spec =
                new QuantSpec(bits, signed, Symmetry.AFFINE, narrow, Granularity.perTensor());

        assertThat(spec.qMin()).isEqualTo(qMin);
        assertThat(spec.qMax()).isEqualTo(qMax);
    }

    @ParameterizedTest
    @ValueSource(ints = {Integer.MIN_VALUE, -8, 0, 17, 32, Integer.MAX_VALUE})
    void widths_outside_1_to_16_are_refused(int bits) {
        assertThatThrownBy(() -> Quantizers.intPerTensor(bits))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("bits=" + bits + " is outside 1..16")
                .hasMessageContaining("leave the spec out");
    }

    @Test
    void one_bit_is_unsigned_or_mid_rise() {
        assertThat(Quantizers.uintPerTensor(1).qMin()).isZero();
        assertThat(Quantizers.uintPerTensor(1).qMax()).isEqualTo(1);
        assertThat(Quantizers.binaryPerChannel().qMin()).isEqualTo(-1);
        assertThat(Quantizers.binaryPerChannel().qMax()).isEqualTo(1);
        assertThat(Quantizers.binaryPerChannel().typeName()).isEqualTo("binary");
        assertThatThrownBy(() -> Quantizers.intPerTensor(1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("binaryPerChannel()");
    }

    @ParameterizedTest
    @CsvSource({"1, 1", "2, 3", "4, 15", "7, 127"})
    void mid_rise_integers_are_odd_and_symmetric(int bits, int qMax) {
        assertThat(Quantizers.midRisePerTensor(bits).qMax()).isEqualTo(qMax);
        assertThat(Quantizers.midRisePerTensor(bits).qMin()).isEqualTo(-qMax);
    }

    @Test
    void mid_rise_that_is_unsigned_narrow_or_too_wide_is_refused() {
        assertThatThrownBy(() -> Quantizers.midRisePerTensor(8))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("1 to 7 bits");
        for (boolean signed : new boolean[] {true, false}) {
            assertThatThrownBy(
                            () ->
                                    new QuantSpec(
                                            2,
                                            signed,
                                            Symmetry.MID_RISE,
                                            signed,
                                            Granularity.perTensor()))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("MID_RISE with bits=2");
        }
    }

    @Test
    void unsigned_symmetric_narrow_would_have_no_zero_and_is_refused() {
        assertThatThrownBy(
                        () ->
                                new QuantSpec(
                                        8,
                                        false,
                                        Symmetry.SYMMETRIC,
                                        true,
                                        Granularity.perTensor()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("no integer for zero")
                .hasMessageContaining("symmetry=AFFINE");
    }

    @Test
    void affine_with_several_scales_is_refused() {
        for (Granularity several :
                new Granularity[] {Granularity.perChannel(), Granularity.perGroup(32)}) {
            assertThatThrownBy(() -> new QuantSpec(8, true, Symmetry.AFFINE, false, several))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining(several.kind().toString())
                    .hasMessageContaining("one zero point")
                    .hasMessageContaining("SYMMETRIC");
        }
    }

    @Test
    void missing_parts_are_refused() {
        assertThatThrownBy(() -> new QuantSpec(8, true, null, false, Granularity.perTensor()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("symmetry=null");
        assertThatThrownBy(() -> new QuantSpec(8, true, Symmetry.AFFINE, false, null))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("granularity=null");
    }

    @Test
    void group_sizes_belong_to_groups_only() {
        assertThatThrownBy(() -> Granularity.perGroup(1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("groupSize=1")
                .hasMessageContaining("at least 2");
        assertThatThrownBy(() -> new Granularity(Granularity.Kind.PER_CHANNEL, 4))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("the others need 0");
        assertThatThrownBy(() -> new Granularity(null, 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("kind is null");
    }

    @Test
    void messages_get_words_and_no_record() {
        assertThat(Quantizers.int8PerChannel())
                .hasToString("int8 (symmetric, narrow, per channel)");
        assertThat(Quantizers.uint8PerTensor()).hasToString("uint8 (affine, per tensor)");
        assertThat(Quantizers.binaryPerChannel()).hasToString("binary (per channel)");
        assertThat(Quantizers.int4PerGroup(32))
                .hasToString("int4 (symmetric, narrow, per group of 32)");
    }

    @Test
    void presets_are_what_their_names_say() {
        assertThat(Quantizers.int8PerChannel())
                .isEqualTo(
                        new QuantSpec(8, true, Symmetry.SYMMETRIC, true, Granularity.perChannel()));
        assertThat(Quantizers.int4PerGroup(32).granularity()).isEqualTo(Granularity.perGroup(32));
        assertThat(Quantizers.int2PerChannel().qMin()).isEqualTo(-1);
        assertThat(Quantizers.uint4PerTensor().qMax()).isEqualTo(15);
        assertThat(Quantizers.int8AffinePerTensor().qMin()).isEqualTo(-128);
        assertThat(Quantizers.uint8PerTensor().typeName()).isEqualTo("uint8");
        assertThat(Quantizers.int8PerTensor().withBits(4)).isEqualTo(Quantizers.intPerTensor(4));
    }
}
