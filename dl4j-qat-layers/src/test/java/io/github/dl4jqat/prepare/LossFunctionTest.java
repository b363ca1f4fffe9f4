package io.github.dl4jqat.prepare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.dl4jqat.Qat;
import io.github.dl4jqat.convert.VerificationReport;
import io.github.dl4jqat.integer.IntegerNetwork;
import io.github.dl4jqat.layers.LogitsLossLayer;
import io.github.dl4jqat.layers.Nets;
import io.github.dl4jqat.layers.QuantDenseLayer;
import io.github.dl4jqat.layers.QuantOutputLayer;
import io.github.dl4jqat.prepare.PreparationPlan.Outcome;
import java.util.List;
import java.util.Random;
import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.LossLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.activations.impl.ActivationIdentity;
import org.nd4j.linalg.activations.impl.ActivationReLU;
import org.nd4j.linalg.activations.impl.ActivationSigmoid;
import org.nd4j.linalg.activations.impl.ActivationSoftmax;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;
import org.nd4j.linalg.lossfunctions.impl.LossMCXENT;

/** Networks that end in a function and, behind it, a loss without one, or no loss at all. */
class LossFunctionTest {

    private static final int FEATURES = 5;
    private static final int CLASSES = 3;
    private final Random random = new Random(31);

    private static NeuralNetConfiguration.Builder settings(DataType type) {
        return new NeuralNetConfiguration.Builder().seed(9).dataType(type).updater(new Adam(1e-2));
    }

    private static DenseLayer dense(String name, int n, Activation f) {
        return new DenseLayer.Builder().name(name).nOut(n).activation(f).build();
    }

    private static LossLayer loss(LossFunction loss, Activation f) {
        return new LossLayer.Builder(loss).name("loss").activation(f).build();
    }

    private static MultiLayerNetwork network(DataType type, Layer... end) {
        NeuralNetConfiguration.ListBuilder list =
                settings(type).list().layer(dense("hidden", 8, Activation.RELU));
        for (Layer layer : end) {
            list.layer(layer);
        }
        MultiLayerNetwork net =
                new MultiLayerNetwork(list.setInputType(InputType.feedForward(FEATURES)).build());
        net.init();
        return net;
    }

    private DataSet batch(DataType type) {
        return new DataSet(
                Nets.random(random, type, 16, FEATURES), Nets.labels(random, type, 16, CLASSES));
    }

    private static IActivation lossFunctionOf(MultiLayerNetwork net) {
        int last = net.getnLayers() - 1;
        return ((LossLayer) net.getLayer(last).conf().getLayer()).getActivationFn();
    }

    private static void assertExact(MultiLayerNetwork qat, DataSet batch) {
        try (IntegerNetwork integer = Qat.convert(qat)) {
            VerificationReport report =
                    Qat.verify(qat, integer, new ListDataSetIterator<>(List.of(batch), 16));
            assertThat(report.exact()).as(report.toString()).isTrue();
        }
    }

    /** What the move rests on. */
    @ParameterizedTest
    @CsvSource({"MCXENT,SOFTMAX", "XENT,SIGMOID", "MSE,TANH"})
    void functionBeforeAndWithinTheLoss_haveTheSameGradientAndScore(
            LossFunction loss, Activation f) {
        DataSet batch = batch(DataType.DOUBLE);
        LossLayer stock = loss(loss, Activation.IDENTITY);
        MultiLayerNetwork before = network(DataType.DOUBLE, dense("out", CLASSES, f), stock);
        MultiLayerNetwork within =
                network(
                        DataType.DOUBLE,
                        dense("out", CLASSES, Activation.IDENTITY),
                        LogitsLossLayer.of(stock, f.getActivationFunction()));
        within.setParams(before.params());
        for (MultiLayerNetwork net : List.of(before, within)) {
            net.setInput(batch.getFeatures());
            net.setLabels(batch.getLabels());
            net.computeGradientAndScore();
        }
        INDArray gradient = before.gradient().gradient();
        assertThat(gradient.amaxNumber().doubleValue()).isGreaterThan(1e-3);
        assertThat(within.gradient().gradient().sub(gradient).amaxNumber().doubleValue())
                .isLessThan(1e-7);
        assertThat(within.score()).isCloseTo(before.score(), within(1e-9));
        assertThat(within.score(batch)).isCloseTo(before.score(batch), within(1e-9));
        assertThat(
                        within.output(batch.getFeatures())
                                .sub(before.output(batch.getFeatures()))
                                .amaxNumber()
                                .doubleValue())
                .isLessThan(1e-6);
    }

