package io.github.dl4jqat.layers;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.dl4jqat.Qat;
import io.github.dl4jqat.Seeds;
import io.github.dl4jqat.prepare.QatConfig;
import java.util.Random;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.Convolution1DLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.adapter.SingletonDataSetIterator;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Pooling over sequences of different lengths: what comes behind a sequence's end must not count.
 */
@ExtendWith(Seeds.class)
class MaskedPoolingTest {

    private static final int EXAMPLES = 4;
    private static final int FEATURES = 3;
    private static final int STEPS = 6;

    private static MultiLayerNetwork prepared(Layer front, PoolingType type, DataSet data) {
        MultiLayerNetwork net =
                new MultiLayerNetwork(
                        new NeuralNetConfiguration.Builder()
                                .seed(7)
                                .list()
                                .layer(front)
                                .layer(new GlobalPoolingLayer(type))
                                .layer(
                                        new OutputLayer.Builder()
                                                .nOut(2)
                                                .activation(Activation.SOFTMAX)
                                                .build())
                                .setInputType(InputType.recurrent(FEATURES, STEPS))
                                .build());
        net.init();
        MultiLayerNetwork qat = Qat.prepare(net, QatConfig.int8());
        Qat.calibrate(qat, new SingletonDataSetIterator(data), 1);
        return qat;
    }

    /** Zero where its input is zero. */
    private static Layer pointwise() {
        return new Convolution1DLayer.Builder(1).nOut(5).activation(Activation.RELU).build();
    }

    private static INDArray floats(Random random, long... shape) {
        INDArray x = Nd4j.create(shape);
        for (long i = 0; i < x.length(); i++) {
            x.putScalar(i, (float) random.nextGaussian());
        }
        return x;
    }

    /** The first example has one step, the next two, and so on. */
    private static INDArray mask() {
        INDArray mask = Nd4j.zeros(EXAMPLES, STEPS);
        for (int i = 0; i < EXAMPLES; i++) {
            mask.get(NDArrayIndex.point(i), NDArrayIndex.interval(0, i + 1)).assign(1);
        }
        return mask;
    }

    /** The steps that count are all zero, what pads them is not: a norm has no slope there. */
    @ParameterizedTest
    @EnumSource(PoolingType.class)
    void trainingStaysFiniteWhereOnlyPaddingIsNotZero(PoolingType type, Random random) {
        INDArray x = floats(random, EXAMPLES, FEATURES, STEPS);
        INDArray labels = Nd4j.zeros(EXAMPLES, 2);
        labels.getColumn(0).assign(1);
        MultiLayerNetwork net = prepared(pointwise(), type, new DataSet(x, labels));
        INDArray silent = x.dup();
        INDArray mask = mask();
        for (int i = 0; i < EXAMPLES; i++) {
            for (int t = 0; t <= i; t++) {
                for (int c = 0; c < FEATURES; c++) {
                    silent.putScalar(i, c, t, 0);
                }
            }
        }
        for (int step = 0; step < 3; step++) {
            net.fit(new DataSet(silent, labels, mask, null));
            assertThat(net.params().isNaN().any()).isFalse();
        }
    }

    @ParameterizedTest
    @EnumSource(PoolingType.class)
    void evaluationLeavesPaddingOut(PoolingType type, Random random) {
        INDArray x = floats(random, EXAMPLES, FEATURES, STEPS);
        INDArray labels = Nd4j.zeros(EXAMPLES, 2);
        labels.getColumn(0).assign(1);
        MultiLayerNetwork net =
                prepared(new LSTM.Builder().nOut(5).build(), type, new DataSet(x, labels));
        INDArray mask = mask();
        INDArray otherPadding = floats(random, EXAMPLES, FEATURES, STEPS).mul(5);
        for (int i = 0; i < EXAMPLES; i++) {
            for (int t = 0; t <= i; t++) {
                for (int c = 0; c < FEATURES; c++) {
                    otherPadding.putScalar(i, c, t, x.getDouble(i, c, t));
                }
            }
        }
        INDArray y = net.output(x, false, mask, null);
        assertThat(net.output(otherPadding, false, mask, null)).isEqualTo(y);
        assertThat(net.output(x, false)).isNotEqualTo(y);
        INDArray stripped = Qat.strip(net).output(x, false, mask, null);
        assertThat(y.sub(stripped).amaxNumber().doubleValue()).isLessThan(0.02);
        assertThat(net.output(x, false)).as("the mask of a call ends with it").isNotEqualTo(y);
    }
}
