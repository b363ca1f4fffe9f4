package io.github.dl4jqat.integer;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.dl4jqat.Seeds;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.QuantSpec;
import io.github.dl4jqat.quant.Quantizers;
import java.nio.ByteBuffer;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@ExtendWith(Seeds.class)
class QuantizeLoopTest {

    /** More than a block, and no multiple of one. */
    private static final int N = 2500;

    static Stream<QuantSpec> specs() {
        return Stream.of(
                Quantizers.uint8PerTensor(),
                Quantizers.intPerTensor(8),
                Quantizers.intPerTensor(4),
                Quantizers.uintPerTensor(1),
                Quantizers.int16PerTensor());
    }

    @ParameterizedTest
    @MethodSource("specs")
    void the_loop_gives_what_single_numbers_give(QuantSpec spec) {
        Random random = new Random(Seeds.current());
        QuantParams params = QuantParams.fromRange(spec, spec.signed() ? -1 : -0.3f, 1);
        float[] x = values(params, random);
        int[] q = new int[N + 3];
        QuantizeLoop.ints(params, x, 1, q, 2, N - 1);
        for (int i = 0; i < N - 1; i++) {
            assertThat(q[i + 2]).as("%s", x[i + 1]).isEqualTo(params.quantize(x[i + 1], 0));
        }
        assertThat(q[1]).isZero();
        assertThat(q[N + 1]).isZero();
        if (spec.bits() <= Byte.SIZE) {
            ByteBuffer out = ByteBuffer.allocateDirect(N + 5);
            QuantizeLoop.bytes(params, 128, x, 1, out, N - 1);
            assertThat(out.remaining()).isEqualTo(N - 1);
            for (int i = 0; i < N - 1; i++) {
                assertThat(out.get(i))
                        .as("%s", x[i + 1])
                        .isEqualTo((byte) (params.quantize(x[i + 1], 0) + 128));
            }
        }
    }

    /** Ties, ends, and what is no finite number, one NaN with low bits of its own among them. */
    private static float[] values(QuantParams params, Random random) {
        float[] special = {
            Float.NaN,
            Float.intBitsToFloat(0x7fc00001),
            Float.intBitsToFloat(0xffc01234),
            Float.POSITIVE_INFINITY,
            Float.NEGATIVE_INFINITY,
            Float.MAX_VALUE,
            -Float.MAX_VALUE,
            Float.MIN_VALUE,
            0f,
            -0f
        };
        float[] x = new float[N];
        for (int i = 0; i < N; i++) {
            x[i] =
                    switch (i % 3) {
                        case 0 -> special[i / 3 % special.length];
                        case 1 -> (random.nextInt(600) - 300 + 0.5f) * params.scale();
                        default -> (float) random.nextGaussian();
                    };
        }
        return x;
    }

    @Test
    void buffers_are_used_again_where_they_are_large_enough() {
        DirectBuffers buffers = new DirectBuffers();
        ByteBuffer first = buffers.take(10);
        ByteBuffer second = buffers.take(10);
        assertThat(second).isNotSameAs(first);
        buffers.giveBack(first);
        assertThat(buffers.take(8)).isSameAs(first);
        buffers.giveBack(second);
        assertThat(buffers.take(11).capacity()).isGreaterThanOrEqualTo(11);
    }
}
