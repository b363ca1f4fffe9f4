package io.github.dl4jqat.ops;

import io.github.dl4jqat.kernels.FloatForward;
import io.github.dl4jqat.kernels.FloatRun;
import io.github.dl4jqat.kernels.Rectifier;
import io.github.dl4jqat.quant.QuantParams;
import org.bytedeco.javacpp.FloatPointer;
import org.nd4j.linalg.api.ndarray.INDArray;

/** One thread's part of a {@link FloatForward} over FLOAT arrays. */
final class FloatForwardWorker extends BlockWorker {

    private static final ThreadLocal<FloatRun> RUNS =
            ThreadLocal.withInitial(() -> new FloatRun(OffHeapBlocks.BLOCK));

    private final QuantParams params;
    private final FloatForward kernel;
    private final boolean rectified;
    private final INDArray x;
    private final INDArray target;
    private final FloatPointer xPointer;
    private final FloatPointer targetPointer;
    private final FloatRun run = RUNS.get();
    private long blockStart;

    FloatForwardWorker(
            QuantParams params,
            FloatForward kernel,
            boolean rectified,
            INDArray x,
            INDArray target) {
        super(false);
        this.params = params;
        this.kernel = kernel;
        this.rectified = rectified;
        this.x = x;
        this.target = target;
        xPointer = new FloatPointer(x.data().pointer());
        targetPointer = new FloatPointer(target.data().pointer());
        run.low = params.lowestStep();
        run.high = params.highestStep();
    }

    @Override
    void load(long at, int n) {
        blockStart = at;
        xPointer.position(x.offset() + at).get(run.x, 0, n);
        if (rectified) {
            Rectifier.apply(run.x, 0, n);
        }
    }

    @Override
    void run(int from, int to, int scale) {
        run.from = from;
        run.to = to;
        run.scale = params.scale(scale);
        run.index = blockStart + from;
        kernel.forward(run);
    }

    @Override
    void store(long at, int n) {
        targetPointer.position(target.offset() + at).put(run.x, 0, n);
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
