package io.github.dl4jqat.integer;

import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.QuantSpec;
import io.github.dl4jqat.quant.Quantizers;
import io.github.dl4jqat.quant.Requantization;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * Whether ONNX Runtime multiplies exactly on this processor. Some of its kernels for processors
 * without dot-product instructions add two products of bytes in 16 bits and saturate, which shows
 * on the largest activations and weights. One convolution and one dense layer full of those are
 * compared with {@link JavaEngine}, once in a JVM.
 */
final class OrtSelfCheck {

    private static final int CHANNELS = 32;
    private static final int SIDE = 6;
    private static final int OUTPUTS = 16;
    private static final int BATCH = 3;

    private OrtSelfCheck() {}

    /** Runs the comparison when it is first asked for. */
    private static final class Result {
        private static final boolean EXACT = agrees(conv()) && agrees(dense());
    }

    /**
     * Does nothing where ONNX Runtime is exact.
     *
     * @throws UnsupportedOperationException where it is not
     */
    static void run() {
        if (!Result.EXACT) {
            throw new UnsupportedOperationException(
                    "ONNX Runtime does not multiply bytes exactly on this processor");
        }
    }

    private static boolean agrees(IntegerModel model) {
        int[] q = new int[model.tensor("q").elements() * BATCH];
        Arrays.fill(q, 255);
        Map<String, TensorData> feeds = Map.of("q", TensorData.of(q));
        List<String> wanted = List.of("out");
        try (OrtEngine ort = new OrtEngine(model);
                JavaEngine java = new JavaEngine(model)) {
            int[] fast = ort.run(feeds, wanted, BATCH).get("out").ints();
            int[] defined = java.run(feeds, wanted, BATCH).get("out").ints();
            return Arrays.equals(fast, defined);
        }
    }

    private static IntegerModel conv() {
        TensorType q =
                TensorType.of("q", params(Quantizers.uint8PerTensor()), CHANNELS, SIDE, SIDE);
        Window2d window = Window2d.of(3, 3).withPads(1, 1, 1, 1);
        Weights weights = weights(List.of(OUTPUTS, CHANNELS, 3, 3));
        TensorType out = output(weights, OUTPUTS, SIDE, SIDE);
        return model(q, Conv2d.of("check", q, out, weights, window, Requantization.FLOAT));
    }

    private static IntegerModel dense() {
        TensorType q = TensorType.of("q", params(Quantizers.uint8PerTensor()), CHANNELS * SIDE);
        Weights weights = weights(List.of(OUTPUTS, CHANNELS * SIDE));
        TensorType out = output(weights, OUTPUTS);
        return model(q, Dense.of("check", q, out, weights, Requantization.FLOAT));
    }

    /** Runs of equal signs, so that neighbours add up, of several lengths, so that sums differ. */
    private static Weights weights(List<Integer> shape) {
        int[] values = new int[shape.stream().reduce(1, Math::multiplyExact)];
        for (int i = 0; i < values.length; i++) {
            values[i] = i / 8 % 7 < 4 ? 127 : -127;
        }
        QuantParams scale = params(Quantizers.int8PerTensor());
        return Weights.of(scale, shape, values, new int[shape.get(0)]);
    }

    /** Fine enough to show a difference, coarse enough not to saturate. */
    private static TensorType output(Weights weights, int... shape) {
        float reach = weights.elementsPerChannel() * 255f * 127f;
        QuantParams params = QuantParams.of(Quantizers.uint8PerTensor(), reach / 256f, 100);
        return TensorType.of("out", params, shape);
    }

    private static QuantParams params(QuantSpec spec) {
        return QuantParams.of(spec, 1f, 0);
    }

    private static IntegerModel model(TensorType q, IntegerOp op) {
        TensorType x = new TensorType("x", q.shape(), null);
        TensorType y = new TensorType("y", op.output().shape(), null);
        return IntegerModel.builder()
                .input(x)
                .add(new Quantize("begin", x, q))
                .add(op)
                .add(Dequantize.linear("end", op.output(), y, false))
                .output("y")
                .build();
    }
}
