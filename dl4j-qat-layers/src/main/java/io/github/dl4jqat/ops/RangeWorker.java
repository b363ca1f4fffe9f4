package io.github.dl4jqat.ops;

import java.util.Arrays;
import org.bytedeco.javacpp.FloatPointer;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * One thread's part of the search for the smallest and the largest value of a long FLOAT array:
 * first over all blocks for each place in a block, then over the places. A loop over places is
 * vectorized; one with a single result is, too, but waits for each comparison before the next.
 */
final class RangeWorker extends BlockWorker {

    private static final ThreadLocal<float[][]> BLOCKS =
            ThreadLocal.withInitial(() -> new float[3][OffHeapBlocks.BLOCK]);

    private final INDArray x;
    private final float[] range;
    private final FloatPointer pointer;
    private final float[] block;
    private final float[] smallest;
    private final float[] largest;

    /**
     * A part.
     *
     * @param range for the result, {@code {min, max}}
     */
    private RangeWorker(INDArray x, float[] range) {
        super(false);
        this.x = x;
        this.range = range;
        range[0] = Float.POSITIVE_INFINITY;
        range[1] = Float.NEGATIVE_INFINITY;
        pointer = new FloatPointer(x.data().pointer());
        float[][] own = BLOCKS.get();
        block = own[0];
        smallest = own[1];
        largest = own[2];
        Arrays.fill(smallest, Float.POSITIVE_INFINITY);
        Arrays.fill(largest, Float.NEGATIVE_INFINITY);
    }

    /** {@code {min, max}}; neither is finite if any element is not. */
    static float[] of(INDArray x) {
        float[][] parts = new float[OffHeapBlocks.parts()][];
        OffHeapBlocks.overBlocks(
                DenseLayout.whole(x),
                part -> {
                    parts[part] = new float[2];
                    return new RangeWorker(x, parts[part]);
                });
        float[] all = parts[0];
        for (float[] part : parts) {
            if (part != null) {
                all[0] = Math.min(all[0], part[0]);
                all[1] = Math.max(all[1], part[1]);
            }
        }
        return all;
    }

    @Override
    void load(long at, int n) {
        pointer.position(x.offset() + at).get(block, 0, n);
    }

    @Override
    void run(int from, int to, int scale) {
        for (int i = from; i < to; i++) {
            smallest[i] = Math.min(smallest[i], block[i]);
        }
        for (int i = from; i < to; i++) {
            largest[i] = Math.max(largest[i], block[i]);
        }
    }

    @Override
    void finish() {
        for (int i = 0; i < OffHeapBlocks.BLOCK; i++) {
            range[0] = Math.min(range[0], smallest[i]);
            range[1] = Math.max(range[1], largest[i]);
        }
    }

    @Override
    void store(long at, int n) {
        // Nothing changes.
    }

    @Override
    void expand(int from, int to, int channel, int channels) {
        throw new AssertionError("one scale for all");
    }

    @Override
    void each(int n) {
        throw new AssertionError("one scale for all");
    }
}
