package io.github.dl4jqat.integer;

import io.github.dl4jqat.quant.QuantParams;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;

/**
 * {@link QuantParams#quantize(float, int)} over arrays, in loops that the JIT compiler vectorizes:
 * adding 1.5 * 2^23 to a number of steps below 2^22 rounds it, ties to even, and leaves it in the
 * low bits of the float. For that each loop reads and writes its arrays at the same place, so a
 * block is copied before it is worked on, and floats become their bits by way of a buffer: the
 * compiler knows no vector form of {@link Float#floatToRawIntBits}.
 *
 * <p>Not thread-safe.
 */
final class QuantizeLoop {

    private static final float ROUND = 0x1.8p23f;
    private static final int LARGEST_STEP = 1 << 22;
    private static final int BLOCK = 1024;

    /** The bits of a step are those of ROUND plus the step, and all begin like this. */
    private static final int ROUND_BITS = Float.floatToRawIntBits(ROUND);

    private static final int FIRST_BITS = 0x4B000000;
    private static final int FIRST_SHIFT = 23;
    private static final int BYTE = 0xFF;

    private final float[] steps;
    private final int[] bits;
    private final FloatBuffer asFloats;
    private final IntBuffer asInts;

    /** A loop for arrays of up to that many elements; for longer ones it works in blocks. */
    QuantizeLoop(int elements) {
        int n = Math.min(BLOCK, elements);
        steps = new float[n];
        bits = new int[n];
        ByteBuffer both = ByteBuffer.allocate(Float.BYTES * n).order(ByteOrder.nativeOrder());
        asFloats = both.asFloatBuffer();
        asInts = both.asIntBuffer();
    }

    /** Quantizes {@code count} floats from {@code from} on into {@code q} from {@code to} on. */
    static void ints(QuantParams params, float[] x, int from, int[] q, int to, int count) {
        if (Math.max(-params.lowestStep(), params.highestStep()) >= LARGEST_STEP) {
            for (int i = 0; i < count; i++) {
                q[to + i] = params.quantize(x[from + i], 0);
            }
            return;
        }
        QuantizeLoop loop = new QuantizeLoop(count);
        for (int done = 0; done < count; done += loop.bits.length) {
            int n = Math.min(loop.bits.length, count - done);
            loop.block(params, x, from + done, n);
            add(params.zeroPoint() - ROUND_BITS, loop.bits, n);
            System.arraycopy(loop.bits, 0, q, to + done, n);
        }
    }

    /**
     * The same into bytes from the start of a buffer, for integers of up to 8 bits.
     *
     * @param shift added to each
     */
    static void bytes(
            QuantParams params, int shift, float[] x, int from, ByteBuffer out, int count) {
        QuantizeLoop loop = new QuantizeLoop(count);
        int zero = params.zeroPoint() + shift;
        byte[] bytes = new byte[loop.bits.length];
        out.clear();
        for (int done = 0; done < count; done += bytes.length) {
            int n = Math.min(bytes.length, count - done);
            loop.block(params, x, from + done, n);
            narrow(zero, loop.bits, bytes, n);
            out.put(bytes, 0, n);
        }
        out.flip();
    }

    /**
     * The same unsigned bytes as {@link #bytes} into the front of an array.
     *
     * @param shift added to each
     */
    void unsigned(QuantParams params, int shift, float[] x, int from, int[] q, int count) {
        for (int done = 0; done < count; done += bits.length) {
            int n = Math.min(bits.length, count - done);
            block(params, x, from + done, n);
            mask(params.zeroPoint() + shift, bits, n);
            System.arraycopy(bits, 0, q, done, n);
        }
    }

    /** Numbers of steps as the low bits of integers; those of NaN are 0. */
    private void block(QuantParams params, float[] x, int from, int n) {
        System.arraycopy(x, from, steps, 0, n);
        raise(params.scale(), params.lowestStep(), params.highestStep(), steps, n);
        asFloats.clear().put(steps, 0, n);
        asInts.clear().get(bits, 0, n);
        if (differences(bits, n) >>> FIRST_SHIFT != 0) {
            for (int i = 0; i < n; i++) {
                bits[i] = Float.isNaN(steps[i]) ? ROUND_BITS : bits[i];
            }
        }
    }

    private static void raise(float scale, float low, float high, float[] steps, int n) {
        for (int i = 0; i < n; i++) {
            steps[i] = Math.max(low, Math.min(high, steps[i] / scale)) + ROUND;
        }
    }

    private static int differences(int[] bits, int n) {
        int all = 0;
        for (int i = 0; i < n; i++) {
            all |= bits[i] ^ FIRST_BITS;
        }
        return all;
    }

    private static void add(int number, int[] bits, int n) {
        for (int i = 0; i < n; i++) {
            bits[i] += number;
        }
    }

    private static void mask(int zero, int[] bits, int n) {
        for (int i = 0; i < n; i++) {
            bits[i] = (bits[i] + zero) & BYTE;
        }
    }

    private static void narrow(int zero, int[] bits, byte[] bytes, int n) {
        for (int i = 0; i < n; i++) {
            bytes[i] = (byte) (bits[i] + zero);
        }
    }
}