    @Test
    void examplesThatAreMasked_giveNothing() {
        LossLayer stock = loss(LossFunction.MCXENT, Activation.IDENTITY);
        MultiLayerNetwork net =
                network(
                        DataType.FLOAT,
                        dense("out", CLASSES, Activation.IDENTITY),
                        LogitsLossLayer.of(stock, new ActivationSoftmax()));
        INDArray mask = Nd4j.ones(16, 1).putScalar(3, 0);
        net.setLayerMaskArrays(null, mask);

        INDArray y = net.output(batch(DataType.FLOAT).getFeatures());

        assertThat(y.getRow(3)).isEqualTo(Nd4j.zeros(CLASSES));
        assertThat(y.getRow(2).sumNumber().doubleValue()).isCloseTo(1, within(1e-6));
    }

    @Test
    void survivesSavingAndStripping() throws Exception {
        MultiLayerNetwork net =
                network(
                        DataType.FLOAT,
                        dense("out", CLASSES, Activation.SIGMOID),
                        loss(LossFunction.XENT, Activation.IDENTITY));
        MultiLayerNetwork qat = Qat.prepare(net, QatConfig.int8());

        Layer saved = ((MultiLayerNetwork) Nets.saved(qat)).getLayer(2).conf().getLayer();

        assertThat(saved).isExactlyInstanceOf(LogitsLossLayer.class);
        assertThat(saved).isEqualTo(qat.getLayer(2).conf().getLayer());
        assertThat(saved.clone()).isEqualTo(saved);
        LossLayer stripped = (LossLayer) Qat.strip(qat).getLayer(2).conf().getLayer();
        assertThat(stripped).isExactlyInstanceOf(LossLayer.class);
        assertThat(stripped.getActivationFn()).isInstanceOf(ActivationSigmoid.class);
        assertThat(stripped.getLossFn()).isEqualTo(((LossLayer) saved).getLossFn());
        assertThat(stripped).isNotEqualTo(saved);
        assertThat(saved).isNotEqualTo(stripped);
    }

    @ParameterizedTest
    @CsvSource({"MCXENT,SOFTMAX", "XENT,SIGMOID"})
    void functionOfTheLastDenseLayer_movesIntoTheLoss(LossFunction loss, Activation f) {
        MultiLayerNetwork net =
                network(DataType.FLOAT, dense("out", CLASSES, f), loss(loss, Activation.IDENTITY));
        DataSet batch = batch(DataType.FLOAT);
        String before = net.getLayerWiseConfigurations().toJson();

        MultiLayerNetwork qat = Qat.prepare(net, QatConfig.int8());

        assertThat(net.getLayerWiseConfigurations().toJson()).isEqualTo(before);
        QuantDenseLayer out = (QuantDenseLayer) qat.getLayer(1).conf().getLayer();
        assertThat(out.getActivationFn()).isInstanceOf(ActivationIdentity.class);
        assertThat(lossFunctionOf(qat)).isEqualTo(f.getActivationFunction());
        Qat.calibrate(qat, new ListDataSetIterator<>(List.of(batch), 16), 1);
        INDArray difference = qat.output(batch.getFeatures()).sub(net.output(batch.getFeatures()));
        assertThat(difference.amaxNumber().doubleValue()).isBetween(1e-7, 0.03);
        qat.fit(batch);
        assertExact(qat, batch);
    }

    @Test
    void functionOfAnActivationLayer_movesIntoTheLoss() {
        for (Activation f : List.of(Activation.SOFTMAX, Activation.SIGMOID)) {
            ActivationLayer function =
                    new ActivationLayer.Builder().name("function").activation(f).build();
            MultiLayerNetwork net =
                    network(
                            DataType.FLOAT,
                            dense("out", CLASSES, Activation.IDENTITY),
                            function,
                            loss(LossFunction.MSE, Activation.IDENTITY));

            MultiLayerNetwork qat = Qat.prepare(net, QatConfig.int8());

            assertThat(qat.getLayer(2).conf().getLayer()).isInstanceOf(ActivationLayer.class);
            ActivationLayer left = (ActivationLayer) qat.getLayer(2).conf().getLayer();
            assertThat(left.getActivationFn()).isInstanceOf(ActivationIdentity.class);
            assertThat(left.getLayerName()).isEqualTo("function");
            assertThat(lossFunctionOf(qat)).isEqualTo(f.getActivationFunction());
            DataSet batch = batch(DataType.FLOAT);
            Qat.calibrate(qat, new ListDataSetIterator<>(List.of(batch), 16), 1);
            assertExact(qat, batch);
        }
    }

    @Test
    void functionThatClamps_stays() {
        MultiLayerNetwork net =
                network(
                        DataType.FLOAT,
                        dense("out", CLASSES, Activation.RELU),
                        loss(LossFunction.MSE, Activation.IDENTITY));

        MultiLayerNetwork qat = Qat.prepare(net, QatConfig.int8());

        QuantDenseLayer out = (QuantDenseLayer) qat.getLayer(1).conf().getLayer();
        assertThat(out.getActivationFn()).isInstanceOf(ActivationReLU.class);
        assertThat(lossFunctionOf(qat)).isInstanceOf(ActivationIdentity.class);
    }

