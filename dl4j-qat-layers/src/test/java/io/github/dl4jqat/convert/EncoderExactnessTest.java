package io.github.dl4jqat.convert;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.dl4jqat.Qat;
import io.github.dl4jqat.Seeds;
import io.github.dl4jqat.integer.EngineChoice;
import io.github.dl4jqat.integer.IntegerNetwork;
import io.github.dl4jqat.integer.IntegerOp;
import io.github.dl4jqat.integer.JavaEngine;
import io.github.dl4jqat.integer.TensorData;
import io.github.dl4jqat.layers.Nets;
import io.github.dl4jqat.layers.NetworkView;
import io.github.dl4jqat.layers.QuantVariationalAutoencoder;
import io.github.dl4jqat.layers.QuantizedEncoderLayer;
import io.github.dl4jqat.prepare.QatConfig;
import io.github.dl4jqat.quant.Requantization;
import io.github.dl4jqat.report.LevelChanges;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.variational.BernoulliReconstructionDistribution;
import org.deeplearning4j.nn.conf.layers.variational.VariationalAutoencoder;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.transferlearning.FineTuneConfiguration;
import org.deeplearning4j.nn.transferlearning.TransferLearning;
import org.deeplearning4j.nn.weights.WeightInit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** Variational autoencoders as encoders: pretrained, prepared, fine-tuned, and in integers. */
@ExtendWith(Seeds.class)
class EncoderExactnessTest {

    private static final int FEATURES = 7;
    private static final InputType ROWS = InputType.feedForward(FEATURES);

    private static VariationalAutoencoder.Builder encoder() {
        return new VariationalAutoencoder.Builder()
                .encoderLayerSizes(6, 5)
                .decoderLayerSizes(4)
                .nOut(3)
                .activation(Activation.TANH);
    }

    private static QatConfig strict(Requantization mode) {
        return QatConfig.builder().strict(true).requantization(mode).build();
    }

    private static void assertExact(String what, Random random, InputType input, Layer... layers) {
        for (DataType type : List.of(DataType.FLOAT, DataType.DOUBLE)) {
            for (Requantization mode : Requantization.values()) {
                MultiLayerNetwork net = Exactness.network(3, type, input, List.of(layers));
                Exactness.assertExact(
                        what + " " + type + " " + mode,
                        net,
                        strict(mode),
                        Exactness.data(random, type, input));
            }
        }
    }

    @ParameterizedTest
    @CsvSource({
        "TANH, IDENTITY, 2",
        "RELU, SIGMOID, 1",
        "SIGMOID, TANH, 3",
        "IDENTITY, RELU, 2",
        "LEAKYRELU, SOFTPLUS, 1"
    })
    void encoders_areExact(Activation hidden, Activation mean, int layers, Random random) {
        int[] sizes = {6, 5, 4};
        assertExact(
                hidden + " " + mean,
                random,
                ROWS,
                encoder()
                        .encoderLayerSizes(java.util.Arrays.copyOf(sizes, layers))
                        .activation(hidden)
                        .pzxActivationFunction(mean)
                        .build(),
                new DenseLayer.Builder().nOut(4).activation(Activation.RELU).build());
    }

    @Test
    void encodersAfterOtherLayers_andBeforeAFunctionOfTheirOwn_areExact(Random random) {
        assertExact(
                "in the middle",
                random,
                ROWS,
                new DenseLayer.Builder().nOut(8).activation(Activation.SIGMOID).build(),
                encoder().build(),
                new ActivationLayer(Activation.TANH),
                encoder().nOut(4).build());
    }

    @Test
    void encodersOfImages_areExact(Random random) {
        for (CNN2DFormat format : CNN2DFormat.values()) {
            assertExact(
                    format.toString(),
                    random,
                    InputType.convolutional(4, 3, 2, format),
                    new ConvolutionLayer.Builder(2, 2)
                            .nOut(3)
                            .dataFormat(format)
                            .activation(Activation.RELU)
                            .build(),
                    encoder().build());
        }
    }

    @Test
    void encodersOfEachTimeStep_areExact(Random random) {
        assertExact(
                "steps",
                random,
                InputType.recurrent(4, 5, RNNFormat.NCW),
                new LSTM.Builder().nOut(5).activation(Activation.TANH).build(),
                encoder().build(),
                new GlobalPoolingLayer(PoolingType.AVG));
    }

