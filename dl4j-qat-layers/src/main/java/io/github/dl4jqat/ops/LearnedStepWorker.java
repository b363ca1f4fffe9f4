package io.github.dl4jqat.ops;

import io.github.dl4jqat.kernels.EstimatorKernel;
import io.github.dl4jqat.kernels.KernelRun;
import io.github.dl4jqat.kernels.LearnedStepFloats;
import io.github.dl4jqat.kernels.Rectifier;
import io.github.dl4jqat.quant.QuantParams;
import java.util.Arrays;
import org.bytedeco.javacpp.FloatPointer;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * One thread's part of the backward pass of a learned step, with or without an offset, over FLOAT
 * arrays: {@link LearnedStepFloats}, and for a stretch that this cannot serve the kernel itself.
 */
final class LearnedStepWorker extends BlockWorker {

    private static final ThreadLocal<float[][]> BLOCKS =
            ThreadLocal.withInitial(() -> new float[4][OffHeapBlocks.BLOCK]);

    private final QuantParams params;
    private final EstimatorKernel kernel;
    private final KernelRun exact;
    private final boolean rectified;
    private final double[][] sums;
    private final INDArray x;
    private final INDArray grad;
    private final INDArray target;
    private final FloatPointer xPointer;
    private final FloatPointer gradPointer;
    private final FloatPointer targetPointer;
    private final float[] values;
    private final float[] gradients;
    private final float[][] work;

    /**
     * A part.
     *
     * @param kernel serves where the floats cannot
     * @param exact set up for it
     * @param sums {@code [scale][parameter]}, to add to
     */
    LearnedStepWorker(
            QuantParams params,
            EstimatorKernel kernel,
            KernelRun exact,
            boolean rectified,
            double[][] sums,
            INDArray x,
            INDArray grad,
            INDArray target) {
        super(false);
        this.params = params;
        this.kernel = kernel;
        this.exact = exact;
        this.rectified = rectified;
        this.sums = sums;
        this.x = x;
        this.grad = grad;
        this.target = target;
        xPointer = new FloatPointer(x.data().pointer());
        gradPointer = new FloatPointer(grad.data().pointer());
        targetPointer = new FloatPointer(target.data().pointer());
        float[][] blocks = BLOCKS.get();
        values = blocks[0];
        gradients = blocks[1];
        work = Arrays.copyOfRange(blocks, 2, blocks.length);
    }

    @Override
    void load(long at, int n) {
        xPointer.position(x.offset() + at).get(values, 0, n);
        gradPointer.position(grad.offset() + at).get(gradients, 0, n);
    }

    @Override
    void run(int from, int to, int scale) {
        boolean together =
                rectified
                        && LearnedStepFloats.servesBehindRelu(
                                params.scale(scale), params.lowestStep());
        if (rectified && !together) {
            Rectifier.apply(values, from, to);
        }
        boolean done =
                LearnedStepFloats.apply(
                        values,
                        gradients,
                        work,
                        from,
                        to,
                        params.scale(scale),
                        params.lowestStep(),
                        params.highestStep(),
                        together,
                        sums[scale]);
        if (!done) {
            exactly(from, to, scale);
        }
        if (rectified && !(together && done)) {
            Rectifier.mask(values, gradients, from, to);
        }
    }

    private void exactly(int from, int to, int scale) {
        if (rectified) {
            Rectifier.apply(values, from, to);
        }
        exact.x = new double[to];
        exact.grad = new double[to];
        exact.out = exact.grad;
        for (int i = from; i < to; i++) {
            exact.x[i] = values[i];
            exact.grad[i] = gradients[i];
        }
        exact.from = from;
        exact.to = to;
        exact.scale = params.scale(scale);
        exact.sums = sums[scale];
        kernel.backward(exact);
        for (int i = from; i < to; i++) {
            gradients[i] = (float) exact.out[i];
        }
    }

    @Override
    void store(long at, int n) {
        targetPointer.position(target.offset() + at).put(gradients, 0, n);
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
