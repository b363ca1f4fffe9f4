package io.github.dl4jqat.integer;

import io.github.dl4jqat.quant.QuantParams;
import java.util.List;

/**
 * From floats to integers, where a network begins and behind a float island: {@code q =
 * clamp(rint(x / scale) + zeroPoint, qMin, qMax)}, ties to even, true division, elementwise. Floats
 * are divided in float arithmetic, doubles, which only a caller can give, in double arithmetic. NaN
 * becomes the zero point, infinities the ends of the range.
 *
 * <p>Immutable and thread-safe.
 *
 * @param name layer name
 * @param input a float tensor
 * @param output integers of the same shape
 */
public record Quantize(String name, TensorType input, TensorType output) implements IntegerOp {

    private static final String TYPE = "Quantize";

    /** Checks types and shapes. */
    public Quantize {
        OpChecks.name(TYPE, name);
        OpChecks.integers(TYPE, name, output);
        if (!input.isFloat()) {
            throw OpChecks.error(TYPE, name, "input " + input + " is not float");
        }
        OpChecks.shape(TYPE, name, output, input.shape());
        OpChecks.consecutive(TYPE, name, output);
    }

    @Override
    public List<TensorType> inputs() {
        return List.of(input);
    }

    /** Quantizes {@code count} floats from {@code from} on into {@code q} from {@code to} on. */
    void apply(float[] x, int from, int[] q, int to, int count) {
        QuantizeLoop.ints(output.params(), x, from, q, to, count);
    }

    /** The same for doubles. */
    void apply(double[] x, int from, int[] q, int to, int count) {
        QuantParams params = output.params();
        double scale = params.scale();
        int low = params.lowestStep();
        int high = params.highestStep();
        for (int i = 0; i < count; i++) {
            // NaN stays NaN through rint, min and max, and the cast makes it 0: the zero point.
            double step = Math.max(low, Math.min(high, Math.rint(x[from + i] / scale)));
            q[to + i] = (int) step + params.zeroPoint();
        }
    }
}