    /** A network that is nothing but an encoder, as for finding anomalies. */
    @Test
    void anEncoderAlone_isExact(Random random) {
        MultiLayerNetwork net =
                new MultiLayerNetwork(
                        new NeuralNetConfiguration.Builder()
                                .seed(5)
                                .list()
                                .layer(encoder().nIn(FEATURES).build())
                                .build());
        net.init();
        DataSetIterator data = Exactness.data(random, DataType.FLOAT, ROWS);
        net.pretrain(data);
        MultiLayerNetwork qat = Qat.prepare(net, strict(Requantization.FLOAT));
        Qat.calibrate(qat, data, 2);
        Exactness.assertExact("alone", qat, data);
    }

    private static ComputationGraph graph(DataType type) {
        ComputationGraph net =
                new ComputationGraph(
                        new NeuralNetConfiguration.Builder()
                                .seed(3)
                                .dataType(type)
                                .updater(new Adam(1e-2))
                                .graphBuilder()
                                .addInputs("in")
                                .setInputTypes(ROWS)
                                .addLayer("left", encoder().build(), "in")
                                .addLayer(
                                        "right",
                                        encoder()
                                                .encoderLayerSizes(4)
                                                .pzxActivationFunction(Activation.SIGMOID)
                                                .build(),
                                        "in")
                                .addVertex(
                                        "sum",
                                        new ElementWiseVertex(ElementWiseVertex.Op.Add),
                                        "left",
                                        "right")
                                .addLayer("last", encoder().encoderLayerSizes(5).build(), "sum")
                                .addLayer(
                                        "out",
                                        new OutputLayer.Builder()
                                                .nOut(Exactness.CLASSES)
                                                .activation(Activation.SOFTMAX)
                                                .build(),
                                        "last")
                                .setOutputs("out")
                                .build());
        net.init();
        return net;
    }

    @Test
    void pretrainedGraphs_areExact_andSumsShareAGrid(Random random) {
        for (DataType type : List.of(DataType.FLOAT, DataType.DOUBLE)) {
            ComputationGraph net = graph(type);
            DataSetIterator data = Exactness.data(random, type, ROWS);
            net.pretrain(data);
            ComputationGraph qat = Qat.prepare(net, strict(Requantization.FLOAT));
            Qat.calibrate(qat, data, 2);
            qat.fit(data);
            try (IntegerNetwork java = Qat.convert(qat).withEngine(EngineChoice.JAVA)) {
                VerificationReport report = Qat.verify(qat, java, data);
                assertThat(report.exact()).as("%s%s", java.summary(), report).isTrue();
                assertThat(java.model().tensors().get("left").params())
                        .isEqualTo(java.model().tensors().get("right").params());
                Exactness.assertSameOnOnnxRuntime("graph " + type, java, data);
            }
            assertThatThrownBy(() -> qat.pretrain(data))
                    .isInstanceOf(UnsupportedOperationException.class)
                    .hasMessageContaining("pretrain the float network")
                    .hasMessageContaining("left");
        }
    }

    private record Trained(MultiLayerNetwork stock, MultiLayerNetwork qat, DataSetIterator data) {}

    /** Pretrained in float, prepared, calibrated, and fine-tuned. */
    private static Trained trained(Random random) {
        MultiLayerNetwork stock =
                Exactness.network(
                        3,
                        DataType.FLOAT,
                        ROWS,
                        List.of(
                                encoder()
                                        .reconstructionDistribution(
                                                new BernoulliReconstructionDistribution())
                                        .build(),
                                new DenseLayer.Builder().nOut(4).build()));
        DataSetIterator data = Exactness.data(random, DataType.FLOAT, ROWS);
        INDArray before = stock.getLayer(0).getParam("d0W").dup();
        stock.pretrain(data, 3);
        assertThat(stock.getLayer(0).getParam("d0W")).isNotEqualTo(before);
        MultiLayerNetwork qat = Qat.prepare(stock, strict(Requantization.FLOAT));
        stock.getLayer(0)
                .paramTable()
                .forEach(
                        (key, value) ->
                                assertThat(qat.getLayer(0).getParam(key)).as(key).isEqualTo(value));
        Qat.calibrate(qat, data, 2);
        qat.fit(data, 3);
        return new Trained(stock, qat, data);
    }

