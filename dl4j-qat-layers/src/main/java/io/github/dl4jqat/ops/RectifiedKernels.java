package io.github.dl4jqat.ops;

import io.github.dl4jqat.kernels.BackwardKernel;
import io.github.dl4jqat.kernels.ClippedBackward;
import io.github.dl4jqat.kernels.ClippedBits;
import io.github.dl4jqat.kernels.EstimatorKernel;
import io.github.dl4jqat.kernels.FakeQuantKernel;
import io.github.dl4jqat.kernels.IdentityBackward;
import io.github.dl4jqat.kernels.Rectifier;
import io.github.dl4jqat.quant.Granularity;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.Symmetry;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A ReLU by itself, and a ReLU with the quantizer behind it in one pass over memory: what lies
 * between the two is never written anywhere. Where a value is rounded, the ReLU is nothing but
 * another lower end of the range, {@code max(low, 0)}, because zero is always a level; where a
 * gradient is cut off outside the range, it is another lower end again. The results are the bits of
 * the two one after the other, but for the sign of a zero. Arrays as for {@link TensorKernels}, one
 * scale for all elements.
 *
 * <p>Stateless and thread-safe.
 */
public final class RectifiedKernels {

    private static final Granularity ONE = Granularity.perTensor();

    private RectifiedKernels() {}

    /** {@code y = max(x, 0)}. */
    public static void rectify(INDArray x, INDArray y) {
        TensorKernels.run(
                new INDArray[] {x},
                y,
                ONE,
                0,
                1,
                (b, from, to, c) -> Rectifier.apply(b[0], from, to),
                (b, from, to, c) -> Rectifier.apply(b[0], from, to));
    }

    /** {@code dx = grad} where {@code x > 0}, else 0. */
    public static void slope(INDArray x, INDArray grad, INDArray dx) {
        within(x, grad, dx, Rectifier.lowKey(), Rectifier.highKey(), Double.POSITIVE_INFINITY);
    }

    /** Whether quantization behind a ReLU is rounding with another lower end. */
    static boolean rounds(QuantParams p, EstimatorKernel kernel) {
        return kernel.rounds()
                && p.spec().symmetry() != Symmetry.MID_RISE
                && p.spec().granularity().equals(ONE);
    }

    /** {@link TensorKernels#fakeQuantize} of {@code max(x, 0)}. */
    static void fakeQuantize(INDArray x, INDArray y, QuantParams p) {
        float scale = p.scale();
        float low = Math.max(0, p.lowestStep());
        float high = p.highestStep();
        TensorKernels.run(
                new INDArray[] {x},
                y,
                ONE,
                0,
                1,
                (b, from, to, c) ->
                        FakeQuantKernel.fakeQuantize(b[0], b[0], from, to, scale, low, high),
                (b, from, to, c) ->
                        FakeQuantKernel.fakeQuantize(b[0], b[0], from, to, scale, low, high));
    }

    /** The gradient at {@code x}, in front of the ReLU, by a rule without parameters. */
    static void backward(
            INDArray x, INDArray grad, INDArray dx, QuantParams p, BackwardKernel rule) {
        if (rule instanceof IdentityBackward) {
            slope(x, grad, dx);
            return;
        }
        float scale = p.scale();
        float low = p.lowestStep();
        float high = p.highestStep();
        if (rule instanceof ClippedBackward && low <= 0) {
            int lowKey = Math.max(Rectifier.lowKey(), ClippedBits.lowKey(low * scale));
            // In double arithmetic the bound is another one.
            within(x, grad, dx, lowKey, ClippedBits.highKey(high * scale), (double) high * scale);
            return;
        }
        TensorKernels.run(
                new INDArray[] {grad, x},
                dx,
                ONE,
                0,
                1,
                (b, from, to, c) -> {
                    Rectifier.apply(b[1], from, to);
                    rule.apply(b[1], b[0], b[0], from, to, scale, low, high);
                    Rectifier.mask(b[1], b[0], from, to);
                },
                (b, from, to, c) -> {
                    Rectifier.apply(b[1], from, to);
                    rule.apply(b[1], b[0], b[0], from, to, scale, low, high);
                    Rectifier.mask(b[1], b[0], from, to);
                });
    }

    private static void within(
            INDArray x, INDArray grad, INDArray dx, int lowKey, int highKey, double high) {
        TensorKernels.Job job = TensorKernels.prepare(new INDArray[] {grad, x}, dx, ONE, 0, 1);
        if (job == null) {
            return;
        }
        if (job.target().dataType() == DataType.FLOAT) {
            OffHeapBlocks.bits(
                    job.sources(),
                    job.target(),
                    DenseLayout.whole(job.target()),
                    StepLoops.within(lowKey, highKey));
        } else {
            OffHeapBlocks.doubles(
                    job.sources(),
                    job.target(),
                    DenseLayout.whole(job.target()),
                    (b, from, to, c) -> {
                        for (int i = from; i < to; i++) {
                            b[0][i] = b[1][i] > 0 && b[1][i] <= high ? b[0][i] : 0;
                        }
                    });
        }
        job.finish();
    }
}
