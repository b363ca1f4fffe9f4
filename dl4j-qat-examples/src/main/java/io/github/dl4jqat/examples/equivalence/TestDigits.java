package io.github.dl4jqat.examples.equivalence;

import io.github.dl4jqat.examples.data.DigitSet;
import io.github.dl4jqat.examples.data.DigitSetIterator;
import java.util.List;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The digits that no network trains on. */
final class TestDigits {

    private static final int BATCH = 500;

    private final DigitSet digits;

    TestDigits(DigitSet digits) {
        this.digits = digits;
    }

    /** The logits: what the last layer but one gives, before the softmax of the loss layer. */
    Predictions run(MultiLayerNetwork net, DataType type) {
        double[] logits = new double[digits.size() * DigitSet.CLASSES];
        int[] labels = new int[digits.size()];
        DigitSetIterator batches = DigitSetIterator.inOrder(digits, BATCH);
        int done = 0;
        while (batches.hasNext()) {
            INDArray features = batches.next().getFeatures().castTo(type);
            List<INDArray> activations =
                    net.feedForwardToLayer(net.getnLayers() - 2, features, false);
            double[] numbers = activations.get(activations.size() - 1).dup('c').data().asDouble();
            System.arraycopy(numbers, 0, logits, done * DigitSet.CLASSES, numbers.length);
            int count = Math.toIntExact(features.size(0));
            for (int i = 0; i < count; i++) {
                labels[done + i] = digits.label(done + i);
            }
            done += count;
        }
        return new Predictions(logits, labels);
    }
}
