package io.github.dl4jqat.examples.cli;

import io.github.dl4jqat.examples.data.DigitSetIterator;
import java.util.function.Consumer;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Measures what one picture costs a model. */
final class Stopwatch {

    private static final int MAX_BATCHES = 10;

    private Stopwatch() {}

    /**
     * Seconds per picture, in batches. The first batch only warms up; making the batches is not
     * measured.
     */
    static double secondsPerPicture(DigitSetIterator pictures, Consumer<INDArray> model) {
        pictures.reset();
        INDArray warmUp = pictures.next().getFeatures();
        model.accept(warmUp);
        pictures.reset();
        long nanos = 0;
        long count = 0;
        for (int i = 0; i < MAX_BATCHES && pictures.hasNext(); i++) {
            INDArray batch = pictures.next().getFeatures();
            long start = System.nanoTime();
            model.accept(batch);
            nanos += System.nanoTime() - start;
            count += batch.size(0);
        }
        pictures.reset();
        return nanos / 1e9 / count;
    }
}
