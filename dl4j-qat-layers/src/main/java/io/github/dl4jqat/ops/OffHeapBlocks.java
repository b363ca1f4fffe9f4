package io.github.dl4jqat.ops;

import java.util.stream.IntStream;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Moves blocks of 4096 elements between off-heap arrays and the heap and runs a loop on each run of
 * one channel within them. That is two to four times faster than any elementwise access and leaves
 * the loops in plain Java. Long arrays are split over the cores.
 *
 * <p>All arrays of a call are dense and have the same strides; buffers may be longer than 2^31
 * bytes.
 */
final class OffHeapBlocks {

    private static final int BLOCK = 4096;

    /** Below this many elements the hand-over to other threads costs more than it saves. */
    private static final int PARALLEL_BLOCKS = 32;

    private static final ThreadLocal<float[][]> FLOATS =
            ThreadLocal.withInitial(() -> new float[3][BLOCK]);
    private static final ThreadLocal<double[][]> DOUBLES =
            ThreadLocal.withInitial(() -> new double[3][BLOCK]);

    /** A loop over {@code block[j][from..to)}, all of one channel. */
    interface FloatLoop {
        void apply(float[][] block, int from, int to, int channel);
    }

    /** A loop over {@code block[j][from..to)}, all of one channel. */
    interface DoubleLoop {
        void apply(double[][] block, int from, int to, int channel);
    }

    private OffHeapBlocks() {}

    /**
     * Runs a loop over arrays of dtype FLOAT. {@code block[j]} holds the elements of {@code
     * inputs[j]}; what the loop leaves in {@code block[0]} is written to {@code output}.
     */
    static void floats(INDArray[] inputs, INDArray output, DenseLayout layout, FloatLoop loop) {
        overBlocks(
                layout,
                (first, last) -> {
                    float[][] block = FLOATS.get();
                    FloatPointer[] in = new FloatPointer[inputs.length];
                    for (int j = 0; j < in.length; j++) {
                        in[j] = new FloatPointer(inputs[j].data().pointer());
                    }
                    FloatPointer out =
                            output == null ? null : new FloatPointer(output.data().pointer());
                    for (long at = first; at < last; at += BLOCK) {
                        int n = (int) Math.min(BLOCK, last - at);
                        for (int j = 0; j < in.length; j++) {
                            in[j].position(inputs[j].offset() + at).get(block[j], 0, n);
                        }
                        segments(layout, at, n, (from, to, c) -> loop.apply(block, from, to, c));
                        if (out != null) {
                            out.position(output.offset() + at).put(block[0], 0, n);
                        }
                    }
                });
    }

    /** The same for dtype DOUBLE. */
    static void doubles(INDArray[] inputs, INDArray output, DenseLayout layout, DoubleLoop loop) {
        overBlocks(
                layout,
                (first, last) -> {
                    double[][] block = DOUBLES.get();
                    DoublePointer[] in = new DoublePointer[inputs.length];
                    for (int j = 0; j < in.length; j++) {
                        in[j] = new DoublePointer(inputs[j].data().pointer());
                    }
                    DoublePointer out =
                            output == null ? null : new DoublePointer(output.data().pointer());
                    for (long at = first; at < last; at += BLOCK) {
                        int n = (int) Math.min(BLOCK, last - at);
                        for (int j = 0; j < in.length; j++) {
                            in[j].position(inputs[j].offset() + at).get(block[j], 0, n);
                        }
                        segments(layout, at, n, (from, to, c) -> loop.apply(block, from, to, c));
                        if (out != null) {
                            out.position(output.offset() + at).put(block[0], 0, n);
                        }
                    }
                });
    }

    private interface Range {
        void run(long first, long last);
    }

    private interface Segment {
        void run(int from, int to, int channel);
    }

    private static void overBlocks(DenseLayout layout, Range body) {
        long blocks = (layout.length() + BLOCK - 1) / BLOCK;
        int tasks =
                (int)
                        Math.min(
                                Runtime.getRuntime().availableProcessors(),
                                Math.max(1, blocks / PARALLEL_BLOCKS));
        if (tasks == 1) {
            body.run(0, layout.length());
            return;
        }
        IntStream.range(0, tasks)
                .parallel()
                .forEach(
                        t -> {
                            long first = blocks * t / tasks * BLOCK;
                            long last = Math.min(layout.length(), blocks * (t + 1) / tasks * BLOCK);
                            body.run(first, last);
                        });
    }

    private static void segments(DenseLayout layout, long at, int n, Segment body) {
        if (layout.scales() == 1) {
            body.run(0, n, 0);
            return;
        }
        int done = 0;
        int channel = (int) (at / layout.inner() % layout.channels());
        long within = at % layout.inner();
        while (done < n) {
            long end = layout.inner();
            int scale = channel;
            if (layout.group() > 0) {
                long group = within / layout.group();
                end = Math.min(end, (group + 1) * layout.group());
                scale = channel * layout.groupsPerChannel() + (int) group;
            }
            int to = (int) Math.min(n, done + end - within);
            body.run(done, to, scale);
            within += to - done;
            done = to;
            if (within == layout.inner()) {
                within = 0;
                channel = channel + 1 == layout.channels() ? 0 : channel + 1;
            }
        }
    }
}
