package io.github.dl4jqat.kernels;

import java.util.Arrays;

/** Runs kernels on plain doubles, without arrays of ND4J. */
public final class Runs {

    private final EstimatorKernel kernel;
    private final Grid grid;
    private final double scale;
    private final double[] values;

    /** A kernel on a grid, with the values of its parameters. */
    public Runs(EstimatorKernel kernel, Grid grid, double scale, double... values) {
        this.kernel = kernel;
        this.grid = grid;
        this.scale = scale;
        this.values = values;
    }

    private KernelRun run(double[] x, double[] grad) {
        KernelRun run = new KernelRun();
        run.x = x;
        run.grad = grad;
        run.out = new double[x.length];
        run.to = x.length;
        run.scale = scale;
        run.grid = grid;
        run.values = values;
        run.sums = new double[values.length];
        return run;
    }

    /** The forward pass. */
    public double[] forward(double... x) {
        KernelRun run = run(x, null);
        kernel.forward(run);
        return run.out;
    }

    /** The levels in steps. */
    public double[] levels(double... x) {
        KernelRun run = run(x, null);
        kernel.levels(run);
        return run.out;
    }

    /** The gradients at {@code x}. */
    public double[] dx(double[] x, double[] grad) {
        KernelRun run = run(x, grad);
        kernel.backward(run);
        return run.out;
    }

    /** The same for gradients of 1. */
    public double[] dx(double... x) {
        return dx(x, ones(x.length));
    }

    /** What each element adds to the gradient of a parameter, for a gradient of 1. */
    public double[] each(int parameter, double... x) {
        return Arrays.stream(x).map(v -> sums(v)[parameter]).toArray();
    }

    /** The gradients of all parameters, for gradients of 1. */
    public double[] sums(double... x) {
        KernelRun run = run(x, ones(x.length));
        kernel.backward(run);
        return run.sums;
    }

    private static double[] ones(int n) {
        double[] ones = new double[n];
        Arrays.fill(ones, 1);
        return ones;
    }
}
