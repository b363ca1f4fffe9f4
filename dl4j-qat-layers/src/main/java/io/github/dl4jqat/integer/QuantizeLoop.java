package io.github.dl4jqat.integer;

import io.github.dl4jqat.quant.QuantParams;
import java.nio.ByteBuffer;

/**
 * {@link QuantParams#quantize(float, int)} over arrays. The part that takes time, the division and
 * the rounding, is a loop that the JIT compiler vectorizes: adding 1.5 * 2^23 to a number of steps
 * below 2^22 rounds it, ties to even, and leaves it in the low bits of the float.
 */
final class QuantizeLoop {

    private static final float ROUND = 0x1.8p23f;
    private static final int LARGEST_STEP = 1 << 22;
    private static final int BLOCK = 1024;

    private QuantizeLoop() {}

    /** Quantizes {@code count} floats from {@code from} on into {@code q} from {@code to} on. */
    static void ints(QuantParams params, float[] x, int from, int[] q, int to, int count) {
        int zero = params.zeroPoint();
        if (Math.max(-params.lowestStep(), params.highestStep()) >= LARGEST_STEP) {
            for (int i = 0; i < count; i++) {
                q[to + i] = params.quantize(x[from + i], 0);
            }
            return;
        }
        float[] steps = new float[Math.min(BLOCK, count)];
        for (int done = 0; done < count; done += BLOCK) {
            int n = Math.min(BLOCK, count - done);
            raised(params, x, from + done, steps, n);
            for (int i = 0; i < n; i++) {
                // NaN is cast to 0, the zero point.
                q[to + done + i] = (int) (steps[i] - ROUND) + zero;
            }
        }
    }

    /**
     * The same into bytes from the start of a buffer, for integers of up to 8 bits.
     *
     * @param shift added to each
     */
    static void bytes(
            QuantParams params, int shift, float[] x, int from, ByteBuffer out, int count) {
        int zero = params.zeroPoint() + shift;
        float[] steps = new float[Math.min(BLOCK, count)];
        byte[] bytes = new byte[steps.length];
        out.clear();
        for (int done = 0; done < count; done += BLOCK) {
            int n = Math.min(BLOCK, count - done);
            raised(params, x, from + done, steps, n);
            for (int i = 0; i < n; i++) {
                // The low byte of the only NaN that this gives is 0 too.
                bytes[i] = (byte) (Float.floatToIntBits(steps[i]) + zero);
            }
            out.put(bytes, 0, n);
        }
        out.flip();
    }

    private static void raised(QuantParams params, float[] x, int from, float[] steps, int n) {
        float scale = params.scale();
        float low = params.lowestStep();
        float high = params.highestStep();
        for (int i = 0; i < n; i++) {
            steps[i] = Math.max(low, Math.min(high, x[from + i] / scale)) + ROUND;
        }
    }
}
