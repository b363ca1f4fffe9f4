package io.github.dl4jqat.layers;

import io.github.dl4jqat.ops.HeapArrays;
import io.github.dl4jqat.ops.HeapPass;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A recurrent layer's way through a batch of sequences, on reals, and back through time. The matrix
 * products with the input are one for all time steps, forward and backward; those with the last
 * output are one for each step. All else is plain Java on the heap.
 *
 * <p>Three layouts: {@code [time, gate, example, unit]} for what belongs to gates, {@code [time,
 * example, unit]} for what belongs to units, and {@code [time, example, gate, unit]} on both sides
 * of a matrix product.
 *
 * <p>One object is one pass: it is also what the forward pass leaves for the backward one. Not
 * thread-safe.
 */
abstract class RecurrentPass {

    /** How many examples, and so on. */
    final int examples;

    final int inputs;
    final int units;
    final int steps;
    final int gates;

    /** Examples times units. */
    final int block;

    /** One or zero for each example and time step, or null if all count. */
    final double[] keep;

    /** Before the activation functions, and the same quantized. */
    final double[] zRaw;

    final double[] z;

    /** The activation functions' values. */
    final double[] a;

    /** The output before quantization, and what is carried to the next time step. */
    final double[] hRaw;

    final double[] h;

    /** Gradients, of the same tensors. */
    private double[] dz;

    private double[] dh;

    final Setting setting;

    /** Arrays of a pass. */
    @SuppressWarnings("ArrayRecordComponent") // a list of arguments, not a value to compare
    record Setting(
            RecurrentKind kind,
            CellFunction gate,
            CellFunction activation,
            INDArray weights,
            INDArray recurrent,
            double[] bias,
            double[] peepholes,
            HeapPass preActivation,
            HeapPass inner,
            HeapPass output,
            boolean training) {}

    /** What a backward pass finds. */
    @SuppressWarnings("ArrayRecordComponent")
    record Gradients(
            INDArray input,
            INDArray weights,
            INDArray recurrent,
            double[] bias,
            double[] peepholes) {}

    private INDArray x;
    private double[] h0;

    RecurrentPass(Setting setting, INDArray x, double[] keep) {
        this.setting = setting;
        this.x = x;
        this.keep = keep;
        gates = setting.kind().gates();
        examples = Math.toIntExact(x.size(0));
        inputs = Math.toIntExact(x.size(1));
        steps = Math.toIntExact(x.size(2));
        units = Math.toIntExact(setting.recurrent().size(0));
        block = examples * units;
        zRaw = new double[Math.multiplyExact(Math.multiplyExact(steps, gates), block)];
        z = setting.preActivation() == null ? zRaw : new double[zRaw.length];
        a = new double[zRaw.length];
        hRaw = new double[steps * block];
        h = setting.output() == null && keep == null ? hRaw : new double[hRaw.length];
    }

    /** The pass of that kind of layer. */
    static RecurrentPass of(Setting setting, INDArray x, double[] keep) {
        return setting.kind().hasMemory()
                ? new LstmPass(setting, x, keep)
                : new SimpleRnnPass(setting, x, keep);
    }

    /** The next memory and output, from the sums of time step {@code t} in {@link #zRaw}. */
    abstract void stepForward(int t);

    /**
     * The gradients of the sums of time step {@code t}, from that of the output in {@code dh}.
     *
     * @param dz receives them, in the layout of {@link #zRaw}
     * @param dh that of the output after quantization and mask, in the layout of {@link #h}
     */
    abstract void stepBackward(int t, double[] dz, double[] dh);

    /** Sets the memory before the first time step. */
    void startMemory(double[] memory) {}

    /** The memory after the last one; null for a layer without. */
    double[] lastMemory() {
        return null;
    }

    /** The gradients of the peepholes; null for a layer without. */
    double[] peepholeGradients() {
        return null;
    }

    /** The memory of all time steps before quantization; null for a layer without. */
    double[] memoryRaw() {
        return null;
    }

    /**
     * Runs all time steps.
     *
     * @param output the last output before the first one, {@code [example, unit]}, or null for zero
     * @param memory the memory, likewise
     */
    final void forward(double[] output, double[] memory) {
        h0 = output;
        startMemory(memory);
        double[] fromInput = HeapArrays.of(byStep(x).mmul(setting.weights()));
        RowProduct product = new RowProduct(setting.recurrent(), true, examples);
        double[] fromOutput = new double[gates * block];
        for (int t = 0; t < steps; t++) {
            boolean some = t > 0 || h0 != null;
            if (some) {
                product.apply(t > 0 ? h : h0, Math.max(0, t - 1) * block, fromOutput);
            }
            gather(t, fromInput, some ? fromOutput : null);
            stepForward(t);
        }
    }

    private void gather(int t, double[] fromInput, double[] fromOutput) {
        int row = gates * units;
        for (int k = 0; k < gates; k++) {
            for (int e = 0; e < examples; e++) {
                int to = gateAt(t, k) + e * units;
                int at = e * row + k * units;
                for (int j = 0; j < units; j++) {
                    double sum =
                            fromInput[t * gates * block + at + j] + setting.bias()[k * units + j];
                    zRaw[to + j] = fromOutput == null ? sum : sum + fromOutput[at + j];
                }
            }
        }
    }

    /** The output, quantized, with the examples in a row and then units: {@code [m, n, T]}. */
    final INDArray output() {
        INDArray all = Nd4j.createUninitialized(x.dataType(), new long[] {steps, examples, units});
        HeapArrays.write(h, 0, all);
        return all.permute(1, 2, 0);
    }

