package io.github.dl4jqat.layers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.dl4jqat.estimator.GradientEstimators;
import io.github.dl4jqat.layers.Nets.Kind;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.Quantizers;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.conf.constraint.BaseConstraint;
import org.deeplearning4j.nn.conf.constraint.NonNegativeConstraint;
import org.deeplearning4j.nn.conf.dropout.Dropout;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.variational.BernoulliReconstructionDistribution;
import org.deeplearning4j.nn.conf.layers.variational.VariationalAutoencoder;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.activations.impl.ActivationSigmoid;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;
import org.nd4j.linalg.lossfunctions.impl.LossMSE;

class QuantVariationalAutoencoderTest {

    @Nested
    class TwoHiddenLayers extends QuantLayerContractTest {

        @Override
        Layer stock() {
            return new VariationalAutoencoder.Builder()
                    .encoderLayerSizes(5, 4)
                    .decoderLayerSizes(3)
                    .nOut(3)
                    .activation(Activation.TANH)
                    .build();
        }

        @Override
        boolean moves(Layer layer, String range) {
            return !range.equals("pZXMeanPreActivationRange") && super.moves(layer, range);
        }

        @Override
        Layer twin(LayerQuantization quantization) {
            return new QuantVariationalAutoencoder.Builder()
                    .encoderLayerSizes(5, 4)
                    .decoderLayerSizes(3)
                    .nOut(3)
                    .activation(Activation.TANH)
                    .quantization(quantization)
                    .build();
        }

        @Test
        void whatTheDecoderHas_staysAsItIs() {
            MultiLayerNetwork net =
                    (MultiLayerNetwork)
                            net(Kind.MULTI_LAYER, settings().l2(0.01).l1(0.01), quantization());
            org.deeplearning4j.nn.api.Layer layer = net.getLayer("subject");
            Map<String, INDArray> before = new java.util.LinkedHashMap<>();
            layer.paramTable().forEach((key, value) -> before.put(key, value.dup()));
            Nets.fit(net, batch(5));
            Nets.fit(net, batch(5));
            List<String> still =
                    List.of("pZXLogStd2W", "pZXLogStd2b", "d0W", "d0b", "pXZW", "pXZb");
            assertThat(before).containsKeys(still.toArray(new String[0]));
            before.forEach(
                    (key, value) -> {
                        if (still.contains(key)) {
                            assertThat(layer.getParam(key)).as(key).isEqualTo(value);
                            INDArray gradient = net.gradient().getGradientFor("2_" + key);
                            assertThat(gradient.amaxNumber().doubleValue()).as(key).isZero();
                        } else if (moves(layer.conf().getLayer(), key)) {
                            assertThat(layer.getParam(key)).as(key).isNotEqualTo(value);
                        }
                    });
        }

        private List<QuantParams> scales(MultiLayerNetwork net) {
            NetworkView.Node whole = NetworkView.of(net).byName().get("subject");
            return ((QuantizedEncoderLayer) whole.running())
                    .parts(whole).stream()
                            .map(part -> (QuantizedWeightLayer) part.running())
                            .map(part -> part.integerWeights().params())
                            .toList();
        }

        @Test
        void largerWeightsOfOneUnit_moveItsScaleAndNoOther() {
            MultiLayerNetwork net =
                    (MultiLayerNetwork) net(Kind.MULTI_LAYER, settings(), quantization());
            Nets.fit(net, batch(5));
            List<QuantParams> before = scales(net);
            List<String> keys = List.of("e0W", "e1W", "pZXMeanW");
            for (int larger = 0; larger < keys.size(); larger++) {
                INDArray w = net.getLayer("subject").getParam(keys.get(larger));
                assertThat(before.get(larger).scales()).hasSize((int) w.size(1));
                w.getColumn(1).muli(10);
                List<QuantParams> after = scales(net);
                w.getColumn(1).divi(10);
                for (int part = 0; part < keys.size(); part++) {
                    for (int c = 0; c < after.get(part).scales().length; c++) {
                        assertThat(after.get(part).scale(c) / before.get(part).scale(c))
                                .as("%s, unit %s", keys.get(part), c)
                                .isCloseTo(
                                        part == larger && c == 1 ? 10f : 1f,
                                        org.assertj.core.data.Offset.offset(1e-5f));
                    }
                }
            }
        }

        /** As in the stock layer: the setting may be there for other layers. */
        @Test
        void dropout_doesNothing() {
            Layer subject = twin(quantization());
            subject.setIDropout(new Dropout(0.5));
            DataSet data = batch(6);
            MultiLayerNetwork with = alone(subject);
            MultiLayerNetwork without = alone(twin(quantization()));
            with.fit(data);
            without.fit(data);
            assertThat(with.params()).isEqualTo(without.params());
        }

