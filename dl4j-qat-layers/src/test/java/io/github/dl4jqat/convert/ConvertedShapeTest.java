package io.github.dl4jqat.convert;

import static io.github.dl4jqat.convert.SmallNets.dense;
import static io.github.dl4jqat.convert.SmallNets.output;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.dl4jqat.Qat;
import io.github.dl4jqat.integer.IntegerNetwork;
import io.github.dl4jqat.layers.Nets;
import io.github.dl4jqat.prepare.PreparationPlan.Outcome;
import io.github.dl4jqat.prepare.QatConfig;
import java.util.Random;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** What a converted network looks like from outside: its outputs, its names, its beginning. */
class ConvertedShapeTest {

    @Test
    void outputs_keepTheOrderOfTheNetwork() {
        ComputationGraph qat =
                SmallNets.quantized(
                        SmallNets.graph()
                                .addLayer("a", dense("a", 4, Activation.RELU), "in")
                                .addLayer("b", dense("b", 3, Activation.TANH), "a")
                                .addLayer(
                                        "c",
                                        output("c", 3, LossFunction.MSE, Activation.IDENTITY),
                                        "b")
                                .setOutputs("c", "b"));
        INDArray x = SmallNets.features(5);
        INDArray[] expected = qat.output(x);
        try (IntegerNetwork integer = Qat.convert(qat)) {
            INDArray[] actual = integer.outputs(new INDArray[] {x});
            assertThat(actual).containsExactly(expected);
            assertThat(actual[0]).isNotEqualTo(actual[1]);
        }
    }

    @Test
    void layerBehindAnOutputLayer_computesOnItsRealValues_andIsNotConverted() {
        ComputationGraph qat =
                SmallNets.quantized(
                        SmallNets.graph()
                                .addLayer(
                                        "a",
                                        output("a", 4, LossFunction.MCXENT, Activation.SOFTMAX),
                                        "in")
                                .addLayer(
                                        "b",
                                        output("b", 2, LossFunction.MSE, Activation.IDENTITY),
                                        "a")
                                .setOutputs("a", "b"));
        assertThatThrownBy(() -> Qat.convert(qat))
                .isInstanceOf(UnsupportedLayerException.class)
                .hasMessageContaining("'b' (QuantOutputLayer): it reads layer 1 'a'");
    }

    @Test
    void layersThatShareAName_areToldApart() {
        MultiLayerNetwork qat =
                SmallNets.quantized(
                        4,
                        dense("d", 6, Activation.RELU),
                        dense("d", 4, Activation.TANH),
                        output("d", 1, LossFunction.MSE, Activation.IDENTITY));
        try (IntegerNetwork integer = Qat.convert(qat)) {
            VerificationReport report = Qat.verify(qat, integer, SmallNets.data(4, 1));
            assertThat(report.exact()).as("%s", report).isTrue();
            assertThat(report.layers())
                    .extracting(VerificationReport.LayerDifference::layer)
                    .containsExactly("d", "d#1", "d#2");
        }
    }

    @Test
    void networkThatBeginsWithReLU_isConverted() {
        MultiLayerNetwork qat =
                SmallNets.quantized(
                        4,
                        new ActivationLayer(Activation.RELU),
                        dense("d", 4, Activation.TANH),
                        output("out", 1, LossFunction.MSE, Activation.IDENTITY));
        try (IntegerNetwork integer = Qat.convert(qat)) {
            VerificationReport report = Qat.verify(qat, integer, SmallNets.data(4, 1));
            assertThat(report.exact()).as("%s", report).isTrue();
        }
    }

