package io.github.dl4jqat.ops;

import io.github.dl4jqat.kernels.EstimatorKernel;
import io.github.dl4jqat.kernels.FloatBackward;
import io.github.dl4jqat.kernels.FloatRun;
import io.github.dl4jqat.kernels.Grid;
import io.github.dl4jqat.kernels.KernelRun;
import io.github.dl4jqat.kernels.Rectifier;
import io.github.dl4jqat.quant.QuantParams;
import org.bytedeco.javacpp.FloatPointer;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * One thread's part of the backward pass over FLOAT arrays of a kernel that has a {@link
 * FloatBackward}; for a stretch that this cannot serve, the kernel's loop over doubles.
 */
final class FloatBackwardWorker extends BlockWorker {

    private static final ThreadLocal<FloatRun> RUNS =
            ThreadLocal.withInitial(() -> new FloatRun(OffHeapBlocks.BLOCK));

    private final QuantParams params;
    private final EstimatorKernel kernel;
    private final FloatBackward floats;
    private final double[][] values;
    private final boolean rectified;
    private final double[][] sums;
    private final INDArray x;
    private final INDArray grad;
    private final INDArray target;
    private final FloatPointer xPointer;
    private final FloatPointer gradPointer;
    private final FloatPointer targetPointer;
    private final FloatRun run = RUNS.get();

    /**
     * A part.
     *
     * @param kernel a {@link FloatBackward}
     * @param values of the quantizer's parameters, {@code [scale][parameter]}
     * @param rectified whether a ReLU comes first
     * @param sums {@code [scale][parameter]}, to add to
     */
    FloatBackwardWorker(
            QuantParams params,
            EstimatorKernel kernel,
            double[][] values,
            boolean rectified,
            double[][] sums,
            INDArray x,
            INDArray grad,
            INDArray target) {
        super(false);
        this.params = params;
        this.kernel = kernel;
        this.values = values;
        this.rectified = rectified;
        this.sums = sums;
        this.x = x;
        this.grad = grad;
        this.target = target;
        floats = (FloatBackward) kernel;
        xPointer = new FloatPointer(x.data().pointer());
        gradPointer = new FloatPointer(grad.data().pointer());
        targetPointer = new FloatPointer(target.data().pointer());
        run.low = params.lowestStep();
        run.high = params.highestStep();
    }

    @Override
    void load(long at, int n) {
        xPointer.position(x.offset() + at).get(run.x, 0, n);
        gradPointer.position(grad.offset() + at).get(run.grad, 0, n);
    }

    @Override
    void run(int from, int to, int scale) {
        run.from = from;
        run.to = to;
        run.scale = params.scale(scale);
        run.sums = sums[scale];
        run.rectified = rectified;
        boolean done = floats.backward(run);
        if (done) {
            return;
        }
        if (rectified) {
            // The ReLU by itself may be what stood in the way.
            Rectifier.apply(run.x, from, to);
            run.rectified = false;
            done = floats.backward(run);
        }
        if (!done) {
            inDoubles(scale);
        }
        if (rectified) {
            Rectifier.mask(run.x, run.grad, from, to);
        }
    }

    private void inDoubles(int scale) {
        KernelRun exact = new KernelRun();
        exact.single = true;
        exact.grid = Grid.of(params);
        exact.scale = run.scale;
        exact.values = values[scale];
        exact.sums = run.sums;
        exact.to = run.to - run.from;
        exact.x = new double[exact.to];
        exact.grad = new double[exact.to];
        exact.out = exact.grad;
        for (int i = 0; i < exact.to; i++) {
            exact.x[i] = run.x[run.from + i];
            exact.grad[i] = run.grad[run.from + i];
        }
        kernel.backward(exact);
        for (int i = 0; i < exact.to; i++) {
            run.grad[run.from + i] = (float) exact.out[i];
        }
    }

    @Override
    void store(long at, int n) {
        targetPointer.position(target.offset() + at).put(run.grad, 0, n);
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