    /** The output carried over from the last time step, {@code [example, unit]}. */
    final double[] lastOutput() {
        return java.util.Arrays.copyOfRange(h, (steps - 1) * block, steps * block);
    }

    /**
     * Back through time.
     *
     * @param epsilon the gradient of the output, {@code [m, n, T]}
     * @param length how many time steps, from the last one on
     */
    final Gradients backward(INDArray epsilon, int length) {
        int first = Math.max(0, steps - length);
        dh = HeapArrays.of(epsilon.permute(2, 0, 1));
        dz = new double[zRaw.length];
        double[] rows = new double[zRaw.length];
        RowProduct product = new RowProduct(setting.recurrent(), false, examples);
        double[] fromNext = new double[block];
        for (int t = steps - 1; t >= first; t--) {
            if (t < steps - 1) {
                product.apply(rows, (t + 1) * gates * block, fromNext);
                for (int i = 0; i < block; i++) {
                    dh[t * block + i] += fromNext[i];
                }
            }
            stepBackward(t, dz, dh);
            scatter(t, rows);
        }
        return gradients(rows, first);
    }

    private void scatter(int t, double[] rows) {
        for (int k = 0; k < gates; k++) {
            for (int e = 0; e < examples; e++) {
                int at = gateAt(t, k) + e * units;
                int to = (t * examples + e) * gates * units + k * units;
                System.arraycopy(dz, at, rows, to, units);
            }
        }
    }

    private Gradients gradients(double[] rows, int first) {
        int columns = gates * units;
        double[] bias = new double[columns];
        for (int r = first * examples; r < steps * examples; r++) {
            for (int c = 0; c < columns; c++) {
                bias[c] += rows[r * columns + c];
            }
        }
        INDArray delta = matrix(rows, (long) steps * examples, columns);
        double[] before = new double[hRaw.length];
        if (h0 != null) {
            System.arraycopy(h0, 0, before, 0, block);
        }
        System.arraycopy(h, 0, before, block, hRaw.length - block);
        INDArray last = matrix(before, (long) steps * examples, units);
        INDArray dx = delta.mmul(setting.weights().transpose());
        return new Gradients(
                dx.dup('c').reshape('c', steps, examples, inputs).permute(1, 2, 0),
                byStep(x).transpose().mmul(delta),
                last.transpose().mmul(delta),
                bias,
                peepholeGradients());
    }

    private INDArray matrix(double[] values, long rows, long columns) {
        INDArray matrix = Nd4j.createUninitialized(x.dataType(), new long[] {rows, columns}, 'c');
        HeapArrays.write(values, 0, matrix);
        return matrix;
    }

    /** A sequence {@code [m, c, T]} as rows {@code [T * m, c]}. */
    private static INDArray byStep(INDArray sequence) {
        return sequence.permute(2, 0, 1)
                .dup('c')
                .reshape('c', sequence.size(0) * sequence.size(2), sequence.size(1));
    }

    /** Where a gate's values of a time step begin. */
    final int gateAt(int t, int gate) {
        return (t * gates + gate) * block;
    }

    /** Quantizes the sums of one gate and applies its function. */
    final void activate(int t, int gate, CellFunction f) {
        int from = gateAt(t, gate);
        if (setting.preActivation() != null) {
            setting.preActivation().forward(zRaw, z, from, from + block);
        }
        f.forward(z, a, from, from + block, setting.training());
    }

    /** The gradient of the sums of one gate from that of its value, in place. */
    final void deactivate(int t, int gate, CellFunction f, double[] dz) {
        int from = gateAt(t, gate);
        f.backward(z, a, dz, dz, from, from + block);
        if (setting.preActivation() != null) {
            setting.preActivation().backward(zRaw, dz, dz, from, from + block);
        }
    }

    /** From the raw output of a time step to the one that is carried on. */
    final void emit(int t) {
        int from = t * block;
        if (setting.output() != null) {
            setting.output().forward(hRaw, h, from, from + block);
        } else if (h != hRaw) {
            System.arraycopy(hRaw, from, h, from, block);
        }
        mask(h, from, t);
    }

    /** The gradient of the raw output from that of the carried one, in place. */
    final void absorb(int t, double[] dh) {
        int from = t * block;
        mask(dh, from, t);
        if (setting.output() != null) {
            setting.output().backward(hRaw, dh, dh, from, from + block);
        }
    }

    /** Multiplies what belongs to units of a time step by the mask. */
    final void mask(double[] values, int from, int t) {
        if (keep == null) {
            return;
        }
        for (int e = 0; e < examples; e++) {
            double factor = keep[e * steps + t];
            for (int j = 0; factor != 1 && j < units; j++) {
                int i = from + e * units + j;
                values[i] = factor == 0 ? 0 : values[i] * factor;
            }
        }
    }

    /**
     * Sets what belongs to masked time steps to zero, so that no observer sees it. Nothing else
     * does either: their gradients are zero.
     */
    final void hideMasked() {
        for (int t = 0; keep != null && t < steps; t++) {
            for (int k = 0; k < gates; k++) {
                hide(zRaw, gateAt(t, k), t);
            }
            hide(hRaw, t * block, t);
            if (memoryRaw() != null) {
                hide(memoryRaw(), t * block, t);
            }
        }
    }

    private void hide(double[] values, int from, int t) {
        for (int e = 0; e < examples; e++) {
            if (keep[e * steps + t] == 0) {
                java.util.Arrays.fill(values, from + e * units, from + (e + 1) * units, 0);
            }
        }
    }
}
