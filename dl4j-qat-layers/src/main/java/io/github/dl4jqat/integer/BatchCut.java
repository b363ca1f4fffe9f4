package io.github.dl4jqat.integer;

import java.util.stream.IntStream;

/**
 * How a batch goes through ONNX Runtime. Its threads share the work of one image of one operator at
 * a time and meet behind each, which pays only for large layers; parts of the batch that run side
 * by side on a thread each are done sooner. A run that is over before other threads wake up stays
 * on the calling one.
 *
 * @param batch number of examples
 * @param parts how many parts it is cut into, of equal size or one more
 * @param sideBySide whether they run at the same time
 * @param alone whether each part is computed by one thread
 */
record BatchCut(int batch, int parts, boolean sideBySide, boolean alone) {

    /** Multiplications that take about as long as it takes to wake a thread, some times over. */
    static final long SHORT_RUN = 10_000_000;

    /** The same for a layer: threads that share its work meet behind it. */
    static final long LONG_LAYER = 10_000_000;

    /**
     * Multiplications of an example from which on it does not matter how often threads meet, and
     * weights are so large that they should be there once.
     */
    static final long LONG_EXAMPLE = 1_000_000_000;

    /** Examples under way at the same time, which bounds the memory for what lies between. */
    static final int LARGEST_PART = 256;

    /** Some examples of a batch. */
    interface Part {
        void run(int from, int examples);
    }

    /**
     * What an example takes, in multiplications.
     *
     * @param example all of them
     * @param layer those of a layer with weights, on the average
     */
    record Work(long example, long layer) {

        /** The work of a model. */
        static Work of(IntegerModel model) {
            long all = 0;
            int layers = 0;
            for (IntegerOp op : model.ops()) {
                long each = 1;
                if (op.constants().isPresent()) {
                    Weights w = op.constants().get();
                    each = w.elements() / Math.max(1, w.channels());
                    layers++;
                }
                all += op.output().elements() * each;
            }
            return new Work(all, all / Math.max(1, layers));
        }
    }

    /** The fastest cut. */
    static BatchCut of(int batch, Work work, int processors) {
        if (work.example * batch <= SHORT_RUN || processors == 1) {
            return new BatchCut(batch, ceiling(batch, LARGEST_PART), false, true);
        }
        boolean together =
                batch < processors ? work.layer >= LONG_LAYER : work.example >= LONG_EXAMPLE;
        if (together) {
            return new BatchCut(batch, ceiling(batch, LARGEST_PART), false, false);
        }
        int largest = Math.max(1, LARGEST_PART / processors);
        int rounds = ceiling(ceiling(batch, largest), processors);
        int parts = Math.min(batch, rounds * processors);
        return new BatchCut(batch, parts, parts > 1, true);
    }

    private static int ceiling(int n, int divisor) {
        return (n + divisor - 1) / divisor;
    }

    /** Runs all parts; an exception of one of them is thrown. */
    void run(Part part) {
        IntStream all = IntStream.range(0, parts);
        (sideBySide ? all.parallel() : all)
                .forEach(i -> part.run(first(i), first(i + 1) - first(i)));
    }

    private int first(int part) {
        return (int) ((long) batch * part / parts);
    }
}