    @Test
    void pretrainedNetworks_areExact_layerByLayer(Random random) {
        Trained t = trained(random);
        Exactness.assertExact("pretrained", t.qat(), t.data());
        try (IntegerNetwork integer = Qat.convert(t.qat());
                JavaEngine engine = new JavaEngine(integer.model())) {
            assertThat(integer.model().ops().stream().map(IntegerOp::name))
                    .contains("layer0/encoder0", "layer0/encoder1", "layer0");
            t.data().reset();
            INDArray x = t.data().next().getFeatures();
            NetworkView.Node whole = NetworkView.of(t.qat()).nodes().get(0);
            whole.running().activate(x, false, noWorkspaces());
            String input = integer.model().inputs().get(0).name();
            int compared = 0;
            for (NetworkView.Node part : ((QuantizedEncoderLayer) whole.running()).parts(whole)) {
                int[] actual =
                        engine.run(
                                        Map.of(input, TensorData.of(x.dup('c').data().asFloat())),
                                        List.of(part.name()),
                                        (int) x.size(0))
                                .get(part.name())
                                .ints();
                int[] expected = new int[actual.length];
                INDArray y = part.running().activate(false, noWorkspaces()).dup('c');
                for (int i = 0; i < expected.length; i++) {
                    expected[i] =
                            integer.model()
                                    .tensors()
                                    .get(part.name())
                                    .params()
                                    .quantize(y.getFloat(i), 0);
                }
                assertThat(actual).as(part.name()).isEqualTo(expected);
                compared++;
            }
            assertThat(compared).isEqualTo(3);
        }
    }

    private static org.deeplearning4j.nn.workspace.LayerWorkspaceMgr noWorkspaces() {
        return org.deeplearning4j.nn.workspace.LayerWorkspaceMgr.noWorkspaces();
    }

    private static List<String> generating() {
        return List.of("pZXLogStd2W", "pZXLogStd2b", "d0W", "d0b", "pXZW", "pXZb");
    }

    @Test
    void strippedAndSavedNetworks_haveTheDecoder(@TempDir Path folder, Random random)
            throws Exception {
        Trained t = trained(random);
        MultiLayerNetwork stripped = Qat.strip(t.qat());
        try (IntegerNetwork integer = Qat.convert(t.qat())) {
            Path file = folder.resolve("codes.qnet");
            Qat.save(integer, t.qat(), file);
            try (IntegerNetwork loaded = IntegerNetwork.load(file)) {
                MultiLayerNetwork inFile = (MultiLayerNetwork) Qat.toFloat(loaded);
                for (MultiLayerNetwork net : List.of(stripped, inFile)) {
                    org.deeplearning4j.nn.api.Layer layer = net.getLayer(0);
                    assertThat(layer.conf().getLayer().getClass())
                            .isEqualTo(VariationalAutoencoder.class);
                    assertThat(layer.paramTable().keySet())
                            .containsExactlyElementsOf(t.stock().getLayer(0).paramTable().keySet());
                    for (String key : generating()) {
                        assertThat(layer.getParam(key))
                                .as(key)
                                .isEqualTo(t.stock().getLayer(0).getParam(key));
                    }
                    // Its weights are those of the integers.
                    for (String key : List.of("e0W", "e1W", "pZXMeanW")) {
                        INDArray trained = t.qat().getLayer(0).getParam(key);
                        assertThat(layer.getParam(key)).as(key).isNotEqualTo(trained);
                        assertThat(layer.getParam(key).distance1(trained) / trained.length())
                                .as(key)
                                .isLessThan(0.01);
                    }
                    net.pretrain(t.data());
                }
            }
        }
    }

    @Test
    void pretrainingAQuantizedEncoder_saysWhatToDo(Random random) {
        Trained t = trained(random);
        INDArray before = t.qat().params().dup();
        assertThatThrownBy(() -> t.qat().pretrain(t.data()))
                .isInstanceOf(UnsupportedOperationException.class)
                .hasMessageContaining("pretrain the float network")
                .hasMessageContaining("Qat.strip");
        assertThatThrownBy(() -> t.qat().getLayer(0).computeGradientAndScore(noWorkspaces()))
                .isInstanceOf(UnsupportedOperationException.class);
        assertThat(t.qat().params()).isEqualTo(before);
    }

    private static org.deeplearning4j.nn.layers.variational.VariationalAutoencoder running(
            MultiLayerNetwork net) {
        return (org.deeplearning4j.nn.layers.variational.VariationalAutoencoder) net.getLayer(0);
    }

