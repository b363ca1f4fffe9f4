package io.github.dl4jqat.layers;

import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * An LSTM, with Deeplearning4j's names of gates:
 *
 * <pre>
 *   i, f, o, g = the four parts of Q(x W + b + h R [+ peepholes])
 *   c' = Q(gate(f) * c + gate(g) * act(i))
 *   h' = Q(gate(o) * act(c'))
 * </pre>
 */
final class LstmPass extends RecurrentPass {

    private static final int INPUT = 0;
    private static final int FORGET = 1;
    private static final int OUTPUT = 2;
    private static final int MODULATION = 3;
    private static final int ROWS_OF_PEEPHOLES = 3;
    private static final int NOWHERE = -1;

    /** The memory before quantization, after it, and as it is carried on; its activation. */
    private final double[] cRaw;

    private final double[] c;
    private final double[] carried;
    private final double[] squashed;
    private final double[] noMemory;
    private final double[] peepholeGradients;
    private double[] c0;
    private double[] dc;

    LstmPass(Setting setting, INDArray x, double[] keep) {
        super(setting, x, keep);
        cRaw = new double[steps * block];
        c = setting.inner() == null ? cRaw : new double[cRaw.length];
        carried = keep == null ? c : new double[cRaw.length];
        squashed = new double[cRaw.length];
        noMemory = new double[block];
        peepholeGradients =
                setting.peepholes() == null ? null : new double[ROWS_OF_PEEPHOLES * units];
    }

    @Override
    void startMemory(double[] memory) {
        c0 = memory == null ? noMemory : memory;
    }

    @Override
    double[] lastMemory() {
        return java.util.Arrays.copyOfRange(carried, (steps - 1) * block, steps * block);
    }

    @Override
    double[] memoryRaw() {
        return cRaw;
    }

    @Override
    double[] peepholeGradients() {
        return peepholeGradients;
    }

    @Override
    void stepForward(int t) {
        double[] before = t == 0 ? c0 : carried;
        int last = t == 0 ? 0 : (t - 1) * block;
        peep(t, FORGET, 0, before, last);
        peep(t, MODULATION, 2, before, last);
        activate(t, INPUT, setting.activation());
        activate(t, FORGET, setting.gate());
        activate(t, MODULATION, setting.gate());
        int now = t * block;
        for (int n = 0; n < block; n++) {
            cRaw[now + n] =
                    a[gateAt(t, FORGET) + n] * before[last + n]
                            + a[gateAt(t, MODULATION) + n] * a[gateAt(t, INPUT) + n];
        }
        if (setting.inner() != null) {
            setting.inner().forward(cRaw, c, now, now + block);
        }
        peep(t, OUTPUT, 1, c, now);
        activate(t, OUTPUT, setting.gate());
        setting.activation().forward(c, squashed, now, now + block, setting.training());
        for (int n = 0; n < block; n++) {
            hRaw[now + n] = a[gateAt(t, OUTPUT) + n] * squashed[now + n];
        }
        emit(t);
        if (carried != c) {
            System.arraycopy(c, now, carried, now, block);
            mask(carried, now, t);
        }
    }

    /** Adds the products of the memory with one row of peepholes to the sums of a gate. */
    private void peep(int t, int gate, int row, double[] memory, int from) {
        if (setting.peepholes() == null) {
            return;
        }
        int to = gateAt(t, gate);
        for (int n = 0; n < block; n++) {
            zRaw[to + n] += memory[from + n] * setting.peepholes()[row * units + n % units];
        }
    }

    @Override
    void stepBackward(int t, double[] dz, double[] dh) {
        absorb(t, dh);
        int now = t * block;
        dc = dc == null ? new double[cRaw.length] : dc;
        memoryGradient(t, dz, dh);
        double[] before = t == 0 ? c0 : carried;
        int last = t == 0 ? 0 : now - block;
        int i = gateAt(t, INPUT);
        int f = gateAt(t, FORGET);
        int g = gateAt(t, MODULATION);
        for (int n = 0; n < block; n++) {
            dz[i + n] = dc[now + n] * a[g + n];
            dz[g + n] = dc[now + n] * a[i + n];
            dz[f + n] = dc[now + n] * before[last + n];
        }
        deactivate(t, INPUT, setting.activation(), dz);
        deactivate(t, FORGET, setting.gate(), dz);
        deactivate(t, MODULATION, setting.gate(), dz);
        for (int n = 0; t > 0 && n < block; n++) {
            dc[last + n] = dc[now + n] * a[f + n];
        }
        peepBack(t, FORGET, 0, before, last, dz, t > 0 ? last : NOWHERE);
        peepBack(t, MODULATION, 2, before, last, dz, t > 0 ? last : NOWHERE);
    }

    /** The gradient of the raw memory, from the next time step's and through the output. */
    private void memoryGradient(int t, double[] dz, double[] dh) {
        int now = t * block;
        int o = gateAt(t, OUTPUT);
        mask(dc, now, t);
        for (int n = 0; n < block; n++) {
            dz[o + n] = dh[now + n] * squashed[now + n];
            dh[now + n] *= a[o + n];
        }
        deactivate(t, OUTPUT, setting.gate(), dz);
        setting.activation().backward(c, squashed, dh, dh, now, now + block);
        for (int n = 0; n < block; n++) {
            dc[now + n] += dh[now + n];
        }
        peepBack(t, OUTPUT, 1, c, now, dz, now);
        if (setting.inner() != null) {
            setting.inner().backward(cRaw, dc, dc, now, now + block);
        }
    }

    /** The gradients through one row of peepholes: the row's, and the memory's if it counts. */
    private void peepBack(
            int t, int gate, int row, double[] memory, int from, double[] dz, int to) {
        if (setting.peepholes() == null) {
            return;
        }
        int at = gateAt(t, gate);
        for (int n = 0; n < block; n++) {
            int p = row * units + n % units;
            peepholeGradients[p] += dz[at + n] * memory[from + n];
            if (to != NOWHERE) {
                dc[to + n] += dz[at + n] * setting.peepholes()[p];
            }
        }
    }
}
