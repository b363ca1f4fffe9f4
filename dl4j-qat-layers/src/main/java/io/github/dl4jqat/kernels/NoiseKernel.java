package io.github.dl4jqat.kernels;

/**
 * Quantization noise: some elements are quantized, or set to zero, and the others are not. Which
 * ones is drawn for each block of consecutive elements of a channel, in row-major order of its
 * other axes; the last block of a channel may be shorter.
 *
 * <pre>
 *   integers  y = level(x) * scale in a noisy block, else clamp(x)    dx = grad within the range
 *   zeros     y = 0 in a noisy block, else x / (1 - rate)             dx = 0, grad / (1 - rate)
 * </pre>
 *
 * With integers a rate of 0 leaves everything as it is, beyond the range too, and passes all
 * gradients. {@link #levels} quantizes everything.
 *
 * @param rate share of the blocks that are noisy, in [0, 1]
 * @param blockSize elements in a block
 * @param zero whether the noise is zero instead of the integers
 * @param key of the tensor in this iteration; see {@link CounterRandom}
 */
public record NoiseKernel(double rate, int blockSize, boolean zero, long key)
        implements EstimatorKernel {

    /** What happens to a stretch of one block. */
    private interface Stretch {
        void apply(int from, int to, boolean noisy);
    }

    @Override
    public void forward(KernelRun run) {
        if (zero) {
            blocks(run, (from, to, noisy) -> scaled(run, run.x, from, to, noisy));
        } else if (rate == 0) {
            copy(run, run.x);
        } else {
            blocks(run, (from, to, noisy) -> quantized(run, from, to, noisy));
        }
    }

    @Override
    public void backward(KernelRun run) {
        if (zero) {
            blocks(run, (from, to, noisy) -> scaled(run, run.grad, from, to, noisy));
        } else if (rate == 0) {
            copy(run, run.grad);
        } else {
            RangeMask.backward(run);
        }
    }

    private static void copy(KernelRun run, double[] source) {
        System.arraycopy(source, run.from, run.out, run.from, run.to - run.from);
    }

    private static void quantized(KernelRun run, int from, int to, boolean noisy) {
        double low = run.real(run.grid.low());
        double high = run.real(run.grid.high());
        for (int i = from; i < to; i++) {
            double v = run.x[i];
            run.out[i] =
                    noisy
                            ? run.real(run.grid.level(run.position(v)))
                            : Math.max(low, Math.min(high, v));
        }
    }

    private void scaled(KernelRun run, double[] source, int from, int to, boolean noisy) {
        for (int i = from; i < to; i++) {
            run.out[i] = noisy ? 0 : source[i] / (1 - rate);
        }
    }

    private void blocks(KernelRun run, Stretch stretch) {
        long perChannel = run.perChannel;
        long blocksInChannel = (perChannel + blockSize - 1) / blockSize;
        long index = run.index;
        for (int i = run.from; i < run.to; ) {
            long block = index;
            int to = i + 1;
            if (blockSize > 1) {
                long within = index % perChannel;
                long blockInChannel = within / blockSize;
                long end = Math.min(perChannel, (blockInChannel + 1) * blockSize);
                block = index / perChannel * blocksInChannel + blockInChannel;
                to = (int) Math.min(run.to, i + end - within);
            }
            stretch.apply(i, to, CounterRandom.uniform(key, block) < rate);
            index += to - i;
            i = to;
        }
    }

    @Override
    public boolean ordered() {
        return rate > 0 && rate < 1;
    }
}
