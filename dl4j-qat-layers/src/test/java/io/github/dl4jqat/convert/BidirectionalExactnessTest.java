package io.github.dl4jqat.convert;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.dl4jqat.Qat;
import io.github.dl4jqat.Seeds;
import io.github.dl4jqat.integer.IntegerNetwork;
import io.github.dl4jqat.layers.Nets;
import io.github.dl4jqat.layers.QuantBidirectional;
import io.github.dl4jqat.layers.QuantGravesBidirectionalLSTM;
import io.github.dl4jqat.layers.QuantizedBidirectionalLayer;
import io.github.dl4jqat.prepare.PreparationPlan;
import io.github.dl4jqat.prepare.PreparationPlan.Outcome;
import io.github.dl4jqat.prepare.QatConfig;
import io.github.dl4jqat.quant.Requantization;
import io.github.dl4jqat.report.LevelChanges;
import java.io.File;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.graph.MergeVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.GravesBidirectionalLSTM;
import org.deeplearning4j.nn.conf.layers.GravesLSTM;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.layers.recurrent.Bidirectional;
import org.deeplearning4j.nn.conf.layers.recurrent.Bidirectional.Mode;
import org.deeplearning4j.nn.conf.layers.recurrent.LastTimeStep;
import org.deeplearning4j.nn.conf.layers.recurrent.SimpleRnn;
import org.deeplearning4j.nn.conf.layers.util.MaskZeroLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.weights.WeightInit;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.learning.config.Adam;

/** Networks with bidirectional layers, from the float network to its integers and back. */
@ExtendWith(Seeds.class)
@SuppressWarnings("deprecation") // the Graves layers are, but networks have them
final class BidirectionalExactnessTest {

    private static final int INPUTS = 4;
    private static final int STEPS = 5;
    private static final int CLASSES = 3;
    private static final int EXAMPLES = 6;

    private final Random random = new Random(Seeds.current());

    private static LSTM lstm(int n, RNNFormat format) {
        return new LSTM.Builder()
                .nOut(n)
                .dataFormat(format)
                .activation(Activation.TANH)
                .weightInit(WeightInit.XAVIER)
                .updater(new Adam(1e-2))
                .build();
    }

    private static LSTM lstm(int n) {
        return lstm(n, RNNFormat.NCW);
    }

    private static SimpleRnn simple(int n) {
        return new SimpleRnn.Builder().nOut(n).activation(Activation.TANH).build();
    }

    private static GravesLSTM graves(int n) {
        return new GravesLSTM.Builder().nOut(n).activation(Activation.TANH).build();
    }

    private static RnnOutputLayer sequenceEnd() {
        return new RnnOutputLayer.Builder().nOut(CLASSES).activation(Activation.SOFTMAX).build();
    }

    private static OutputLayer end() {
        return new OutputLayer.Builder().nOut(CLASSES).activation(Activation.SOFTMAX).build();
    }

    private static NeuralNetConfiguration.Builder settings(DataType type) {
        return new NeuralNetConfiguration.Builder().seed(5).dataType(type).updater(new Adam(1e-2));
    }

    private static MultiLayerNetwork net(DataType type, Layer... layers) {
        return net(type, InputType.recurrent(INPUTS), layers);
    }

    private static MultiLayerNetwork net(DataType type, InputType input, Layer... layers) {
        return (MultiLayerNetwork)
                Nets.chain(Nets.Kind.MULTI_LAYER, settings(type), input, List.of(layers));
    }