    @Test
    void networkThatBeginsWithPooling_isSaidNotToConvertBeforeItIsTrained() {
        MultiLayerNetwork net =
                new MultiLayerNetwork(
                        SmallNets.settings(1)
                                .list()
                                .layer(new SubsamplingLayer.Builder(2, 2).name("pool").build())
                                .layer(new ConvolutionLayer.Builder(2, 2).nOut(2).build())
                                .layer(output("out", 2, LossFunction.MSE, Activation.IDENTITY))
                                .setInputType(InputType.convolutional(6, 6, 1))
                                .build());
        net.init();
        assertThat(Qat.plan(net, QatConfig.int8()).entries().get(0).outcome())
                .isEqualTo(Outcome.FLOAT);
        assertThatThrownBy(() -> Qat.prepare(net, QatConfig.builder().strict(true).build()))
                .hasMessageContaining("'pool'")
                .hasMessageContaining("net.toComputationGraph()");
    }

    @Test
    void floatNetwork_isToldToBePrepared() {
        MultiLayerNetwork net =
                SmallNets.network(1, output("o", 1, LossFunction.MSE, Activation.IDENTITY));
        assertThatThrownBy(() -> Qat.convert(net))
                .isInstanceOf(UnsupportedLayerException.class)
                .hasMessageContaining("call Qat.prepare first");
    }

    @Test
    void networkWithoutParameters_isToldToBeInitialized() {
        MultiLayerNetwork net =
                SmallNets.network(1, output("o", 1, LossFunction.MSE, Activation.IDENTITY));
        MultiLayerNetwork empty = new MultiLayerNetwork(net.getLayerWiseConfigurations());
        assertThatThrownBy(() -> Qat.prepare(empty, QatConfig.int8()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("init()");
    }

    @Test
    void oneNaNFeature_leavesTheOtherExamplesExact() {
        MultiLayerNetwork qat =
                SmallNets.quantized(
                        6,
                        dense("d", 6, Activation.TANH),
                        output("out", 2, LossFunction.MSE, Activation.IDENTITY));
        INDArray x = SmallNets.features(7);
        x.putScalar(2, 3, Float.NaN);
        INDArray zeroed = x.dup();
        zeroed.putScalar(2, 3, 0);
        try (IntegerNetwork integer = Qat.convert(qat)) {
            assertThat(qat.output(x)).isEqualTo(integer.output(x));
            assertThat(integer.output(x)).isEqualTo(integer.output(zeroed));
            assertThat(qat.output(x).isNaN().any()).isFalse();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"W", "b"})
    void divergedNetwork_isNotConverted(String parameter) {
        MultiLayerNetwork qat =
                SmallNets.quantized(
                        6,
                        dense("d", 6, Activation.TANH),
                        output("out", 2, LossFunction.MSE, Activation.IDENTITY));
        qat.getLayer(0).getParam(parameter).putScalar(1, Float.NaN);
        assertThatThrownBy(() -> Qat.convert(qat))
                .isInstanceOf(UnsupportedLayerException.class)
                .hasMessageContaining(
                        "'d' (QuantDenseLayer): its weights or biases are not finite");
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void rowsAndImages_areTheSameNumbers(boolean flat) {
        MultiLayerNetwork net =
                new MultiLayerNetwork(
                        SmallNets.settings(1)
                                .list()
                                .layer(new ConvolutionLayer.Builder(2, 2).nOut(2).build())
                                .layer(output("out", 2, LossFunction.MSE, Activation.IDENTITY))
                                .setInputType(
                                        flat
                                                ? InputType.convolutionalFlat(3, 4, 2)
                                                : InputType.convolutional(3, 4, 2))
                                .build());
        net.init();
        MultiLayerNetwork qat = Qat.prepare(net, QatConfig.int8());
        INDArray images = Nets.random(new Random(1), DataType.FLOAT, 5, 2, 3, 4);
        INDArray labels = Nets.random(new Random(2), DataType.FLOAT, 5, 2);
        qat.fit(images, labels);
        try (IntegerNetwork integer = Qat.convert(qat)) {
            assertThat(integer.output(images)).isEqualTo(qat.output(images));
            assertThat(integer.output(images.reshape(5, 24))).isEqualTo(qat.output(images));
            assertThatThrownBy(() -> integer.output(images.reshape(10, 12)))
                    .hasMessageContaining("got an array of shape [10, 12], expected [examples");
        }
    }
}
