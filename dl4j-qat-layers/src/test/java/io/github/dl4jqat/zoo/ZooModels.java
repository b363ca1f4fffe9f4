package io.github.dl4jqat.zoo;

import io.github.dl4jqat.integer.Dense;
import io.github.dl4jqat.integer.Dequantize;
import io.github.dl4jqat.integer.EngineChoice;
import io.github.dl4jqat.integer.IntegerModel;
import io.github.dl4jqat.integer.IntegerNetwork;
import io.github.dl4jqat.integer.Quantize;
import io.github.dl4jqat.integer.TensorType;
import io.github.dl4jqat.integer.Weights;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.Quantizers;
import io.github.dl4jqat.quant.Requantization;
import java.time.LocalDate;
import java.util.List;
import java.util.Random;

/** Small models and cards for zoos under test. */
final class ZooModels {

    private static final int INPUTS = 6;
    private static final int OUTPUTS = 3;

    private ZooModels() {}

    /** A dense layer of 6 inputs and 3 outputs with weights of 4 bits that follow from the seed. */
    static IntegerModel model(long seed) {
        Random random = new Random(seed);
        TensorType x = TensorType.ofFloats("x", INPUTS);
        TensorType q =
                TensorType.of("q", QuantParams.of(Quantizers.uint8PerTensor(), 0.01f, 3), INPUTS);
        TensorType logits =
                TensorType.of(
                        "logits", QuantParams.of(Quantizers.uint8PerTensor(), 0.1f, 128), OUTPUTS);
        TensorType y = TensorType.ofFloats("y", OUTPUTS);
        int[] values = random.ints((long) INPUTS * OUTPUTS, -7, 8).toArray();
        float[] scales = {0.02f, 0.03f, 0.05f};
        Weights weights =
                Weights.of(
                        QuantParams.of(Quantizers.intPerChannel(4), scales, 0),
                        List.of(OUTPUTS, INPUTS),
                        values,
                        new int[OUTPUTS]);
        return IntegerModel.builder()
                .input(x)
                .add(new Quantize("in", x, q))
                .add(new Dense("dense", q, logits, weights, Requantization.FLOAT, 0, 255))
                .add(Dequantize.linear("out", logits, y, true))
                .output("y")
                .build();
    }

    static IntegerNetwork network(long seed) {
        return IntegerNetwork.of(model(seed), EngineChoice.JAVA);
    }

    /** A card that goes with all of them. */
    static ModelCard card() {
        return ModelCard.of(model(0))
                .task("image-classification")
                .description("Sorts very small pictures.")
                .scaling(1 / 255.0, -0.5, "gray pixels, 0 to 255")
                .labels("cat", "dog", "neither \"nor\"\u00e9")
                .accuracy(0.9375, "Pets test", 16, LocalDate.of(2026, 11, 21))
                .licence("Apache-2.0")
                .engines("java", "onnxruntime")
                .exporters("onnx")
                .reproduce("qat quickstart")
                .build();
    }
}