    private DataSetIterator data(DataType type, boolean eachStep, long... shape) {
        List<DataSet> batches = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            int rows = EXAMPLES * (eachStep ? STEPS : 1);
            INDArray labels = Nets.labels(random, type, rows, CLASSES);
            if (eachStep) {
                labels = labels.reshape('c', EXAMPLES, STEPS, CLASSES).permute(0, 2, 1).dup('c');
            }
            batches.add(new DataSet(Nets.random(random, type, shape).addi(0.3), labels));
        }
        return new ListDataSetIterator<>(batches, EXAMPLES);
    }

    private DataSetIterator sequences(DataType type, boolean eachStep) {
        return data(type, eachStep, EXAMPLES, INPUTS, STEPS);
    }

    private static MultiLayerNetwork assertExact(
            String what, MultiLayerNetwork net, QatConfig config, DataSetIterator data) {
        assertThat(Qat.plan(net, config).floatLayers()).as(what).isEmpty();
        net.fit(data);
        MultiLayerNetwork qat = Qat.prepare(net, config);
        data.reset();
        Qat.calibrate(qat, data, 2);
        assertExactNow(what + " calibrated", qat, data);
        data.reset();
        qat.fit(data);
        assertExactNow(what + " trained", qat, data);
        return qat;
    }

    private static void assertExactNow(String what, MultiLayerNetwork qat, DataSetIterator data) {
        data.reset();
        try (IntegerNetwork java = Qat.convert(qat)) {
            VerificationReport report = Qat.verify(qat, java, data);
            assertThat(report.exact()).as("%s%n%s%s", what, java.summary(), report).isTrue();
            assertThat(report.layers()).as(what).isNotEmpty();
            assertThat(report.maxOutputDifference()).as(what).isLessThan(1e-6);
        }
        data.reset();
    }

    @ParameterizedTest
    @EnumSource(Mode.class)
    void everyModeAndKind(Mode mode) {
        for (Layer inside : List.of(lstm(4), graves(3), simple(5))) {
            assertExact(
                    mode + " " + inside.getClass().getSimpleName(),
                    net(DataType.FLOAT, new Bidirectional(mode, inside), sequenceEnd()),
                    QatConfig.int8(),
                    sequences(DataType.FLOAT, true));
        }
        for (Requantization requantization : Requantization.values()) {
            assertExact(
                    mode + " after another, " + requantization,
                    net(
                            DataType.DOUBLE,
                            new Bidirectional(Mode.CONCAT, simple(3)),
                            new Bidirectional(mode, lstm(4)),
                            sequenceEnd()),
                    QatConfig.builder().requantization(requantization).build(),
                    sequences(DataType.DOUBLE, true));
        }
    }

    @ParameterizedTest
    @EnumSource(Mode.class)
    void theLastStep_aroundAndInside(Mode mode) {
        assertExact(
                mode + " around",
                net(DataType.FLOAT, new LastTimeStep(new Bidirectional(mode, lstm(4))), end()),
                QatConfig.int8(),
                sequences(DataType.FLOAT, false));
        MultiLayerNetwork inside =
                net(DataType.FLOAT, new Bidirectional(mode, new LastTimeStep(lstm(4))), end());
        DataSetIterator data = sequences(DataType.FLOAT, false);
        MultiLayerNetwork qat = Qat.prepare(inside, QatConfig.int8());
        Qat.calibrate(qat, data, 2);
        assertExactNow(mode + " inside", qat, data);
        qat.fit(data);
        assertExactNow(mode + " inside, trained", qat, data);
        INDArray x = sequences(DataType.FLOAT, false).next().getFeatures();
        MultiLayerNetwork stripped = Qat.strip(qat);
        assertThat(stripped.output(x).sub(qat.output(x)).amaxNumber().doubleValue())
                .isLessThan(0.05);
    }

    @ParameterizedTest
    @EnumSource(Mode.class)
    void featuresLast(Mode mode) {
        RnnOutputLayer out =
                new RnnOutputLayer.Builder()
                        .nOut(CLASSES)
                        .dataFormat(RNNFormat.NWC)
                        .activation(Activation.SOFTMAX)
                        .build();
        DataSetIterator turned = data(DataType.FLOAT, true, EXAMPLES, STEPS, INPUTS);
        List<DataSet> batches = new ArrayList<>();
        while (turned.hasNext()) {
            DataSet next = turned.next();
            INDArray labels = next.getLabels().permute(0, 2, 1).dup('c');
            batches.add(new DataSet(next.getFeatures(), labels));
        }
        assertExact(
                mode + " NWC",
                net(
                        DataType.FLOAT,
                        InputType.recurrent(INPUTS, STEPS, RNNFormat.NWC),
                        new Bidirectional(mode, lstm(4, RNNFormat.NWC)),
                        out),
                QatConfig.int8(),
                new ListDataSetIterator<>(batches, EXAMPLES));
    }

    @Test
    void theGravesLayer_isTwoThatAreAdded(@TempDir Path folder) throws Exception {
        MultiLayerNetwork net =
                net(
                        DataType.FLOAT,
                        new GravesBidirectionalLSTM.Builder()
                                .nOut(4)
                                .activation(Activation.TANH)
                                .build(),
                        new GravesBidirectionalLSTM.Builder()
                                .nOut(3)
                                .activation(Activation.SOFTSIGN)
                                .gateActivationFunction(Activation.HARDSIGMOID)
                                .build(),
                        sequenceEnd());
        DataSetIterator data = sequences(DataType.FLOAT, true);
        MultiLayerNetwork qat = assertExact("graves", net, QatConfig.int8(), data);
        assertThat(qat.getLayer(0).conf().getLayer())
                .isInstanceOf(QuantGravesBidirectionalLSTM.class);
        assertSavedAndStripped(net, qat, data, folder);
        assertThat(Qat.strip(qat).getLayer(0).conf().getLayer().getClass())
                .isEqualTo(GravesBidirectionalLSTM.class);
        MultiLayerNetwork one =
                net(
                        DataType.FLOAT,
                        new LastTimeStep(
                                new GravesBidirectionalLSTM.Builder()
                                        .nOut(4)
                                        .activation(Activation.TANH)
                                        .build()),
                        end());
        assertExact("last", one, QatConfig.int8(), sequences(DataType.FLOAT, false));
    }

    @ParameterizedTest
    @EnumSource(Mode.class)
    void preparedSavedAndStripped(Mode mode, @TempDir Path folder) throws Exception {
        MultiLayerNetwork net =
                net(DataType.FLOAT, new Bidirectional(mode, lstm(4)), sequenceEnd());
        DataSetIterator data = sequences(DataType.FLOAT, true);
        net.fit(data);
        data.reset();
        MultiLayerNetwork qat = Qat.prepare(net, QatConfig.int8());
        Qat.calibrate(qat, data, 2);
        data.reset();
        INDArray x = data.next().getFeatures();
        INDArray expected = net.output(x);
        assertThat(qat.output(x).sub(expected).amaxNumber().doubleValue()).isLessThan(0.05);
        qat.fit(data);
        assertSavedAndStripped(null, qat, data, folder);
        assertThat(Qat.strip(qat).getLayer(0).conf().getLayer().getClass())
                .isEqualTo(Bidirectional.class);
        assertThat(((Bidirectional) Qat.strip(qat).getLayer(0).conf().getLayer()).getFwd())
                .isExactlyInstanceOf(LSTM.class);
    }

    private static void assertSavedAndStripped(
            MultiLayerNetwork net, MultiLayerNetwork qat, DataSetIterator data, Path folder)
            throws Exception {
        data.reset();
        DataSet batch = data.next();
        File file = folder.resolve("net.zip").toFile();
        ModelSerializer.writeModel(qat, file, true);
        MultiLayerNetwork loaded = MultiLayerNetwork.load(file, true);
        INDArray x = batch.getFeatures();
        assertThat(Nets.bits(loaded.output(x).dup('c')))
                .isEqualTo(Nets.bits(qat.output(x).dup('c')));
        try (IntegerNetwork a = Qat.convert(qat);
                IntegerNetwork b = Qat.convert(loaded)) {
            assertThat(b.model().ops().toString()).isEqualTo(a.model().ops().toString());
            assertThat(Nets.bits(b.output(x))).isEqualTo(Nets.bits(a.output(x)));
        }
        MultiLayerNetwork stripped = Qat.strip(qat);
        assertThat(stripped.output(x).sub(qat.output(x)).amaxNumber().doubleValue())
                .isLessThan(0.05);
        if (net != null) {
            for (Map.Entry<String, INDArray> e : stripped.paramTable().entrySet()) {
                assertThat(net.paramTable()).containsKey(e.getKey());
            }
        }
        qat.fit(batch);
        loaded.fit(batch);
        assertThat(Nets.state(loaded)).usingRecursiveComparison().isEqualTo(Nets.state(qat));
    }

    /** What stands side by side joins a group, and so do both layers in it. */
    @Test
    void graphs_withGroupsAcrossBidirectionalLayers() {
        ComputationGraph net =
                new ComputationGraph(
                        settings(DataType.FLOAT)
                                .graphBuilder()
                                .addInputs("in")
                                .setInputTypes(InputType.recurrent(INPUTS, STEPS))
                                .addLayer("a", new Bidirectional(Mode.CONCAT, lstm(2)), "in")
                                .addLayer("b", new Bidirectional(Mode.MUL, graves(4)), "in")
                                .addLayer("c", simple(4), "in")
                                .addVertex(
                                        "sum",
                                        new ElementWiseVertex(ElementWiseVertex.Op.Add),
                                        "a",
                                        "b")
                                .addVertex("all", new MergeVertex(), "sum", "c")
                                .addLayer("d", new Bidirectional(Mode.AVERAGE, lstm(3)), "all")
                                .addLayer("out", sequenceEnd(), "d")
                                .setOutputs("out")
                                .build());
        net.init();
        PreparationPlan plan = Qat.plan(net, QatConfig.int8());
        assertThat(plan.floatLayers()).isEmpty();
        assertThat(plan.groups()).anySatisfy(g -> assertThat(g).contains("a", "b"));
        ComputationGraph qat = Qat.prepare(net, QatConfig.int8());
        DataSetIterator data = sequences(DataType.FLOAT, true);
        Qat.calibrate(qat, data, 2);
        for (int i = 0; i < 2; i++) {
            data.reset();
            try (IntegerNetwork java = Qat.convert(qat)) {
                VerificationReport report = Qat.verify(qat, java, data);
                assertThat(report.exact()).as("%s%s", java.summary(), report).isTrue();
                assertThat(java.model().tensor("a").params())
                        .isEqualTo(java.model().tensor("b").params())
                        .isEqualTo(java.model().tensor("a:backward").params());
            }
            data.reset();
            qat.fit(data);
        }
    }

    /** In a MultiLayerNetwork they may; what is inside them must not be mixed up. */
    @Test
    void layersOfOneName_keepTheirGrids() {
        Layer[] layers = {
            new Bidirectional(Mode.CONCAT, lstm(3)),
            new Bidirectional(Mode.CONCAT, simple(4)),
            new Bidirectional(Mode.MUL, lstm(4)),
            new GravesBidirectionalLSTM.Builder().nOut(3).activation(Activation.TANH).build(),
            sequenceEnd()
        };
        for (Layer layer : layers) {
            layer.setLayerName("same");
        }
        MultiLayerNetwork net = net(DataType.FLOAT, layers);
        DataSetIterator data = sequences(DataType.FLOAT, true);
        MultiLayerNetwork qat = Qat.prepare(net, QatConfig.int8());
        Qat.calibrate(qat, data, 2);
        assertExactNow("one name", qat, data);
        for (int i = 0; i < 2; i++) {
            QuantizedBidirectionalLayer running = (QuantizedBidirectionalLayer) qat.getLayer(i);
            assertThat(running.forward().outputParams())
                    .isEqualTo(running.backward().outputParams());
        }
    }

    @Test
    void plans_sayWhatIsInside() {
        MultiLayerNetwork net =
                net(
                        DataType.FLOAT,
                        new Bidirectional(
                                new SimpleRnn.Builder().nOut(4).hasLayerNorm(true).build()),
                        new Bidirectional(
                                new LSTM.Builder().nOut(4).activation(Activation.SOFTMAX).build()),
                        new Bidirectional(lstm(4)),
                        sequenceEnd());
        PreparationPlan plan = Qat.plan(net, QatConfig.int8());
        assertThat(plan.entries().get(0).outcome()).isEqualTo(Outcome.FLOAT);
        assertThat(plan.entries().get(0).reason()).contains("layer normalization");
        assertThat(plan.entries().get(1).outcome()).isEqualTo(Outcome.FLOAT);
        assertThat(plan.entries().get(1).reason()).contains("not elementwise");
        assertThat(plan.entries().get(2).twin()).isEqualTo(QuantBidirectional.class);
        assertThat(plan.entries().get(2).reason())
                .contains("weights in both directions", "quantizes its input");
    }

    @Test
    void zerosAsMask_trainQuantized_butHaveNoIntegerForm() {
        MultiLayerNetwork net =
                net(
                        DataType.FLOAT,
                        new LastTimeStep(new MaskZeroLayer(new Bidirectional(simple(4)), 0)),
                        end());
        MultiLayerNetwork qat = Qat.prepare(net, QatConfig.int8());
        DataSetIterator data = sequences(DataType.FLOAT, false);
        Qat.calibrate(qat, data, 2);
        data.reset();
        qat.fit(data);
        assertThatThrownBy(() -> Qat.convert(qat))
                .isInstanceOf(UnsupportedLayerException.class)
                .hasMessageContaining("LastTimeStep of MaskZeroLayer of QuantBidirectional")
                .hasMessageContaining("masks time steps by their values");
    }

    @Test
    void levelChanges_seeTheWeightsOfBothDirections() {
        MultiLayerNetwork net =
                Qat.prepare(
                        net(
                                DataType.FLOAT,
                                new Bidirectional(Mode.ADD, lstm(4)),
                                new GravesBidirectionalLSTM.Builder()
                                        .nOut(3)
                                        .activation(Activation.TANH)
                                        .build(),
                                sequenceEnd()),
                        QatConfig.int8());
        DataSetIterator data = sequences(DataType.FLOAT, true);
        net.fit(data);
        LevelChanges changes = new LevelChanges(1);
        changes.look(net);
        data.reset();
        net.fit(data);
        List<LevelChanges.LayerChange> seen = changes.look(net);
        assertThat(seen.get(0).weights()).isEqualTo(2 * (INPUTS * 16L + 4 * 16L));
        assertThat(seen.get(1).weights()).isEqualTo(2 * (4 * 12L + 3 * 12L));
        assertThat(seen.get(0).changed()).isPositive();
        assertThat(seen.get(1).changed()).isPositive();
    }
}
