package io.github.dl4jqat.kernels;

/** A kernel over a handful of doubles of one scale. */
final class OneRun {

    private OneRun() {}

    /** A run over all of {@code x} with gradient 1 and a result of its own. */
    static KernelRun of(Grid grid, double scale, double[] values, double... x) {
        KernelRun run = new KernelRun();
        run.x = x;
        run.grad = new double[x.length];
        java.util.Arrays.fill(run.grad, 1);
        run.out = new double[x.length];
        run.to = x.length;
        run.scale = scale;
        run.grid = grid;
        run.values = values;
        run.sums = new double[values.length];
        run.perChannel = x.length;
        return run;
    }

    static double[] levels(EstimatorKernel kernel, KernelRun run) {
        kernel.levels(run);
        return run.out;
    }

    static double[] forward(EstimatorKernel kernel, KernelRun run) {
        kernel.forward(run);
        return run.out;
    }

    static double[] backward(EstimatorKernel kernel, KernelRun run) {
        kernel.backward(run);
        return run.out;
    }
}