    @Test
    void quantizedEncoders_stillGenerate(Random random) {
        MultiLayerNetwork stock =
                Exactness.network(
                        3,
                        DataType.FLOAT,
                        ROWS,
                        List.of(
                                encoder()
                                        .lossFunction(Activation.IDENTITY, LossFunction.MSE)
                                        .build()));
        DataSetIterator data = Exactness.data(random, DataType.FLOAT, ROWS);
        stock.pretrain(data);
        MultiLayerNetwork qat = Qat.prepare(stock, QatConfig.int8());
        Qat.calibrate(qat, data, 2);
        data.reset();
        INDArray x = data.next().getFeatures();
        INDArray codes = qat.feedForward(x, false).get(1).dup();
        INDArray decoded = running(qat).generateAtMeanGivenZ(codes);
        assertThat(decoded).isEqualTo(running(stock).generateAtMeanGivenZ(codes));
        INDArray error = running(qat).reconstructionError(x);
        INDArray expected = decoded.sub(x).norm2(1);
        expected.muli(expected).divi(FEATURES);
        assertThat(error.reshape(x.size(0)).sub(expected).amaxNumber().doubleValue())
                .isLessThan(1e-5);
        assertThat(error).isNotEqualTo(running(stock).reconstructionError(x));
        Trained t = trained(random);
        INDArray probability = running(t.qat()).reconstructionLogProbability(x, 5);
        assertThat(probability.length()).isEqualTo(x.size(0));
        assertThat(probability.isNaN().any()).isFalse();
    }

    @Test
    void transferLearning_replacesTheCodes_andFreezesTheEncoder(Random random) {
        Trained t = trained(random);
        MultiLayerNetwork wider =
                new TransferLearning.Builder(t.qat())
                        .fineTuneConfiguration(
                                new FineTuneConfiguration.Builder().updater(new Sgd(0.1)).build())
                        .nOutReplace(0, 5, WeightInit.XAVIER)
                        .build();
        assertThat(wider.getLayer(0).getParam("pZXMeanW").shape()).containsExactly(5, 5);
        assertThat(wider.getLayer(0).conf().getLayer())
                .isInstanceOf(QuantVariationalAutoencoder.class);
        wider.fit(t.data());
        Exactness.assertExact("wider", wider, t.data());
        MultiLayerNetwork frozen =
                new TransferLearning.Builder(t.qat()).setFeatureExtractor(0).build();
        INDArray before = t.qat().getLayer(0).params();
        assertThat(frozen.getLayer(0).params()).isEqualTo(before);
        frozen.fit(t.data());
        assertThat(frozen.getLayer(0).params()).isEqualTo(before);
        Exactness.assertExact("frozen", frozen, t.data());
    }

    @Test
    void savedNetworks_areTheSame_andConvertTheSame(Random random) throws Exception {
        Trained t = trained(random);
        Model loaded = Nets.saved(t.qat());
        assertThat(Nets.state(loaded)).usingRecursiveComparison().isEqualTo(Nets.state(t.qat()));
        assertThat(((MultiLayerNetwork) loaded).getLayer(0).paramTable())
                .isEqualTo(t.qat().getLayer(0).paramTable());
        try (IntegerNetwork one = Qat.convert(t.qat());
                IntegerNetwork other = Qat.convert((MultiLayerNetwork) loaded)) {
            assertThat(other.summary()).isEqualTo(one.summary());
            t.data().reset();
            INDArray x = t.data().next().getFeatures();
            assertThat(other.output(x)).isEqualTo(one.output(x));
        }
    }

    @Test
    void levelChanges_countsAllParts(Random random) {
        Trained t = trained(random);
        LevelChanges changes = new LevelChanges(1, 100);
        changes.look(t.qat());
        INDArray w = t.qat().getLayer(0).getParam("e1W");
        w.assign(w.neg());
        List<Integer> changed = new ArrayList<>();
        changes.look(t.qat()).forEach(change -> changed.add((int) change.changed()));
        assertThat(changed.get(0)).isBetween(20, 30);
        assertThat(changed.subList(1, changed.size())).containsOnly(0);
    }

    @Test
    void functionsThatAreNotElementwise_keepTheEncoderFloat() {
        for (boolean hidden : new boolean[] {true, false}) {
            MultiLayerNetwork net =
                    Exactness.network(
                            3,
                            DataType.FLOAT,
                            ROWS,
                            List.of(
                                    (hidden
                                                    ? encoder().activation(Activation.SOFTMAX)
                                                    : encoder()
                                                            .pzxActivationFunction(
                                                                    Activation.SOFTMAX))
                                            .build()));
            assertThat(Qat.plan(net, QatConfig.int8()).toString())
                    .contains(
                            hidden
                                    ? "the activation softmax of its encoder is not elementwise"
                                    : "its activation softmax is not elementwise");
        }
        MultiLayerNetwork net =
                Exactness.network(3, DataType.FLOAT, ROWS, List.of(encoder().build()));
        assertThat(Qat.plan(net, QatConfig.int8()).toString())
                .contains("int8 weights in all layers of its encoder", "quantizes its input");
    }
}
