package io.github.dl4jqat.layers;

import io.github.dl4jqat.kernels.CellState;
import io.github.dl4jqat.kernels.RecurrentCell;
import io.github.dl4jqat.ops.HeapArrays;
import io.github.dl4jqat.quant.QuantParams;
import java.util.stream.IntStream;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The evaluation pass of a recurrent layer: from arrays to integers, through the {@link
 * RecurrentCell} that the integer model runs too, and back. Stateless.
 */
final class RecurrentExact {

    /** Enough examples to read each row of weights once for several of them. */
    private static final int LARGEST_BLOCK = 8;

    private RecurrentExact() {}

    /** What comes out: the sequence, and the state behind its last time step. */
    record Result(INDArray output, INDArray lastOutput, INDArray lastMemory) {}

    /**
     * Runs a batch.
     *
     * @param steps of the input, {@code [examples, inputs, time]}
     * @param keep one or zero for each example and time step, or null
     * @param lastOutput {@code [examples, units]}, on the output's grid or near it, or null
     * @param lastMemory {@code [examples, units]}, likewise
     */
    static Result run(
            RecurrentCell cell,
            QuantParams memory,
            INDArray steps,
            double[] keep,
            INDArray lastOutput,
            INDArray lastMemory,
            LayerWorkspaceMgr mgr) {
        int examples = Math.toIntExact(steps.size(0));
        int time = Math.toIntExact(steps.size(2));
        int[] x = integers(HeapArrays.of(steps), cell.input().zeroPoint());
        int[] y = new int[examples * cell.units() * time];
        CellState state = cell.zeroState(examples);
        restore(state.output(), lastOutput, cell.output());
        restore(state.memory(), lastMemory, memory);
        int[] mask = keep == null ? null : integers(keep, 0);
        int workers = Runtime.getRuntime().availableProcessors();
        int block = Math.max(1, Math.min(LARGEST_BLOCK, (examples + workers - 1) / workers));
        IntStream.range(0, (examples + block - 1) / block)
                .parallel()
                .forEach(
                        b ->
                                cell.run(
                                        x,
                                        y,
                                        time,
                                        mask,
                                        state,
                                        b * block,
                                        Math.min(examples, (b + 1) * block)));
        DataType type = steps.dataType();
        INDArray all = reals(y, cell.output(), type, examples, cell.units(), time);
        INDArray out = mgr.createUninitialized(ArrayType.ACTIVATIONS, type, all.shape(), 'f');
        return new Result(
                out.assign(all),
                reals(state.output(), cell.output(), type, examples, cell.units()),
                memory == null
                        ? null
                        : reals(state.memory(), memory, type, examples, cell.units()));
    }

    private static int[] integers(double[] steps, int zeroPoint) {
        int[] q = new int[steps.length];
        for (int i = 0; i < q.length; i++) {
            q[i] = (int) steps[i] + zeroPoint;
        }
        return q;
    }

    private static void restore(int[] integers, INDArray real, QuantParams p) {
        if (real == null || integers == null) {
            return;
        }
        double[] values = HeapArrays.of(real);
        for (int i = 0; i < integers.length; i++) {
            integers[i] = p.quantize((float) values[i], 0);
        }
    }

    private static INDArray reals(int[] q, QuantParams p, DataType type, long... shape) {
        double[] values = new double[q.length];
        boolean single = type != DataType.DOUBLE;
        for (int i = 0; i < q.length; i++) {
            values[i] =
                    single ? p.dequantize(q[i], 0) : (q[i] - p.zeroPoint()) * (double) p.scale();
        }
        INDArray array = Nd4j.createUninitialized(type, shape, 'c');
        HeapArrays.write(values, 0, array);
        return array;
    }
}
