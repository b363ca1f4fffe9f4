package io.github.dl4jqat.ops;

import io.github.dl4jqat.kernels.KernelRun;
import io.github.dl4jqat.kernels.LearnedStepBackward;
import io.github.dl4jqat.kernels.LearnedStepFloats;
import io.github.dl4jqat.kernels.Rectifier;
import io.github.dl4jqat.quant.QuantParams;
import org.bytedeco.javacpp.FloatPointer;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * One thread's part of the backward pass of a learned step over FLOAT arrays: {@link
 * LearnedStepFloats}, and where a stretch has a value that is no finite number, {@link
 * LearnedStepBackward}.
 */
final class LearnedStepWorker extends BlockWorker {

    private static final ThreadLocal<float[][]> BLOCKS =
            ThreadLocal.withInitial(() -> new float[4][OffHeapBlocks.BLOCK]);

    private final QuantParams params;
    private final KernelRun exact;
    private final boolean rectified;
    private final double[][] sums;
    private final INDArray x;
    private final INDArray grad;
    private final INDArray target;
    private final FloatPointer xPointer;
    private final FloatPointer gradPointer;
    private final FloatPointer targetPointer;
    private final float[][] blocks;

    /**
     * A part.
     *
     * @param exact set up for the kernel that serves where this one cannot
     * @param sums {@code [scale][parameter]}, to add to
     */
    LearnedStepWorker(
            QuantParams params,
            KernelRun exact,
            boolean rectified,
            double[][] sums,
            INDArray x,
            INDArray grad,
            INDArray target) {
        super(false);
        this.params = params;
        this.exact = exact;
        this.rectified = rectified;
        this.sums = sums;
        this.x = x;
        this.grad = grad;
        this.target = target;
        xPointer = new FloatPointer(x.data().pointer());
        gradPointer = new FloatPointer(grad.data().pointer());
        targetPointer = new FloatPointer(target.data().pointer());
        blocks = BLOCKS.get();
    }

    @Override
    void load(long at, int n) {
        xPointer.position(x.offset() + at).get(blocks[0], 0, n);
        gradPointer.position(grad.offset() + at).get(blocks[1], 0, n);
        if (rectified) {
            Rectifier.apply(blocks[0], 0, n);
        }
    }

    @Override
    void run(int from, int to, int scale) {
        double sum =
                LearnedStepFloats.apply(
                        blocks[0],
                        blocks[1],
                        blocks[2],
                        blocks[3],
                        from,
                        to,
                        params.scale(scale),
                        params.lowestStep(),
                        params.highestStep());
        if (Double.isNaN(sum)) {
            exactly(from, to, scale);
        } else {
            sums[scale][0] += sum;
        }
    }

    private void exactly(int from, int to, int scale) {
        exact.x = new double[to];
        exact.grad = new double[to];
        exact.out = exact.grad;
        for (int i = from; i < to; i++) {
            exact.x[i] = blocks[0][i];
            exact.grad[i] = blocks[1][i];
        }
        exact.from = from;
        exact.to = to;
        exact.scale = params.scale(scale);
        exact.sums = sums[scale];
        LearnedStepBackward.INSTANCE.backward(exact);
        for (int i = from; i < to; i++) {
            blocks[1][i] = (float) exact.out[i];
        }
    }

    @Override
    void store(long at, int n) {
        if (rectified) {
            Rectifier.mask(blocks[0], blocks[1], 0, n);
        }
        targetPointer.position(target.offset() + at).put(blocks[1], 0, n);
    }

    @Override
    void expand(int from, int to, int channel, int channels) {
        throw new AssertionError("estimators work in runs");
    }

    @Override
    void each(int n) {
        throw new AssertionError("estimators work in runs");
    }
}
