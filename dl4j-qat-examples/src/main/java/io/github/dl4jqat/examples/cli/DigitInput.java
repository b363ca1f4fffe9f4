package io.github.dl4jqat.examples.cli;

import io.github.dl4jqat.examples.data.DigitSet;
import java.util.List;
import java.util.function.UnaryOperator;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.DataSetPreProcessor;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Finds out in which shape a model wants its digits: as rows of 784 pixels, or as pictures with the
 * channel first or last. Models do not say it in one common way, so it is tried.
 */
final class DigitInput {

    private static final long SIDE = DigitSet.SIDE;
    private static final List<long[]> SHAPES =
            List.of(
                    new long[] {1, DigitSet.PIXELS},
                    new long[] {1, 1, SIDE, SIDE},
                    new long[] {1, SIDE, SIDE, 1});

    private DigitInput() {}

    /**
     * What brings batches of {@link DigitSet} into the model's shape.
     *
     * @param name what to call the model in an error
     * @throws InputException if the model takes no digits or does not tell ten classes apart
     */
    static DataSetPreProcessor shapeFor(UnaryOperator<INDArray> model, String name)
            throws InputException {
        RuntimeException first = null;
        for (long[] shape : SHAPES) {
            try {
                INDArray output = model.apply(Nd4j.zeros(shape));
                if (output.rank() == 2 && output.size(1) == DigitSet.CLASSES) {
                    return reshape(shape);
                }
            } catch (RuntimeException e) {
                first = first == null ? e : first;
            }
        }
        throw new InputException(
                name + ": expected a model that sorts 28 x 28 pictures into 10 classes", first);
    }

    private static DataSetPreProcessor reshape(long[] example) {
        return batch -> {
            long[] shape = example.clone();
            shape[0] = batch.getFeatures().size(0);
            batch.setFeatures(batch.getFeatures().reshape(shape));
        };
    }
}
