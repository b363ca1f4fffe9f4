package io.github.dl4jqat.convert;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** The class that each position of an output names. */
class LabelsTest {

    private static INDArray array(float[] values, long... shape) {
        return Nd4j.createFromArray(values).reshape('c', shape);
    }

    @Test
    void vector_hasOneLabelForEachExample() {
        INDArray y = array(new float[] {1, 3, 2, 5, 4, 4}, 2, 3);
        assertThat(Labels.of(y, false)).containsExactly(1, 0);
        assertThat(Labels.of(y, true))
                .as("a vector has no other arrangement")
                .containsExactly(1, 0);
    }

    @Test
    void sequence_hasOneLabelForEachStep() {
        // Two examples of two channels over three steps.
        INDArray y = array(new float[] {1, 2, 3, 3, 2, 1, 0, 9, 0, 1, 1, 1}, 2, 2, 3);
        assertThat(Labels.of(y, false)).containsExactly(1, 0, 0, 1, 0, 1);
    }

    @Test
    void image_hasOneLabelForEachPixel_whereverItsChannelsAre() {
        INDArray y = Nd4j.rand(2, 3, 4, 5);
        int[] labels = Labels.of(y, false);
        assertThat(labels).hasSize(2 * 4 * 5);
        for (int i = 0; i < labels.length; i++) {
            int pixel = i % 20;
            for (int c = 0; c < 3; c++) {
                assertThat(y.getFloat(i / 20, c, pixel / 5, pixel % 5))
                        .isLessThanOrEqualTo(y.getFloat(i / 20, labels[i], pixel / 5, pixel % 5));
            }
        }
        assertThat(Labels.of(y.permute(0, 2, 3, 1), true)).isEqualTo(labels);
    }

    @Test
    void singleChannel_isAboveOneHalfOrNot() {
        INDArray y = array(new float[] {0.5f, 0.51f, 0, 1}, 2, 1, 2);
        assertThat(Labels.of(y, false)).containsExactly(0, 1, 0, 1);
    }
}
