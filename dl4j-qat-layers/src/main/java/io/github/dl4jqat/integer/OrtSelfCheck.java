package io.github.dl4jqat.integer;

import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.QuantSpec;
import io.github.dl4jqat.quant.Quantizers;
import io.github.dl4jqat.quant.Requantization;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * How ONNX Runtime multiplies exactly on this processor. Some of its kernels for processors without
 * dot-product instructions add two products of bytes in 16 bits and saturate, which shows on the
 * largest activations and weights. Convolutions and a dense layer full of those are compared with
 * {@link JavaEngine}, once in a JVM: first with the kernels that ONNX Runtime would take by itself,
 * then, if those saturate, with its wide ones. Where the first are exact the wide ones are too, but
 * two to three times slower.
 */
final class OrtSelfCheck {

    private static final int CHANNELS = 32;
    private static final int SIDE = 6;
    private static final int OUTPUTS = 16;
    private static final int COLORS = 3;

    /** A single example has kernels of its own. */
    private static final int[] BATCHES = {1, 3};

    /** The kernels that multiply bytes. */
    enum Products {
        /** Those that ONNX Runtime prefers. */
        FASTEST,
        /** Unsigned times unsigned, which never saturates. */
        WIDE
    }

    private OrtSelfCheck() {}

    /** Runs the comparison when it is first asked for. */
    private static final class Result {
        private static final Optional<Products> EXACT =
                Arrays.stream(Products.values()).filter(OrtSelfCheck::isExact).findFirst();
    }

    /**
     * The fastest kernels that are exact here.
     *
     * @throws UnsupportedOperationException where there are none
     */
    static Products products() {
        return Result.EXACT.orElseThrow(
                () ->
                        new UnsupportedOperationException(
                                "ONNX Runtime does not multiply bytes exactly on this processor"));
    }

    /** Whether these kernels give the integers that are defined. */
    static boolean isExact(Products products) {
        return agrees(conv(CHANNELS, 1), products)
                && agrees(conv(COLORS, 1), products)
                && agrees(conv(CHANNELS, CHANNELS), products)
                && agrees(dense(), products);
    }

    private static boolean agrees(IntegerModel model, Products products) {
        List<String> wanted = List.of("out");
        try (OrtEngine ort = new OrtEngine(model, null, products);
                JavaEngine java = new JavaEngine(model)) {
            for (int batch : BATCHES) {
                int[] q = new int[model.tensor("q").elements() * batch];
                Arrays.fill(q, 255);
                Map<String, TensorData> feeds = Map.of("q", TensorData.of(q));
                int[] fast = ort.run(feeds, wanted, batch).get("out").ints();
                int[] defined = java.run(feeds, wanted, batch).get("out").ints();
                if (!Arrays.equals(fast, defined)) {
                    return false;
                }
            }
            return true;
        }
    }

    private static IntegerModel conv(int channels, int groups) {
        TensorType q =
                TensorType.of("q", params(Quantizers.uint8PerTensor()), channels, SIDE, SIDE);
        Window2d window = Window2d.of(3, 3).withPads(1, 1, 1, 1);
        int outputs = groups == 1 ? OUTPUTS : channels;
        Weights weights = weights(List.of(outputs, channels / groups, 3, 3));
        TensorType out = output(weights, outputs, SIDE, SIDE);
        Requantization mode = Requantization.FLOAT;
        int high = out.params().spec().qMax();
        return model(q, new Conv2d("check", q, out, weights, window, groups, mode, 0, high));
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
