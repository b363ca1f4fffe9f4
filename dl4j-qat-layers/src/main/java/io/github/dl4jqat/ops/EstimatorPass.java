package io.github.dl4jqat.ops;

import io.github.dl4jqat.kernels.EstimatorKernel;
import io.github.dl4jqat.kernels.FloatBackward;
import io.github.dl4jqat.kernels.FloatForward;
import io.github.dl4jqat.kernels.Grid;
import io.github.dl4jqat.kernels.KernelRun;
import io.github.dl4jqat.kernels.Rectifier;
import io.github.dl4jqat.quant.QuantParams;
import java.util.Arrays;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Runs an {@link EstimatorKernel} over arrays: blocks of FLOAT arrays are widened to doubles and
 * narrowed again, whatever the kernel does in between. The gradients of parameters are added up by
 * part and the parts in their order, so that the sum is the same each time.
 */
final class EstimatorPass {

    /** Which of the kernel's loops. */
    enum Form {
        LEVELS,
        FORWARD,
        BACKWARD
    }

    private final Form form;
    private final EstimatorKernel kernel;
    private final QuantParams params;
    private final Grid grid;
    private final double[][] values;
    private final boolean rectified;
    private final double[][][] sumsByPart = new double[OffHeapBlocks.parts()][][];

    /**
     * A pass.
     *
     * @param values of the quantizer's parameters, {@code [parameter][scale]}
     * @param rectified whether a ReLU comes first
     */
    EstimatorPass(
            Form form,
            EstimatorKernel kernel,
            QuantParams params,
            double[][] values,
            boolean rectified) {
        this.rectified = rectified;
        this.form = form;
        this.kernel = kernel;
        this.params = params;
        this.values = values;
        grid = Grid.of(params);
    }

    /**
     * Runs.
     *
     * @param x the values before quantization
     * @param grad the gradient; backward only
     * @param target for the result; may be one of the others
     * @param perChannel elements of an output channel, if they are runs of memory
     */
    void run(INDArray x, INDArray grad, INDArray target, DenseLayout layout, long perChannel) {
        boolean floats = !grid.midRise() && target.dataType() == DataType.FLOAT;
        OffHeapBlocks.overBlocks(
                layout,
                part -> {
                    if (floats && form == Form.BACKWARD && kernel instanceof FloatBackward) {
                        return inFloats(part, x, grad, target);
                    }
                    if (floats
                            && form == Form.FORWARD
                            && kernel instanceof FloatForward loop
                            && loop.servesFloats()) {
                        return new FloatForwardWorker(params, loop, rectified, x, target);
                    }
                    return new Worker(part, x, grad, target, layout, perChannel);
                });
    }

    private BlockWorker inFloats(int part, INDArray x, INDArray grad, INDArray target) {
        sumsByPart[part] = new double[params.size()][values.length];
        return new FloatBackwardWorker(
                params, kernel, valuesByScale(), rectified, sumsByPart[part], x, grad, target);
    }

    private double[][] valuesByScale() {
        double[][] byScale = new double[params.size()][values.length];
        for (int c = 0; c < byScale.length; c++) {
            for (int j = 0; j < values.length; j++) {
                byScale[c][j] = values[j][values[j].length == 1 ? 0 : c];
            }
        }
        return byScale;
    }

    /** The gradients of the parameters, {@code [parameter][scale]}. */
    double[][] sums() {
        double[][] total = new double[values.length][params.size()];
        for (double[][] sums : sumsByPart) {
            for (int c = 0; sums != null && c < sums.length; c++) {
                for (int j = 0; j < values.length; j++) {
                    total[j][c] += sums[c][j];
                }
            }
        }
        return total;
    }

    private final class Worker extends BlockWorker {
        private final INDArray[] inputs;
        private final INDArray target;
        private final KernelRun run = new KernelRun();
        private final double[][] sums;
        private final double[][] byScale;
        private final double[][] blocks;
        private final boolean single;
        private final float[] floats = new float[OffHeapBlocks.BLOCK];
        private final FloatPointer[] singlePointers;
        private final DoublePointer[] doublePointers;
        private long blockStart;

        Worker(
                int part,
                INDArray x,
                INDArray grad,
                INDArray target,
                DenseLayout layout,
                long perChannel) {
            super(false);
            inputs = grad == null ? new INDArray[] {x} : new INDArray[] {x, grad};
            this.target = target;
            single = target.dataType() == DataType.FLOAT;
            int scales = layout.scales();
            sums = new double[scales][values.length];
            byScale = valuesByScale();
            sumsByPart[part] = sums;
            blocks = new double[inputs.length + 1][OffHeapBlocks.BLOCK];
            INDArray[] all = Arrays.copyOf(inputs, inputs.length + 1);
            all[inputs.length] = target;
            singlePointers = new FloatPointer[single ? all.length : 0];
            Arrays.setAll(singlePointers, j -> new FloatPointer(all[j].data().pointer()));
            doublePointers = new DoublePointer[single ? 0 : all.length];
            Arrays.setAll(doublePointers, j -> new DoublePointer(all[j].data().pointer()));
            run.single = single;
            run.grid = grid;
            run.perChannel = perChannel;
            run.x = blocks[0];
            run.grad = grad == null ? null : blocks[1];
            run.out = blocks[inputs.length];
        }

        @Override
        void load(long at, int n) {
            blockStart = at;
            for (int j = 0; j < inputs.length; j++) {
                long from = inputs[j].offset() + at;
                if (single) {
                    singlePointers[j].position(from).get(floats, 0, n);
                    for (int i = 0; i < n; i++) {
                        blocks[j][i] = floats[i];
                    }
                } else {
                    doublePointers[j].position(from).get(blocks[j], 0, n);
                }
            }
            if (rectified) {
                Rectifier.apply(run.x, 0, n);
            }
        }

        @Override
        void run(int from, int to, int scale) {
            run.from = from;
            run.to = to;
            run.index = blockStart + from;
            run.scale = params.scale(scale);
            run.values = byScale[scale];
            run.sums = sums[scale];
            switch (form) {
                case LEVELS -> kernel.levels(run);
                case FORWARD -> kernel.forward(run);
                case BACKWARD -> kernel.backward(run);
            }
        }

        @Override
        void store(long at, int n) {
            if (rectified && form == Form.BACKWARD) {
                Rectifier.mask(run.x, run.out, 0, n);
            }
            long to = target.offset() + at;
            if (single) {
                for (int i = 0; i < n; i++) {
                    floats[i] = (float) run.out[i];
                }
                singlePointers[inputs.length].position(to).put(floats, 0, n);
            } else {
                doublePointers[inputs.length].position(to).put(run.out, 0, n);
            }
        }

        @Override
        void expand(int from, int to, int channel, int channels) {
            throw new AssertionError("estimators work in runs");
        }

        @Override
        void each(int n) {
            throw new AssertionError("estimators work in runs");
        }
    }
}
