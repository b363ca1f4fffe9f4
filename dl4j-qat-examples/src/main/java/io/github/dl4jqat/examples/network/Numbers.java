package io.github.dl4jqat.examples.network;

import io.github.dl4jqat.layers.NetworkView;
import io.github.dl4jqat.layers.NetworkView.Node;
import io.github.dl4jqat.layers.QuantizedLayer;
import java.util.Map;
import java.util.Set;
import org.deeplearning4j.nn.params.BatchNormalizationParamInitializer;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.NoOp;

/**
 * How many numbers of which kind are among what Deeplearning4j calls parameters, and counts as
 * trainable.
 *
 * @param weights what the float network trains too: weights, biases, the factors of a batch
 *     normalization
 * @param learned what estimators learn: steps, bounds, sharpness
 * @param state what no optimizer moves: ranges, running statistics, what is counted and frozen
 */
public record Numbers(long weights, long learned, long state) {

    /** A folded batch normalization has them under the names of the stock layer. */
    private static final Set<String> FACTORS =
            Set.of(
                    BatchNormalizationParamInitializer.GAMMA,
                    BatchNormalizationParamInitializer.BETA);

    /** Those of a whole network. */
    public static Numbers of(NetworkView view) {
        return view.nodes().stream()
                .map(Numbers::of)
                .reduce(new Numbers(0, 0, 0), (a, b) -> a.plus(b.weights, b.learned, b.state));
    }

    /** Those of a layer or vertex. */
    public static Numbers of(Node node) {
        Numbers sum = new Numbers(0, 0, 0);
        for (INDArray values : node.learned().values()) {
            sum = sum.plus(values.length(), 0, 0);
        }
        if (node.running() == null) {
            return sum;
        }
        Set<String> stock =
                node.running() instanceof QuantizedLayer layer
                        ? layer.evaluationParams().keySet()
                        : node.running().paramTable().keySet();
        for (Map.Entry<String, INDArray> entry : node.running().paramTable().entrySet()) {
            long length = entry.getValue().length();
            if (node.layer().getUpdaterByParam(entry.getKey()) instanceof NoOp) {
                sum = sum.plus(0, 0, length);
            } else if (stock.contains(entry.getKey()) || FACTORS.contains(entry.getKey())) {
                sum = sum.plus(length, 0, 0);
            } else {
                sum = sum.plus(0, length, 0);
            }
        }
        return sum;
    }

    private Numbers plus(long moreWeights, long moreLearned, long moreState) {
        return new Numbers(weights + moreWeights, learned + moreLearned, state + moreState);
    }
}
