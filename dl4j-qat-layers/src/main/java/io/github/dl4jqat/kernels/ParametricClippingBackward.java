package io.github.dl4jqat.kernels;

/**
 * The gradients of a learned clipping bound above zero, the first parameter of the run:
 *
 * <pre>
 *                        dx      dclip
 *   x &lt; 0               0       0
 *   0 &lt;= x &lt; clip      grad    0
 *   x &gt;= clip           0       grad
 * </pre>
 *
 * NaN gets and adds no gradient. Source: Choi et al., "PACT: Parameterized Clipping Activation for
 * Quantized Neural Networks", arXiv:1805.06085.
 */
public final class ParametricClippingBackward implements EstimatorKernel {

    /** The only instance. */
    public static final ParametricClippingBackward INSTANCE = new ParametricClippingBackward();

    private ParametricClippingBackward() {}

    @Override
    public boolean rounds() {
        return true;
    }

    @Override
    public void backward(KernelRun run) {
        double clip = run.values[0];
        double sum = 0;
        for (int i = run.from; i < run.to; i++) {
            double v = run.x[i];
            double g = run.grad[i];
            if (v >= clip) {
                sum += g;
            }
            run.out[i] = v >= 0 && v < clip ? g : 0;
        }
        run.sums[0] += sum;
    }
}
