package io.github.dl4jqat.ops;

import io.github.dl4jqat.kernels.EstimatorKernel;
import io.github.dl4jqat.kernels.Grid;
import io.github.dl4jqat.kernels.KernelRun;
import io.github.dl4jqat.quant.QuantParams;
import java.util.function.LongToDoubleFunction;

/**
 * A {@link QuantizerPass} over an activation that is worked on piece by piece on the heap, such as
 * one time step after the other. Computes the bits that the pass computes for the whole array, and
 * adds up the gradients of learned parameters over the pieces. Not thread-safe.
 */
public final class HeapPass {

    private final EstimatorKernel kernel;
    private final boolean[] learned;
    private final LongToDoubleFunction gradientFactor;
    private final KernelRun run = new KernelRun();

    HeapPass(
            EstimatorKernel kernel,
            QuantParams params,
            double[][] values,
            boolean[] learned,
            LongToDoubleFunction gradientFactor,
            boolean single,
            long elements) {
        this.kernel = kernel;
        this.learned = learned;
        this.gradientFactor = gradientFactor;
        run.single = single;
        run.scale = params.scale();
        run.grid = Grid.of(params);
        run.perChannel = elements;
        run.values = new double[values.length];
        run.sums = new double[values.length];
        for (int j = 0; j < values.length; j++) {
            run.values[j] = values[j][0];
        }
    }

    /** {@code y[i]} = what training computes with in place of {@code x[i]}; may be in place. */
    public void forward(double[] x, double[] y, int from, int to) {
        stretch(x, y, from, to);
        kernel.forward(run);
        if (run.single) {
            for (int i = from; i < to; i++) {
                y[i] = (float) y[i];
            }
        }
    }

    /** {@code dx[i]} from the gradient of the quantized value; {@code dx} may be {@code grad}. */
    public void backward(double[] x, double[] grad, double[] dx, int from, int to) {
        stretch(x, dx, from, to);
        run.grad = grad;
        kernel.backward(run);
    }

    private void stretch(double[] x, double[] out, int from, int to) {
        run.x = x;
        run.out = out;
        run.from = from;
        run.to = to;
        run.index = from;
    }

    /**
     * The gradients of the learned parameters so far, as {@link QuantizerPass#backward} gives them.
     *
     * @param sharing how many elements of an example share the scale
     */
    public double[][] gradients(long sharing) {
        double factor = gradientFactor.applyAsDouble(Math.max(1, sharing));
        int count = 0;
        for (boolean is : learned) {
            count += is ? 1 : 0;
        }
        double[][] gradients = new double[count][];
        for (int j = 0, next = 0; j < learned.length; j++) {
            if (learned[j]) {
                gradients[next++] = new double[] {run.sums[j] * factor};
            }
        }
        return gradients;
    }
}
