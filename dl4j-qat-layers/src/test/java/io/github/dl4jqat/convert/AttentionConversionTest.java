package io.github.dl4jqat.convert;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.dl4jqat.Qat;
import io.github.dl4jqat.Seeds;
import io.github.dl4jqat.integer.EngineChoice;
import io.github.dl4jqat.integer.IntegerModel;
import io.github.dl4jqat.integer.IntegerNetwork;
import io.github.dl4jqat.integer.MultiHeadAttention;
import io.github.dl4jqat.layers.Nets;
import io.github.dl4jqat.prepare.PreparationPlan;
import io.github.dl4jqat.prepare.PreparationPlan.Outcome;
import io.github.dl4jqat.prepare.QatConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration.GraphBuilder;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.AttentionVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.Convolution1DLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.LearnedSelfAttentionLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.RecurrentAttentionLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.layers.SelfAttentionLayer;
import org.deeplearning4j.nn.conf.layers.util.MaskZeroLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.learning.config.Adam;

/** Attention: an island with all that it has learned, between layers of integers. */
@ExtendWith(Seeds.class)
final class AttentionConversionTest {

    private static final int INPUTS = 4;
    private static final int STEPS = 6;
    private static final int CLASSES = 3;
    private static final int EXAMPLES = 5;

    private final Random random = new Random(Seeds.current());

    private static Convolution1DLayer projection(int n) {
        return new Convolution1DLayer.Builder(1).nOut(n).activation(Activation.IDENTITY).build();
    }

    private static OutputLayer end() {
        return new OutputLayer.Builder().nOut(CLASSES).activation(Activation.SOFTMAX).build();
    }

    private static NeuralNetConfiguration.Builder settings() {
        return new NeuralNetConfiguration.Builder().seed(6).updater(new Adam(1e-2));
    }

