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
        implements RangeClipped, FloatForward {

    private static final int STRETCH = 512;

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
        } else if (blockSize == 1) {
            singles(run);
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

    /**
     * Blocks of one element: both results for all of a stretch, then a choice, since a branch that
     * is taken at random costs more than either.
     */
    private void singles(KernelRun run) {
        double low = run.real(run.grid.low());
        double high = run.real(run.grid.high());
        double[] clamped = run.memory(1, STRETCH)[0];
        int start = run.from;
        int end = run.to;
        for (int at = start; at < end; at += STRETCH) {
            int n = Math.min(STRETCH, end - at);
            // The result may take the place of the values.
            for (int i = 0; i < n; i++) {
                clamped[i] = Math.max(low, Math.min(high, run.x[at + i]));
            }
            run.from = at;
            run.to = at + n;
            RangeClipped.super.forward(run);
            long index = run.index + at - start;
            for (int i = 0; i < n; i++) {
                boolean noisy = CounterRandom.uniform(key, index + i) < rate;
                run.out[at + i] = noisy ? run.out[at + i] : clamped[i];
            }
        }
        run.from = start;
        run.to = end;
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
    public boolean clips() {
        return !zero && rate > 0;
    }

    @Override
    public boolean servesFloats() {
        return clips() && blockSize == 1;
    }

    /** {@inheritDoc} Both results for all, then a choice; see {@link #singles}. */
    @Override
    public void forward(FloatRun run) {
        int from = run.from;
        int to = run.to;
        float[] x = run.x;
        float[] rounded = run.work[0];
        float[] clamped = run.work[1];
        FakeQuantKernel.fakeQuantize(x, rounded, from, to, run.scale, run.low, run.high);
        float low = run.low * run.scale;
        float high = run.high * run.scale;
        for (int i = from; i < to; i++) {
            clamped[i] = Math.max(low, Math.min(high, x[i]));
        }
        long threshold = CounterRandom.threshold(rate);
        long first = run.index - from;
        for (int i = from; i < to; i++) {
            int noisy = CounterRandom.below(key, first + i, threshold);
            int bits = Float.floatToRawIntBits(clamped[i]);
            int change = bits ^ Float.floatToRawIntBits(rounded[i]);
            x[i] = Float.intBitsToFloat(bits ^ (change & noisy));
        }
    }

    @Override
    public boolean ordered() {
        return rate > 0 && rate < 1;
    }
}