    @Test
    void lossThatHasAFunction_keepsItsOwn() {
        MultiLayerNetwork net =
                network(
                        DataType.FLOAT,
                        dense("out", CLASSES, Activation.SIGMOID),
                        loss(LossFunction.MCXENT, Activation.SOFTMAX));

        MultiLayerNetwork qat = Qat.prepare(net, QatConfig.int8());

        QuantDenseLayer out = (QuantDenseLayer) qat.getLayer(1).conf().getLayer();
        assertThat(out.getActivationFn()).isInstanceOf(ActivationSigmoid.class);
        assertThat(lossFunctionOf(qat)).isInstanceOf(ActivationSoftmax.class);
    }

    @Test
    void functionThatOthersReadToo_stays() {
        ComputationGraph net =
                new ComputationGraph(
                        settings(DataType.FLOAT)
                                .graphBuilder()
                                .addInputs("in")
                                .addLayer("out", dense("out", CLASSES, Activation.SOFTMAX), "in")
                                .addLayer(
                                        "loss",
                                        loss(LossFunction.MCXENT, Activation.IDENTITY),
                                        "out")
                                .addVertex(
                                        "twice",
                                        new ElementWiseVertex(ElementWiseVertex.Op.Add),
                                        "out",
                                        "out")
                                .setOutputs("loss", "twice")
                                .setInputTypes(InputType.feedForward(FEATURES))
                                .build());
        net.init();

        PreparationPlan plan = Qat.plan(net, QatConfig.int8());

        assertThat(plan.entries().get(0).outcome()).isEqualTo(Outcome.FLOAT);
        assertThat(plan.entries().get(0).reason()).contains("not elementwise");
    }

    @Test
    void ruleThatKeepsEitherLayerFloat_keepsTheFunctionToo() {
        for (String name : List.of("out", "loss")) {
            MultiLayerNetwork net =
                    network(
                            DataType.FLOAT,
                            dense("out", CLASSES, Activation.SOFTMAX),
                            loss(LossFunction.MCXENT, Activation.IDENTITY));
            QatConfig config = QatConfig.builder().layer(name, LayerRule.keepFloat()).build();

            MultiLayerNetwork qat = Qat.prepare(net, config);

            assertThat(qat.getLayer(1).conf().getLayer())
                    .isEqualTo(net.getLayer(1).conf().getLayer());
            assertThat(lossFunctionOf(qat)).isInstanceOf(ActivationIdentity.class);
        }
    }

    @Test
    void denseSoftmaxWithoutALoss_becomesAnOutputLayer() {
        MultiLayerNetwork net = network(DataType.FLOAT, dense("out", CLASSES, Activation.SOFTMAX));
        DataSet batch = batch(DataType.FLOAT);

        MultiLayerNetwork qat = Qat.prepare(net, QatConfig.int8());

        QuantOutputLayer out = (QuantOutputLayer) qat.getLayer(1).conf().getLayer();
        assertThat(out.getLayerName()).isEqualTo("out");
        assertThat(out.getLossFn()).isEqualTo(new LossMCXENT());
        assertThat(qat.getLayer(1).getParam("W")).isEqualTo(net.getLayer(1).getParam("W"));
        assertThat(qat.getLayer(1).getParam("b")).isEqualTo(net.getLayer(1).getParam("b"));
        Qat.calibrate(qat, new ListDataSetIterator<>(List.of(batch), 16), 1);
        double before = qat.score(batch);
        for (int i = 0; i < 20; i++) {
            qat.fit(batch);
        }
        assertThat(qat.score(batch)).isLessThan(0.95 * before);
        assertExact(qat, batch);
        assertThat(Qat.strip(qat).getLayer(1).conf().getLayer())
                .isExactlyInstanceOf(OutputLayer.class);
    }

    @Test
    void denseSoftmaxThatEndsAGraph_becomesAnOutputLayer() {
        ComputationGraph net =
                new ComputationGraph(
                        settings(DataType.FLOAT)
                                .graphBuilder()
                                .addInputs("in")
                                .addLayer("out", dense("out", CLASSES, Activation.SOFTMAX), "in")
                                .setOutputs("out")
                                .setInputTypes(InputType.feedForward(FEATURES))
                                .build());
        net.init();
        DataSet batch = batch(DataType.FLOAT);

        ComputationGraph qat = Qat.prepare(net, QatConfig.int8());

        assertThat(qat.getLayer("out").conf().getLayer()).isInstanceOf(QuantOutputLayer.class);
        qat.fit(batch);
        INDArray y = qat.outputSingle(batch.getFeatures());
        assertThat(y.sum(1).sub(1).amaxNumber().doubleValue()).isLessThan(1e-5);
    }
}