        private MultiLayerNetwork alone(Layer subject) {
            subject.setLayerName("subject");
            List<Layer> layers = new java.util.ArrayList<>(List.of(subject));
            layers.addAll(end());
            return (MultiLayerNetwork)
                    Nets.chain(
                            Kind.MULTI_LAYER,
                            settings(DataType.FLOAT, new Sgd(0.1)),
                            inputType(),
                            layers);
        }
    }

    @Nested
    class ThreeHiddenLayers extends QuantLayerContractTest {

        @Override
        Layer stock() {
            return new VariationalAutoencoder.Builder()
                    .encoderLayerSizes(7, 6, 5)
                    .decoderLayerSizes(4, 5)
                    .nOut(4)
                    .activation(Activation.RELU)
                    .pzxActivationFunction(Activation.SIGMOID)
                    .build();
        }

        @Override
        boolean moves(Layer layer, String range) {
            return !range.matches("e.PreActivationRange") && super.moves(layer, range);
        }

        @Override
        Layer twin(LayerQuantization quantization) {
            return QuantVariationalAutoencoder.of((VariationalAutoencoder) stock(), quantization);
        }
    }

    @Nested
    class OneHiddenLayer extends QuantLayerContractTest {

        @Override
        boolean sameOpsAsStock() {
            // The stock layer multiplies in another order.
            return false;
        }

        @Override
        Layer stock() {
            return new VariationalAutoencoder.Builder()
                    .encoderLayerSizes(6)
                    .decoderLayerSizes(6)
                    .nOut(5)
                    .activation(Activation.IDENTITY)
                    .pzxActivationFunction(Activation.TANH)
                    .reconstructionDistribution(new BernoulliReconstructionDistribution())
                    .build();
        }

        @Override
        boolean moves(Layer layer, String range) {
            return !range.equals("e0PreActivationRange") && super.moves(layer, range);
        }

        @Override
        Layer twin(LayerQuantization quantization) {
            return QuantVariationalAutoencoder.of((VariationalAutoencoder) stock(), quantization);
        }
    }

    @Test
    void builder_takesAllOptions() {
        QuantVariationalAutoencoder layer =
                new QuantVariationalAutoencoder.Builder()
                        .name("codes")
                        .nIn(9)
                        .encoderLayerSizes(8, 7)
                        .decoderLayerSizes(6)
                        .nOut(3)
                        .activation(Activation.SIGMOID)
                        .pzxActivationFunction(Activation.TANH)
                        .lossFunction(Activation.SIGMOID, LossFunction.MSE)
                        .numSamples(4)
                        .updater(new Adam(0.5))
                        .biasUpdater(new Sgd(0.25))
                        .constrainBias(new NonNegativeConstraint())
                        .weightQuant(Quantizers.int4PerChannel())
                        .weightEstimator(GradientEstimators.lsq())
                        .outputQuant(Quantizers.uintPerTensor(6))
                        .build();
        VariationalAutoencoder stock =
                new VariationalAutoencoder.Builder()
                        .name("codes")
                        .nIn(9)
                        .encoderLayerSizes(8, 7)
                        .decoderLayerSizes(6)
                        .nOut(3)
                        .activation(Activation.SIGMOID)
                        .pzxActivationFunction(Activation.TANH)
                        .lossFunction(new ActivationSigmoid(), new LossMSE())
                        .numSamples(4)
                        .updater(new Adam(0.5))
                        .biasUpdater(new Sgd(0.25))
                        .build();
        assertThat(layer.getConstraints()).hasSize(1);
        assertThat(((BaseConstraint) layer.getConstraints().get(0)).getParams())
                .containsExactlyInAnyOrder("e0b", "e1b", "pZXMeanb", "pZXLogStd2b", "d0b", "pXZb");
        LayerQuantization q = layer.getQuantization();
        assertThat(q.weight().spec()).isEqualTo(Quantizers.int4PerChannel());
        assertThat(q.weight().estimator()).isEqualTo(GradientEstimators.lsq());
        assertThat(q.output().spec()).isEqualTo(Quantizers.uintPerTensor(6));
        Layer back = StockTwin.stock(layer);
        back.setConstraints(null);
        assertThat(back).isEqualTo(stock);
    }

    @Test
    void aFoldedBatchNormalization_isRefused() {
        LayerQuantization q =
                LayerQuantization.int8()
                        .withBatchNorm(new FoldedBatchNorm("norm", 1e-5, 0.9, true, false, 1, 0));
        assertThatThrownBy(() -> new QuantVariationalAutoencoder.Builder().quantization(q).build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("A variational autoencoder")
                .hasMessageContaining("'norm'")
                .hasMessageContaining("QuantBatchNormalization");
    }
}
