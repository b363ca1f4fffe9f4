package io.github.dl4jqat.ops;

import java.util.Arrays;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.IntPointer;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Moves blocks of 4096 elements between off-heap arrays and the heap and runs a loop on each run of
 * one channel within them. That is two to four times faster than any elementwise access and leaves
 * the loops in plain Java. Where the runs of a channel are short (the last axis of dense weights
 * has runs of one element) a loop gets whole blocks and its parameters element by element instead.
 * Long arrays are split over the cores.
 *
 * <p>All arrays of a call are dense and have the same strides; buffers may be longer than 2^31
 * bytes.
 */
final class OffHeapBlocks {

    static final int BLOCK = 4096;

    /** Below this many elements the hand-over to other threads costs more than it saves. */
    private static final int PARALLEL_BLOCKS = 32;

    /** Runs of fewer elements cost more to enter than to compute. */
    private static final int SHORTEST_RUN = 32;

    private static final int ARRAYS = 3;

    private static final ThreadLocal<float[][]> FLOATS =
            ThreadLocal.withInitial(() -> new float[2 * ARRAYS][BLOCK]);
    private static final ThreadLocal<int[][]> INTS =
            ThreadLocal.withInitial(() -> new int[2 * ARRAYS][BLOCK]);
    private static final ThreadLocal<double[][]> DOUBLES =
            ThreadLocal.withInitial(() -> new double[ARRAYS][BLOCK]);

    /** A loop over blocks of floats. */
    interface FloatLoop {
        /** Works on {@code block[j][from..to)}, all of one channel. */
        void run(float[][] block, int from, int to, int channel);

        /** Up to three rows of parameters by channel for {@link #each}; none: only runs. */
        default float[][] rows() {
            return new float[0][];
        }

        /**
         * Works on {@code block[j][0..n)}; {@code parameters[r][i]} is the value of row {@code r}
         * for the channel of element {@code i}.
         */
        default void each(float[][] block, int n, float[][] parameters) {
            throw new UnsupportedOperationException("a loop with rows has to implement each");
        }
    }

    /** The same on the bits of floats. */
    interface IntLoop {
        /** As {@link FloatLoop#run}. */
        void run(int[][] block, int from, int to, int channel);

        /** As {@link FloatLoop#rows}. */
        int[][] rows();

        /** As {@link FloatLoop#each}. */
        void each(int[][] block, int n, int[][] parameters);
    }

    /** A loop over {@code block[j][from..to)}, all of one channel. */
    interface DoubleLoop {
        void run(double[][] block, int from, int to, int channel);
    }

    private OffHeapBlocks() {}

    /**
     * Runs a loop over arrays of dtype FLOAT. {@code block[j]} holds the elements of {@code
     * inputs[j]}; what the loop leaves in {@code block[0]} is written to {@code output}.
     *
     * @param output may be one of the inputs, or null for none
     */
    static void floats(INDArray[] inputs, INDArray output, DenseLayout layout, FloatLoop loop) {
        overBlocks(layout, part -> new FloatWorker(inputs, output, layout, loop));
    }

    /** The same on the bits of FLOAT arrays, as ints. */
    static void bits(INDArray[] inputs, INDArray output, DenseLayout layout, IntLoop loop) {
        overBlocks(layout, part -> new BitWorker(inputs, output, layout, loop));
    }

    /** The same for dtype DOUBLE. */
    static void doubles(INDArray[] inputs, INDArray output, DenseLayout layout, DoubleLoop loop) {
        overBlocks(layout, part -> new DoubleWorker(inputs, output, loop));
    }

    /** The largest number of parts that a call is split into. */
    static int parts() {
        return Runtime.getRuntime().availableProcessors();
    }

    /**
     * Splits the blocks over the cores; each part, numbered from 0, gets a worker of its own, made
     * on the thread that runs it.
     */
    static void overBlocks(DenseLayout layout, IntFunction<BlockWorker> workers) {
        long blocks = (layout.length() + BLOCK - 1) / BLOCK;
        int tasks = (int) Math.min(parts(), Math.max(1, blocks / PARALLEL_BLOCKS));
        if (tasks == 1) {
            workers.apply(0).work(layout, 0, layout.length());
            return;
        }
        IntStream.range(0, tasks)
                .parallel()
                .forEach(
                        t -> {
                            long first = blocks * t / tasks * BLOCK;
                            long last = Math.min(layout.length(), blocks * (t + 1) / tasks * BLOCK);
                            workers.apply(t).work(layout, first, last);
                        });
    }

    private static final class FloatWorker extends BlockWorker {
        private final INDArray[] inputs;
        private final INDArray output;
        private final FloatLoop loop;
        private final FloatPointer[] in;
        private final FloatPointer out;
        private final float[][] block;
        private final float[][] rows;
        private final float[][] parameters;

