package io.github.dl4jqat.kernels;

/**
 * The sign of a weight times the mean magnitude alpha of all weights that share the scale:
 *
 * <pre>
 *   y  = alpha * sign(x)
 *   dx = grad * (share + alpha * 1[|x| &lt;= 1])
 * </pre>
 *
 * {@code share} is parameter 1 of the run, 1 divided by the number of these weights, or absent and
 * then 0. Alpha is the scale that the forward pass multiplies with.
 */
public final class ScaledSignKernel implements EstimatorKernel {

    /** The only instance. */
    public static final ScaledSignKernel INSTANCE = new ScaledSignKernel();

    private static final int SHARE = 1;

    private ScaledSignKernel() {}

    @Override
    public boolean rounds() {
        return true;
    }

    @Override
    public void backward(KernelRun run) {
        double share = run.values.length > SHARE ? run.values[SHARE] : 0;
        double alpha = run.scale;
        run.each((x, g) -> g * (share + alpha * SignKernel.clipped(x)));
    }
}