    private DataSetIterator data() {
        List<DataSet> batches = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            INDArray x = Nets.random(random, DataType.FLOAT, EXAMPLES, INPUTS, STEPS);
            INDArray labels = Nets.labels(random, DataType.FLOAT, EXAMPLES, CLASSES);
            batches.add(new DataSet(x, labels));
        }
        return new ListDataSetIterator<>(batches, EXAMPLES);
    }

    private static GraphBuilder attending(AttentionVertex attention) {
        return settings()
                .graphBuilder()
                .addInputs("in")
                .setInputTypes(InputType.recurrent(INPUTS, STEPS))
                .addLayer("q", projection(6), "in")
                .addLayer("k", projection(6), "in")
                .addLayer("v", projection(6), "in")
                .addVertex("attention", attention, "q", "k", "v")
                .addLayer("o", projection(4), "attention")
                .addLayer("pool", new GlobalPoolingLayer.Builder(PoolingType.AVG).build(), "o")
                .addLayer("out", end(), "pool")
                .setOutputs("out");
    }

    private static AttentionVertex.Builder attention() {
        return new AttentionVertex.Builder().nInQueries(6).nInKeys(6).nInValues(6).nOut(6);
    }

    private static PreparationPlan.Entry entry(PreparationPlan plan, String name) {
        return plan.entries().stream()
                .filter(e -> e.node().name().equals(name))
                .findAny()
                .orElseThrow();
    }

    @Test
    void projectionsAreIntegers_andAttentionBetweenThemAnIsland() {
        ComputationGraph net =
                new ComputationGraph(
                        attending(attention().projectInput(false).nHeads(1).build()).build());
        net.init();
        PreparationPlan plan = Qat.plan(net, QatConfig.int8());
        assertThat(entry(plan, "attention").outcome()).isEqualTo(Outcome.ISLAND);
        assertThat(entry(plan, "attention").reason()).contains("softmax of a product");
        assertThat(entry(plan, "o").reason()).contains("quantizes its input");
        for (String name : List.of("q", "k", "v", "o")) {
            assertThat(entry(plan, name).outcome()).as(name).isEqualTo(Outcome.QUANTIZED);
        }
        ComputationGraph qat = Qat.prepare(net, QatConfig.int8());
        DataSetIterator data = data();
        Qat.calibrate(qat, data, 2);
        for (int i = 0; i < 2; i++) {
            data.reset();
            try (IntegerNetwork java = Qat.convert(qat)) {
                VerificationReport report = Qat.verify(qat, java, data);
                assertThat(report.exact()).as("%s%s", java.summary(), report).isTrue();
                assertThat(java.model().floatIslands()).containsExactly("attention");
                assertThat(java.summary()).contains("Computed in float: attention");
            }
            data.reset();
            qat.fit(data);
        }
        data.reset();
        INDArray x = data.next().getFeatures();
        try (IntegerNetwork slow = Qat.convert(qat).withEngine(EngineChoice.JAVA);
                IntegerNetwork fast = slow.withEngine(EngineChoice.ONNX_RUNTIME)) {
            assertThat(fast.output(x).sub(slow.output(x)).amaxNumber().doubleValue())
                    .isLessThan(0.05);
        }
        assertThatThrownBy(() -> Qat.prepare(net, QatConfig.builder().strict(true).build()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("attention")
                .hasMessageContaining("softmax of a product");
    }

    @Test
    void aSequenceThatAttendsToItself_isReadOnce() {
        MultiLayerNetwork net =
                (MultiLayerNetwork)
                        Nets.chain(
                                Nets.Kind.MULTI_LAYER,
                                settings(),
                                InputType.recurrent(INPUTS, STEPS),
                                List.of(
                                        projection(5),
                                        new SelfAttentionLayer.Builder()
                                                .name("attention")
                                                .projectInput(false)
                                                .nHeads(1)
                                                .nIn(5)
                                                .nOut(5)
                                                .build(),
                                        new LSTM.Builder()
                                                .nIn(5)
                                                .nOut(4)
                                                .activation(Activation.TANH)
                                                .build(),
                                        new GlobalPoolingLayer.Builder(PoolingType.MAX).build(),
                                        end()));
        MultiLayerNetwork qat = Qat.prepare(net, QatConfig.int8());
        DataSetIterator data = data();
        Qat.calibrate(qat, data, 2);
        data.reset();
        qat.fit(data);
        data.reset();
        try (IntegerNetwork java = Qat.convert(qat)) {
            VerificationReport report = Qat.verify(qat, java, data);
            assertThat(report.exact()).as("%s%s", java.summary(), report).isTrue();
            assertThat(java.model().floatIslands()).containsExactly("attention");
            long dequantized =
                    java.model().ops().stream().filter(op -> op.name().equals("attention")).count();
            assertThat(dequantized).as("one Dequantize and the attention").isEqualTo(2);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"FLOAT", "DOUBLE"})
    void aVertexThatProjects_keepsItsWeightsAsFloats(DataType type) throws IOException {
        AttentionVertex vertex =
                attention().nOut(5).projectInput(true).nHeads(2).headSize(3).build();
        ComputationGraph stock = new ComputationGraph(attending(vertex).build());
        stock.init();
        ComputationGraph net = stock.convertDataType(type);
        assertThat(entry(Qat.plan(net, QatConfig.int8()), "attention").outcome())
                .isEqualTo(Outcome.ISLAND);
        assertThat(entry(Qat.plan(net, QatConfig.int8()), "attention").reason())
                .contains("keeps its own weights as floats");
        ComputationGraph qat = Qat.prepare(net, QatConfig.int8());
        DataSetIterator data = data();
        Qat.calibrate(qat, data, 2);
        data.reset();
        INDArray weights = net.getVertex("attention").paramTable(false).get("Wq");
        INDArray prepared = qat.getVertex("attention").paramTable(false).get("Wq");
        assertThat(prepared).isEqualTo(weights).isNotSameAs(weights);
        qat.fit(data);
        assertThat(prepared).isNotEqualTo(weights);
        INDArray stripped = Qat.strip(qat).getVertex("attention").paramTable(false).get("Wq");
        assertThat(stripped).isEqualTo(prepared);
        IntegerModel model = exactOnBothEngines(qat, data, "attention");
        MultiHeadAttention op = only(model);
        assertThat(op.weights().heads()).isEqualTo(2);
        assertThat(op.weights().queries().values()).isEqualTo(prepared.dup('c').data().asFloat());
        assertThat(op.parameters()).isEqualTo(3 * 2 * 3 * 6 + 2 * 3 * 5);
        assertThatThrownBy(() -> Qat.prepare(net, QatConfig.builder().strict(true).build()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("attention")
                .hasMessageContaining("keeps its own weights as floats");
    }

    /** The model of a network that computes what the network does, in a file and out of it too. */
    private static IntegerModel exactOnBothEngines(
            Model qat, DataSetIterator data, String... islands) throws IOException {
        try (IntegerNetwork java = convert(qat)) {
            data.reset();
            VerificationReport report =
                    qat instanceof ComputationGraph graph
                            ? Qat.verify(graph, java, data)
                            : Qat.verify((MultiLayerNetwork) qat, java, data);
            assertThat(report.exact()).as("%s%s", java.summary(), report).isTrue();
            assertThat(java.model().floatIslands()).containsExactly(islands);
            Path file = Files.createTempFile("attention", ".qnet");
            java.save(file);
            data.reset();
            INDArray x = data.next().getFeatures();
            try (IntegerNetwork loaded = IntegerNetwork.load(file);
                    IntegerNetwork slow = java.withEngine(EngineChoice.JAVA);
                    IntegerNetwork fast = java.withEngine(EngineChoice.ONNX_RUNTIME)) {
                assertThat(loaded.model()).isEqualTo(java.model());
                assertThat(fast.output(x).sub(slow.output(x)).amaxNumber().doubleValue())
                        .isLessThan(0.05);
            } finally {
                Files.delete(file);
            }
            return java.model();
        }
    }

    private static IntegerNetwork convert(Model qat) {
        return qat instanceof ComputationGraph graph
                ? Qat.convert(graph)
                : Qat.convert((MultiLayerNetwork) qat);
    }

    private static MultiHeadAttention only(IntegerModel model) {
        return model.ops().stream()
                .filter(MultiHeadAttention.class::isInstance)
                .map(MultiHeadAttention.class::cast)
                .findAny()
                .orElseThrow();
    }

    private static SelfAttentionLayer projecting() {
        return new SelfAttentionLayer.Builder()
                .name("self")
                .nHeads(2)
                .headSize(3)
                .nIn(6)
                .nOut(4)
                .projectInput(true)
                .build();
    }

    @Test
    void aLayerThatProjects_isAnIsland_behindAnotherOneToo() throws IOException {
        SelfAttentionLayer second =
                new SelfAttentionLayer.Builder()
                        .name("again")
                        .nHeads(2)
                        .nIn(4)
                        .nOut(6)
                        .projectInput(true)
                        .build();
        MultiLayerNetwork net =
                (MultiLayerNetwork)
                        Nets.chain(
                                Nets.Kind.MULTI_LAYER,
                                settings(),
                                InputType.recurrent(INPUTS, STEPS),
                                List.of(
                                        projection(6),
                                        projecting(),
                                        second,
                                        projection(4),
                                        new GlobalPoolingLayer.Builder(PoolingType.AVG).build(),
                                        end()));
        PreparationPlan plan = Qat.plan(net, QatConfig.int8());
        assertThat(plan.entries().get(1).outcome()).isEqualTo(Outcome.ISLAND);
        assertThat(plan.entries().get(2).outcome()).isEqualTo(Outcome.ISLAND);
        assertThat(plan.entries().get(3).reason()).contains("quantizes its input");
        MultiLayerNetwork qat = Qat.prepare(net, QatConfig.int8());
        DataSetIterator data = data();
        Qat.calibrate(qat, data, 2);
        data.reset();
        qat.fit(data);
        IntegerModel model = exactOnBothEngines(qat, data, "self", "again");
        int floats = 3 * 2 * 3 * 6 + 2 * 3 * 4 + 3 * 2 * 3 * 4 + 2 * 3 * 6;
        assertThat(model.weightBytes()).isGreaterThan((long) floats * Float.BYTES);
        try (IntegerNetwork integer = Qat.convert(qat)) {
            assertThat(integer.summary())
                    .contains("Computed in float: self, again, with " + floats + " float weights");
        }
    }

    @Test
    void attentionThatDeeplearning4jCannotRun_staysFloat() {
        Layer learned =
                new LearnedSelfAttentionLayer.Builder()
                        .name("learned")
                        .nHeads(1)
                        .nIn(4)
                        .nOut(4)
                        .nQueries(2)
                        .projectInput(true)
                        .build();
        MultiLayerNetwork net =
                (MultiLayerNetwork)
                        Nets.chain(
                                Nets.Kind.MULTI_LAYER,
                                settings(),
                                InputType.recurrent(INPUTS, STEPS),
                                List.of(
                                        projection(4),
                                        learned,
                                        new GlobalPoolingLayer.Builder(PoolingType.AVG).build(),
                                        end()));
        assertThatThrownBy(() -> net.output(data().next().getFeatures()))
                .as("when this fails, convert the layer")
                .hasMessageContaining("scatter_update");
        PreparationPlan plan = Qat.plan(net, QatConfig.int8());
        assertThat(plan.entries().get(1).outcome()).isEqualTo(Outcome.FLOAT);
        assertThat(plan.entries().get(1).reason())
                .contains("scatter_update", "use an AttentionVertex");
    }

    @Test
    void attentionInARecurrentLayer_staysFloat_withAWayOut() {
        Layer recurrent =
                new RecurrentAttentionLayer.Builder()
                        .name("recurrent")
                        .nHeads(1)
                        .nIn(4)
                        .nOut(4)
                        .projectInput(true)
                        .activation(Activation.TANH)
                        .build();
        MultiLayerNetwork net =
                (MultiLayerNetwork)
                        Nets.chain(
                                Nets.Kind.MULTI_LAYER,
                                settings(),
                                InputType.recurrent(INPUTS, STEPS),
                                List.of(
                                        projection(4),
                                        recurrent,
                                        new RnnOutputLayer.Builder()
                                                .nIn(4)
                                                .nOut(CLASSES)
                                                .activation(Activation.SOFTMAX)
                                                .build()));
        PreparationPlan plan = Qat.plan(net, QatConfig.int8());
        assertThat(plan.entries().get(1).outcome()).isEqualTo(Outcome.FLOAT);
        assertThat(plan.entries().get(1).reason())
                .contains("waits for a softmax", "use an LSTM, and a SelfAttentionLayer behind it");
        assertThat(plan.floatLayers()).hasSize(1);
        assertThat(plan.entries().get(2).reason()).contains("quantizes its input");
    }

    @Test
    void attentionInAWrapper_isRefused() {
        MultiLayerNetwork net =
                (MultiLayerNetwork)
                        Nets.chain(
                                Nets.Kind.MULTI_LAYER,
                                settings(),
                                InputType.recurrent(INPUTS, STEPS),
                                List.of(
                                        projection(6),
                                        new MaskZeroLayer(projecting(), 0),
                                        new GlobalPoolingLayer.Builder(PoolingType.AVG).build(),
                                        end()));
        MultiLayerNetwork qat = Qat.prepare(net, QatConfig.int8());
        DataSetIterator data = data();
        Qat.calibrate(qat, data, 2);
        assertThatThrownBy(() -> Qat.convert(qat))
                .isInstanceOf(UnsupportedLayerException.class)
                .hasMessageContaining("it stands in a MaskZeroLayer")
                .hasMessageContaining("around recurrent layers only");
    }
}
