package io.github.dl4jqat.zoo;

import io.github.dl4jqat.integer.IntegerModel;
import io.github.dl4jqat.integer.IntegerOp;
import io.github.dl4jqat.integer.TensorType;
import java.util.Map;
import java.util.TreeMap;

/** Reads off a model what its card can say without asking anybody. */
final class CardFacts {

    /** What a card says of a model that has no weights at all. */
    private static final int UNSAID = 8;

    private CardFacts() {}

    static ModelCard.Builder of(IntegerModel model) {
        ModelCard.Builder builder = ModelCard.builder();
        for (TensorType input : model.inputs()) {
            builder.input(new ModelCard.Input(input.shape(), 1, 0, ""));
        }
        return builder.bits(weightBits(model), activationBits(model));
    }

    private static int weightBits(IntegerModel model) {
        Map<Integer, Long> weights = new TreeMap<>();
        for (IntegerOp op : model.ops()) {
            op.constants()
                    .ifPresent(
                            w -> {
                                long count = 1;
                                for (int size : w.shape()) {
                                    count *= size;
                                }
                                weights.merge(w.params().spec().bits(), count, Long::sum);
                            });
        }
        return mostFrequent(weights);
    }

    private static int activationBits(IntegerModel model) {
        Map<Integer, Long> tensors = new TreeMap<>();
        for (TensorType tensor : model.tensors().values()) {
            if (!tensor.isFloat()) {
                tensors.merge(tensor.params().spec().bits(), 1L, Long::sum);
            }
        }
        return mostFrequent(tensors);
    }

    private static int mostFrequent(Map<Integer, Long> counts) {
        return counts.entrySet().stream()
                .max(Map.Entry.comparingByValue())
                .map(Map.Entry::getKey)
                .orElse(UNSAID);
    }
}
