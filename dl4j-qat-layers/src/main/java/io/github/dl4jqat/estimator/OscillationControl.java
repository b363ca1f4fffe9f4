package io.github.dl4jqat.estimator;

import java.io.Serializable;

/**
 * What is done about weights that jump to and fro between two levels, as many do near the end of a
 * training at few bits. For each weight
 *
 * <pre>
 *   o = 1 if its level changed in the direction opposite to its last change, else 0
 *   f = momentum * o + (1 - momentum) * f             frequency of oscillation
 *   a = momentum * level + (1 - momentum) * a         average level
 * </pre>
 *
 * <p>Freezing: where {@code f} passes the threshold, the weight becomes {@code rint(a)} for good.
 * Dampening: the loss gets {@code dampening * sum (w - Q(w))^2}, with Q(w) taken as constant; its
 * gradient {@code 2 * dampening * (w - Q(w))} is added for weights within the range; the score does
 * not show it. Both may be moved by a {@link QatSchedule}: the paper raises the dampening from 0
 * and lowers the threshold along a cosine.
 *
 * <p>Worked numbers, momentum 0.1: levels 0, 1, 0, 1, 1, 0, 0, 1 give o = 0, 1, 1, 0, 1, 0, 1 and f
 * = 0, 0.1, 0.19, 0.171, 0.2539, 0.22851, 0.305659.
 *
 * <p>Costs five numbers for each weight, kept among the layer's parameters. Training that averages
 * parameters over workers averages these too, which blurs the counts. Source: Nagel et al.,
 * "Overcoming Oscillations in Quantization-Aware Training", arXiv:2203.11086. (The authors' code
 * averages the penalty over each kernel; the paper's formula, followed here, is a sum.) Immutable
 * and thread-safe.
 *
 * @param momentum weight of the present in the averages, in (0, 1); 0.01 is usual
 * @param dampening coefficient of the penalty, 0 for none
 * @param threshold frequency above which a weight is frozen, in (0, 1]; 0 for only tracking
 */
public record OscillationControl(double momentum, double dampening, double threshold)
        implements Serializable {

    private static final long serialVersionUID = 1L;

    /** Checks the numbers. */
    public OscillationControl {
        if (!(momentum > 0 && momentum < 1)
                || !(dampening >= 0)
                || Double.isInfinite(dampening)
                || !(threshold >= 0 && threshold <= 1)) {
            throw new IllegalArgumentException(
                    "OscillationControl: momentum="
                            + momentum
                            + ", dampening="
                            + dampening
                            + ", threshold="
                            + threshold
                            + "; expected (0, 1), 0 or more, and [0, 1]");
        }
    }

    /** Only counts, with the usual momentum of 0.01. */
    public static OscillationControl track() {
        return new OscillationControl(0.01, 0, 0);
    }

    /** The same with a penalty. */
    public OscillationControl withDampening(double coefficient) {
        return new OscillationControl(momentum, coefficient, threshold);
    }

    /** The same with freezing. */
    public OscillationControl withThreshold(double frequency) {
        return new OscillationControl(momentum, dampening, frequency);
    }
}
