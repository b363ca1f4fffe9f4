package io.github.dl4jqat.examples.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.dl4jqat.examples.Seeds;
import java.util.ArrayList;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.dataset.DataSet;

/** {@link DigitSetIterator} gives batches as Deeplearning4j's MNIST iterator does. */
class DigitSetIteratorTest {

    private static final int SIZE = 25;

    private final DigitSet digits = new DrawnDigits(Seeds.seed(), SIZE, 0).train();

    @Test
    void next_givesScaledPixelsAndOneHotLabels() {
        DataSet batch = DigitSetIterator.inOrder(digits, 10).next();
        assertThat(batch.getFeatures().shape()).containsExactly(10, 784);
        assertThat(batch.getLabels().shape()).containsExactly(10, 10);
        assertThat(batch.getFeatures().dataType()).isEqualTo(DataType.FLOAT);
        assertThat(batch.getLabels().dataType()).isEqualTo(DataType.FLOAT);
        for (int i = 0; i < 10; i++) {
            for (int p = 0; p < DigitSet.PIXELS; p++) {
                assertThat(batch.getFeatures().getFloat(i, p))
                        .isEqualTo(digits.pixel(i, p / 28, p % 28) / 255f);
            }
            for (int c = 0; c < DigitSet.CLASSES; c++) {
                assertThat(batch.getLabels().getFloat(i, c))
                        .isEqualTo(c == digits.label(i) ? 1f : 0f);
            }
        }
    }

    @Test
    void lastBatch_isSmaller() {
        DigitSetIterator batches = DigitSetIterator.inOrder(digits, 10);
        List<Long> sizes = new ArrayList<>();
        batches.forEachRemaining(batch -> sizes.add(batch.getFeatures().size(0)));
        assertThat(sizes).containsExactly(10L, 10L, 5L);
        assertThat(batches.batches()).isEqualTo(3);
        assertThat(batches.hasNext()).isFalse();
        assertThatThrownBy(batches::next).isInstanceOf(NoSuchElementException.class);
    }

    @Test
    void batches_areArraysOfTheirOwn() {
        DataSet batch = DigitSetIterator.inOrder(digits, 10).next();
        assertThat(batch.getFeatures().isView()).isFalse();
        assertThat(batch.getFeatures().offset()).isZero();
    }

    @Test
    void shuffled_hasEveryPictureOnce_inAnotherOrderInEveryPass() {
        DigitSetIterator batches = DigitSetIterator.shuffled(digits, 7, Seeds.seed());
        List<Double> first = pass(batches);
        List<Double> second = pass(batches);
        assertThat(first).isNotEqualTo(second);
        assertThat(new TreeSet<>(first)).hasSize(SIZE).isEqualTo(new TreeSet<>(second));
    }

    @Test
    void shuffled_repeats_forTheSameSeed() {
        DigitSetIterator one = DigitSetIterator.shuffled(digits, 7, Seeds.seed());
        DigitSetIterator same = DigitSetIterator.shuffled(digits, 7, Seeds.seed());
        DigitSetIterator other = DigitSetIterator.shuffled(digits, 7, Seeds.seed() + 1);
        same.reset(); // nothing read yet: no new order
        List<Double> first = pass(one);
        assertThat(pass(same)).isEqualTo(first);
        assertThat(pass(other)).isNotEqualTo(first);
        assertThat(pass(same)).isEqualTo(pass(one));
    }

    @Test
    void inOrder_repeatsTheSamePass() {
        DigitSetIterator batches = DigitSetIterator.inOrder(digits, 7);
        assertThat(pass(batches)).isEqualTo(pass(batches));
    }

    @Test
    void preProcessor_seesEveryBatch() {
        DigitSetIterator batches = DigitSetIterator.inOrder(digits, 10);
        batches.setPreProcessor(batch -> batch.getFeatures().muli(0));
        assertThat(pass(batches)).containsOnly(0.0);
    }

    /** Reads one pass; a picture is known by the sum of its pixels. */
    private static List<Double> pass(DigitSetIterator batches) {
        List<Double> sums = new ArrayList<>();
        while (batches.hasNext()) {
            DataSet batch = batches.next();
            for (double sum : batch.getFeatures().castTo(DataType.DOUBLE).sum(1).toDoubleVector()) {
                sums.add(sum);
            }
        }
        batches.reset();
        return sums;
    }
}
