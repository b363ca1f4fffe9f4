package io.github.dl4jqat.examples.zoo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.deeplearning4j.nn.conf.layers.LossLayer;
import org.deeplearning4j.nn.conf.layers.objdetect.Yolo2OutputLayer;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** {@link Agreement} finds the classes wherever a network puts them. */
class AgreementTest {

    private static double share(INDArray a, INDArray b) {
        Agreement agreement = new Agreement(new LossLayer());
        agreement.add(a, b);
        return agreement.share();
    }

    @Test
    void ofExamples_isTheShareOfEqualMaxima() {
        INDArray a = Nd4j.createFromArray(new float[][] {{1, 2, 0}, {3, 2, 1}, {0, 0, 1}});
        INDArray b = Nd4j.createFromArray(new float[][] {{0, 9, 8}, {1, 2, 3}, {4, 5, 6}});
        assertThat(share(a, b)).isEqualTo(2 / 3.0);
    }

    @Test
    void ofSteps_isTakenAtEachStep() {
        INDArray a = Nd4j.createFromArray(new float[][][] {{{1, 0, 1, 0}, {0, 1, 0, 1}}});
        INDArray b = Nd4j.createFromArray(new float[][][] {{{1, 0, 0, 0}, {0, 1, 1, 1}}});
        assertThat(share(a, b)).isEqualTo(0.75);
    }

    @Test
    void ofASingleChannel_isWhetherBothSayYes() {
        INDArray a = Nd4j.createFromArray(0.2f, 0.6f, 0.5f, 0.9f).reshape(1, 1, 2, 2);
        INDArray b = Nd4j.createFromArray(0.4f, 0.7f, 0.6f, 0.1f).reshape(1, 1, 2, 2);
        assertThat(share(a, b)).isEqualTo(0.5);
    }

    @Test
    void ofBoxes_looksAtTheirClassesOnly() {
        Yolo2OutputLayer layer =
                new Yolo2OutputLayer.Builder()
                        .boundingBoxPriors(Nd4j.createFromArray(new double[][] {{1, 1}, {2, 2}}))
                        .build();
        // two boxes of five numbers and three classes, in a grid of one cell
        INDArray a =
                Nd4j.createFromArray(9f, 1, 1, 1, 1, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0)
                        .reshape(1, 16, 1, 1);
        INDArray b =
                Nd4j.createFromArray(1f, 9, 1, 1, 1, 0, 1, 0, 0, 0, 0, 0, 9, 0, 0, 1)
                        .reshape(1, 16, 1, 1);
        Agreement agreement = new Agreement(layer);
        agreement.add(a, b);
        assertThat(agreement.share()).isEqualTo(0.5);
        agreement.add(a, a);
        assertThat(agreement.share()).isEqualTo(0.75);
    }

    @Test
    void outputsOfOtherShapes_areRefused() {
        assertThatThrownBy(() -> share(Nd4j.zeros(2, 3), Nd4j.zeros(3, 3)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("one shape");
    }
}
