package io.github.dl4jqat.integer;

import java.util.stream.IntStream;

/**
 * How a batch goes through ONNX Runtime. Its threads share the work of one image of one operator at
 * a time and meet behind each; where there is an example for every processor, parts of the batch
 * that run side by side on a thread each are done sooner. A run that is over before other threads
 * wake up stays on the calling one.
 *
 * @param batch number of examples
 * @param parts how many parts it is cut into, of equal size or one more
 * @param sideBySide whether they run at the same time
 * @param alone whether each part is computed by one thread
 */
record BatchCut(int batch, int parts, boolean sideBySide, boolean alone) {

    /** Multiplications that take about as long as it takes to wake a thread, some times over. */
    static final long SHORT_RUN = 10_000_000;

    /**
     * Multiplications of an example from which on its operators are so long that it does not matter
     * how often threads meet, and its weights so large that one session is enough.
     */
    static final long LONG_EXAMPLE = 1_000_000_000;

    /** Examples under way at the same time, which bounds the memory for what lies between. */
    static final int LARGEST_PART = 256;

    /** Some examples of a batch. */
    interface Part {
        void run(int from, int examples);
    }

    /** The fastest cut. */
    static BatchCut of(int batch, long workPerExample, int processors) {
        boolean shortRun = workPerExample * batch <= SHORT_RUN;
        boolean alone = shortRun || processors == 1;
        if (alone || batch < processors || workPerExample >= LONG_EXAMPLE) {
            return new BatchCut(batch, ceiling(batch, LARGEST_PART), false, alone);
        }
        int largest = Math.max(1, LARGEST_PART / processors);
        int rounds = ceiling(ceiling(batch, largest), processors);
        return new BatchCut(batch, Math.min(batch, rounds * processors), true, true);
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