        FloatWorker(INDArray[] inputs, INDArray output, DenseLayout layout, FloatLoop loop) {
            super(layout.shortestRun() < SHORTEST_RUN && loop.rows().length > 0);
            this.inputs = inputs;
            this.output = output;
            this.loop = loop;
            in = new FloatPointer[inputs.length];
            Arrays.setAll(in, j -> new FloatPointer(inputs[j].data().pointer()));
            out = output == null ? null : new FloatPointer(output.data().pointer());
            float[][] own = FLOATS.get();
            block = Arrays.copyOf(own, ARRAYS);
            parameters = Arrays.copyOfRange(own, ARRAYS, own.length);
            rows = loop.rows();
        }

        @Override
        void load(long at, int n) {
            for (int j = 0; j < in.length; j++) {
                in[j].position(inputs[j].offset() + at).get(block[j], 0, n);
            }
        }

        @Override
        void run(int from, int to, int channel) {
            loop.run(block, from, to, channel);
        }

        @Override
        void expand(int from, int to, int channel, int channels) {
            for (int r = 0; r < rows.length; r++) {
                if (channels == to - from) {
                    System.arraycopy(rows[r], channel, parameters[r], from, channels);
                } else {
                    Arrays.fill(parameters[r], from, to, rows[r][channel]);
                }
            }
        }

        @Override
        void each(int n) {
            loop.each(block, n, parameters);
        }

        @Override
        void store(long at, int n) {
            if (out != null) {
                out.position(output.offset() + at).put(block[0], 0, n);
            }
        }
    }

    private static final class BitWorker extends BlockWorker {
        private final INDArray[] inputs;
        private final INDArray output;
        private final IntLoop loop;
        private final IntPointer[] in;
        private final IntPointer out;
        private final int[][] block;
        private final int[][] rows;
        private final int[][] parameters;

        BitWorker(INDArray[] inputs, INDArray output, DenseLayout layout, IntLoop loop) {
            super(layout.shortestRun() < SHORTEST_RUN);
            this.inputs = inputs;
            this.output = output;
            this.loop = loop;
            in = new IntPointer[inputs.length];
            Arrays.setAll(in, j -> new IntPointer(inputs[j].data().pointer()));
            out = new IntPointer(output.data().pointer());
            int[][] own = INTS.get();
            block = Arrays.copyOf(own, ARRAYS);
            parameters = Arrays.copyOfRange(own, ARRAYS, own.length);
            rows = loop.rows();
        }

        @Override
        void load(long at, int n) {
            for (int j = 0; j < in.length; j++) {
                in[j].position(inputs[j].offset() + at).get(block[j], 0, n);
            }
        }

        @Override
        void run(int from, int to, int channel) {
            loop.run(block, from, to, channel);
        }

        @Override
        void expand(int from, int to, int channel, int channels) {
            for (int r = 0; r < rows.length; r++) {
                if (channels == to - from) {
                    System.arraycopy(rows[r], channel, parameters[r], from, channels);
                } else {
                    Arrays.fill(parameters[r], from, to, rows[r][channel]);
                }
            }
        }

        @Override
        void each(int n) {
            loop.each(block, n, parameters);
        }

        @Override
        void store(long at, int n) {
            out.position(output.offset() + at).put(block[0], 0, n);
        }
    }

    private static final class DoubleWorker extends BlockWorker {
        private final INDArray[] inputs;
        private final INDArray output;
        private final DoubleLoop loop;
        private final DoublePointer[] in;
        private final DoublePointer out;
        private final double[][] block;

        DoubleWorker(INDArray[] inputs, INDArray output, DoubleLoop loop) {
            super(false);
            this.inputs = inputs;
            this.output = output;
            this.loop = loop;
            in = new DoublePointer[inputs.length];
            Arrays.setAll(in, j -> new DoublePointer(inputs[j].data().pointer()));
            out = output == null ? null : new DoublePointer(output.data().pointer());
            block = DOUBLES.get();
        }

        @Override
        void load(long at, int n) {
            for (int j = 0; j < in.length; j++) {
                in[j].position(inputs[j].offset() + at).get(block[j], 0, n);
            }
        }

        @Override
        void run(int from, int to, int channel) {
            loop.run(block, from, to, channel);
        }

        @Override
        void expand(int from, int to, int channel, int channels) {
            throw new AssertionError("doubles are worked on in runs");
        }

        @Override
        void each(int n) {
            throw new AssertionError("doubles are worked on in runs");
        }

        @Override
        void store(long at, int n) {
            if (out != null) {
                out.position(output.offset() + at).put(block[0], 0, n);
            }
        }
    }
}
