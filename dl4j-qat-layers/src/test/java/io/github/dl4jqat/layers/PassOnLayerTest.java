package io.github.dl4jqat.layers;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.dl4jqat.Qat;
import io.github.dl4jqat.Seeds;
import io.github.dl4jqat.prepare.QatConfig;
import java.util.List;
import java.util.Random;
import org.deeplearning4j.datasets.iterator.utilty.SingletonDataSetIterator;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.dropout.Dropout;
import org.deeplearning4j.nn.conf.dropout.IDropout;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.DropoutLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.activations.impl.ActivationIdentity;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.learning.config.Sgd;

/** What stands where a layer's work has moved elsewhere. */
@ExtendWith(Seeds.class)
class PassOnLayerTest {

    private static final LayerWorkspaceMgr MGR = LayerWorkspaceMgr.noWorkspaces();
    private static final int IN = 5;
    private static final int CLASSES = 3;
    private static final int EXAMPLES = 6;

    /** A normalization and a function to move, and a dropout that writes over what it reads. */
    private static MultiLayerNetwork stock(IDropout dropout) {
        MultiLayerNetwork net =
                new MultiLayerNetwork(
                        new NeuralNetConfiguration.Builder()
                                .seed(7)
                                .dataType(DataType.DOUBLE)
                                .updater(new Sgd(0.1))
                                .list()
                                .layer(
                                        new DenseLayer.Builder()
                                                .nOut(4)
                                                .activation(Activation.IDENTITY)
                                                .build())
                                .layer(new BatchNormalization())
                                .layer(new ActivationLayer(Activation.TANH))
                                .layer(new DropoutLayer(dropout))
                                .layer(
                                        new OutputLayer.Builder()
                                                .nOut(CLASSES)
                                                .activation(Activation.SOFTMAX)
                                                .build())
                                .setInputType(InputType.feedForward(IN))
                                .build());
        net.init();
        return net;
    }

    /** A dropout that repeats itself, which those with random numbers do not. */
    public static final class Halved implements IDropout {
        private static final long serialVersionUID = 1L;

        @Override
        public INDArray applyDropout(
                INDArray x, INDArray y, int iteration, int epoch, LayerWorkspaceMgr mgr) {
            assertThat(y).as("written over what it reads").isSameAs(x);
            return y.muli(0.5);
        }

        @Override
        public INDArray backprop(INDArray grad, INDArray dx, int iteration, int epoch) {
            return dx.assign(grad).muli(0.5);
        }

        @Override
        public void clear() {
            // Nothing is kept.
        }

        @Override
        public Halved clone() {
            return new Halved();
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof Halved;
        }

        @Override
        public int hashCode() {
            return 1;
        }
    }

    private static DataSet batch(Random random) {
        return new DataSet(
                Nets.random(random, DataType.DOUBLE, EXAMPLES, IN),
                Nets.labels(random, DataType.DOUBLE, EXAMPLES, CLASSES));
    }

    private static MultiLayerNetwork prepared(DataSet batch, IDropout dropout) {
        MultiLayerNetwork net = Qat.prepare(stock(dropout), QatConfig.int8());
        Qat.calibrate(net, new SingletonDataSetIterator(batch), 1);
        return net;
    }

    @Test
    void handsOnTheVeryArray_bothWays(Random random) {
        MultiLayerNetwork net = prepared(batch(random), new Halved());
        for (int place : List.of(1, 2)) {
            assertThat(net.getLayer(place).conf().getLayer()).isEqualTo(place(net, place));
            INDArray x = Nets.random(random, DataType.DOUBLE, EXAMPLES, 4);
            net.getLayer(place).setInput(x, MGR);
            assertThat(net.getLayer(place).activate(true, MGR)).isSameAs(x);
            INDArray epsilon = Nets.random(random, DataType.DOUBLE, EXAMPLES, 4);
            var back = net.getLayer(place).backpropGradient(epsilon, MGR);
            assertThat(back.getSecond()).isSameAs(epsilon);
            assertThat(back.getFirst().gradientForVariable()).isEmpty();
        }
    }

    private static PassOnLayer place(MultiLayerNetwork net, int index) {
        PassOnLayer layer = new PassOnLayer();
        layer.setLayerName(net.getLayer(index).conf().getLayer().getLayerName());
        return layer;
    }

    /** As with copies in between, which is what older networks have there. */
    @Test
    void trainsLikeAnIdentityOnACopy_withADropoutBehind(Random random) {
        DataSet batch = batch(random);
        MultiLayerNetwork net = prepared(batch, new Halved());
        String json = net.getLayerWiseConfigurations().toJson();
        String older =
                json.replace(
                        '"' + PassOnLayer.class.getName() + '"',
                        '"' + ActivationLayer.class.getName() + '"');
        assertThat(older).isNotEqualTo(json);
        MultiLayerNetwork copying = new MultiLayerNetwork(MultiLayerConfiguration.fromJson(older));
        copying.init(net.params().dup(), false);
        for (int step = 0; step < 3; step++) {
            for (MultiLayerNetwork each : List.of(net, copying)) {
                each.fit(batch);
            }
            assertThat(net.params().toDoubleVector())
                    .as("step %s", step)
                    .containsExactly(copying.params().toDoubleVector());
        }
    }

    @Test
    void survivesJson_andStripsToAnIdentity(Random random) {
        MultiLayerNetwork net = prepared(batch(random), new Dropout(0.6));
        MultiLayerConfiguration conf = net.getLayerWiseConfigurations();
        assertThat(MultiLayerConfiguration.fromJson(conf.toJson())).isEqualTo(conf);
        assertThat(conf.getConf(1).getLayer().clone()).isEqualTo(conf.getConf(1).getLayer());
        assertThat(conf.getConf(1).getLayer()).isNotEqualTo(new ActivationLayer());
        MultiLayerNetwork stripped = Qat.strip(net);
        for (int place : List.of(1, 2)) {
            var stock = stripped.getLayer(place).conf().getLayer();
            assertThat(stock).isExactlyInstanceOf(ActivationLayer.class);
            assertThat(((ActivationLayer) stock).getActivationFn())
                    .isEqualTo(new ActivationIdentity());
            assertThat(stock.getLayerName())
                    .isEqualTo(net.getLayer(place).conf().getLayer().getLayerName());
        }
    }
}
