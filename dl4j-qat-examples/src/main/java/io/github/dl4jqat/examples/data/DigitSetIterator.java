package io.github.dl4jqat.examples.data;

import java.util.List;
import java.util.NoSuchElementException;
import java.util.Random;
import java.util.stream.IntStream;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.DataSetPreProcessor;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Batches of a {@link DigitSet} in the form of Deeplearning4j's MNIST iterator: features [batch,
 * 784] between 0 and 1, labels [batch, 10] one-hot, both FLOAT.
 *
 * <p>Every batch is a new array filled from the bytes. Nothing is a slice of something larger:
 * slices of slices are not safe in ND4J 1.0.0-M2.1, and memory stays at one batch.
 *
 * <p>With a seed, every pass over the data has its own order: pass k of one seed is the same in
 * every run. Not thread-safe.
 */
public final class DigitSetIterator implements DataSetIterator {

    private static final long serialVersionUID = 1L;

    private static final List<String> LABELS =
            IntStream.range(0, DigitSet.CLASSES).mapToObj(Integer::toString).toList();

    private final DigitSet digits;
    private final Random shuffler;
    private final int[] order;
    private final int batchSize;
    private int cursor;
    private DataSetPreProcessor preProcessor;

    private DigitSetIterator(DigitSet digits, int batchSize, Random shuffler) {
        if (batchSize < 1) {
            throw new IllegalArgumentException(
                    "expected a batch size of at least 1, got " + batchSize);
        }
        this.digits = digits;
        this.batchSize = batchSize;
        this.shuffler = shuffler;
        this.order = IntStream.range(0, digits.size()).toArray();
        shuffle();
    }

    /** Batches in the order of the set, the same in every pass: for evaluation. */
    public static DigitSetIterator inOrder(DigitSet digits, int batchSize) {
        return new DigitSetIterator(digits, batchSize, null);
    }

    /** Batches in a new order in every pass: for training. */
    public static DigitSetIterator shuffled(DigitSet digits, int batchSize, long seed) {
        return new DigitSetIterator(digits, batchSize, new Random(seed));
    }

    private void shuffle() {
        if (shuffler == null) {
            return;
        }
        for (int i = order.length - 1; i > 0; i--) {
            int j = shuffler.nextInt(i + 1);
            int other = order[j];
            order[j] = order[i];
            order[i] = other;
        }
    }

    /** Number of digits in one pass. */
    public int size() {
        return order.length;
    }

    /** Number of batches in one pass. */
    public int batches() {
        return (order.length + batchSize - 1) / batchSize;
    }

    @Override
    public boolean hasNext() {
        return cursor < order.length;
    }

    @Override
    public DataSet next() {
        return next(batchSize);
    }

    @Override
    public DataSet next(int atMost) {
        if (!hasNext()) {
            throw new NoSuchElementException("all " + order.length + " digits have been read");
        }
        int count = Math.min(atMost, order.length - cursor);
        float[] pixels = new float[count * DigitSet.PIXELS];
        float[] oneHot = new float[count * DigitSet.CLASSES];
        for (int i = 0; i < count; i++) {
            int index = order[cursor + i];
            digits.copyScaled(index, pixels, i * DigitSet.PIXELS);
            oneHot[i * DigitSet.CLASSES + digits.label(index)] = 1f;
        }
        cursor += count;
        DataSet batch =
                new DataSet(
                        matrix(pixels, count, DigitSet.PIXELS),
                        matrix(oneHot, count, DigitSet.CLASSES));
        if (preProcessor != null) {
            preProcessor.preProcess(batch);
        }
        return batch;
    }

    private static INDArray matrix(float[] values, int rows, int columns) {
        return Nd4j.create(
                values, new long[] {rows, columns}, new long[] {columns, 1}, 'c', DataType.FLOAT);
    }

    /** Starts the next pass. A reset before anything was read changes nothing. */
    @Override
    public void reset() {
        if (cursor > 0) {
            cursor = 0;
            shuffle();
        }
    }

    @Override
    public boolean resetSupported() {
        return true;
    }

    /** False: filling a batch takes far less time than handing it over between threads. */
    @Override
    public boolean asyncSupported() {
        return false;
    }

    @Override
    public int batch() {
        return batchSize;
    }

    @Override
    public int inputColumns() {
        return DigitSet.PIXELS;
    }

    @Override
    public int totalOutcomes() {
        return DigitSet.CLASSES;
    }

    @Override
    public List<String> getLabels() {
        return LABELS;
    }

    @Override
    public void setPreProcessor(DataSetPreProcessor preProcessor) {
        this.preProcessor = preProcessor;
    }

    @Override
    public DataSetPreProcessor getPreProcessor() {
        return preProcessor;
    }
}
