package io.github.dl4jqat.layers;

import static io.github.dl4jqat.GraphNets.conv;
import static io.github.dl4jqat.GraphNets.data;
import static io.github.dl4jqat.GraphNets.ended;
import static io.github.dl4jqat.GraphNets.graph;
import static io.github.dl4jqat.GraphNets.images;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.dl4jqat.GraphNets;
import io.github.dl4jqat.Qat;
import io.github.dl4jqat.Seeds;
import io.github.dl4jqat.convert.UnsupportedLayerException;
import io.github.dl4jqat.estimator.GradientEstimators;
import io.github.dl4jqat.prepare.QatConfig;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.Quantizers;
import java.io.File;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex.Op;
import org.deeplearning4j.nn.conf.graph.LayerVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.recurrent.Bidirectional;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.transferlearning.TransferLearning;
import org.deeplearning4j.parallelism.ParallelWrapper;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.iterator.MultiDataSetIterator;

/** A grid that several layers share, through everything that happens to a network. */
@ExtendWith(Seeds.class)
class SharedGridTest {

    private static ComputationGraph residual() {
        return ended(
                graph("in")
                        .addLayer("a", conv(4, Activation.RELU), "in")
                        .addLayer("b", conv(4, Activation.IDENTITY), "a")
                        .addVertex("sum", new ElementWiseVertex(Op.Add), "a", "b")
                        .addLayer("relu", new ActivationLayer(Activation.RELU), "sum")
                        .addLayer("c", conv(4, Activation.TANH), "relu"),
                "c");
    }

    private static QuantizedLayer layer(ComputationGraph net, String name) {
        return NetworkView.of(net).byName().get(name).running() instanceof QuantizedLayer q
                ? q
                : null;
    }

    private static QuantParams grid(ComputationGraph net, String name) {
        return layer(net, name).outputParams();
    }

    private static void range(ComputationGraph net, String name, float min, float max) {
        INDArray range = net.getLayer(name).getParam("outputRange");
        range.putScalar(0, min);
        range.putScalar(1, max);
        range.putScalar(2, 1);
    }

    private static QuantParams uint8(float min, float max) {
        return QuantParams.fromRange(Quantizers.uint8PerTensor(), min, max);
    }

    @Test
    void gridIsThatOfTheUnion_ofWhatHasBeenObserved() {
        ComputationGraph qat = Qat.prepare(residual(), QatConfig.int8());
        assertThat(grid(qat, "a")).isNull();
        range(qat, "a", 0, 2);
        assertThat(grid(qat, "a")).as("b has seen nothing").isEqualTo(uint8(0, 2));
        assertThat(grid(qat, "b")).isNull();
        range(qat, "b", -1, 1);
        assertThat(grid(qat, "a")).isEqualTo(uint8(-1, 2)).isEqualTo(grid(qat, "b"));
        range(qat, "c", -9, 9);
        assertThat(grid(qat, "a")).as("c is no member").isEqualTo(uint8(-1, 2));
    }

    @Test
    void networkThatIsSavedAndLoaded_hasTheGroup(@TempDir Path folder, Random random)
            throws Exception {
        MultiDataSetIterator data = data(random, images(3));
        ComputationGraph qat = GraphNets.trained(residual(), QatConfig.int8(), data);
        File file = folder.resolve("net.zip").toFile();
        ModelSerializer.writeModel(qat, file, true);
        ComputationGraph loaded = ModelSerializer.restoreComputationGraph(file, true);
        for (String name : List.of("a", "b", "relu")) {
            assertThat(layer(loaded, name).quantization())
                    .as(name)
                    .isEqualTo(layer(qat, name).quantization());
        }
        assertThat(layer(loaded, "a").quantization().group()).containsExactly("a", "b");
        assertThat(layer(loaded, "relu").quantization().combined())
                .isEqualTo(new CombinedInput(CombinedInput.Kind.SUM, List.of("a", "b")));
        assertThat(grid(loaded, "a")).isEqualTo(grid(loaded, "b")).isEqualTo(grid(qat, "a"));
        data.reset();
        INDArray[] x = data.next().getFeatures();
        assertThat(loaded.output(x)[0]).isEqualTo(qat.output(x)[0]);
        loaded.fit(data);
        GraphNets.assertConvertsExactly(loaded, data);
    }

    @Test
    void clone_hasAGridOfItsOwn() {
        ComputationGraph qat = Qat.prepare(residual(), QatConfig.int8());
        range(qat, "a", 0, 2);
        range(qat, "b", -1, 1);
        ComputationGraph clone = qat.clone();
        range(clone, "b", -5, 1);
        assertThat(grid(clone, "a")).isEqualTo(uint8(-5, 2)).isEqualTo(grid(clone, "b"));
        assertThat(grid(qat, "a")).isEqualTo(uint8(-1, 2)).isEqualTo(grid(qat, "b"));
    }

    private static ComputationGraph recurrent() {
        ComputationGraphConfiguration.GraphBuilder series =
                graph("in")
                        .addLayer("a", lstm(), "in")
                        .addLayer("b", lstm(), "in")
                        .addVertex("sum", new ElementWiseVertex(Op.Add), "a", "b")
                        .addLayer("pool", new GlobalPoolingLayer(PoolingType.AVG), "sum")
                        .addLayer("out", GraphNets.classes(), "pool")
                        .setOutputs("out");
        return GraphNets.built(series, InputType.recurrent(3, 4));
    }

    private static ComputationGraph bidirectional() {
        ComputationGraphConfiguration.GraphBuilder series =
                graph("in")
                        .addLayer("a", new Bidirectional(Bidirectional.Mode.ADD, lstm()), "in")
                        .addLayer("pool", new GlobalPoolingLayer(PoolingType.AVG), "a")
                        .addLayer("out", GraphNets.classes(), "pool")
                        .setOutputs("out");
        return GraphNets.built(series, InputType.recurrent(3, 4));
    }

    private static LSTM lstm() {
        return new LSTM.Builder().nOut(4).activation(Activation.TANH).build();
    }

    /** A forward pass in training mode, of data unlike all others, which nothing comes of. */
    @ParameterizedTest
    @ValueSource(strings = {"convolutions", "recurrent", "bidirectional"})
    void passWithoutATrainingStep_isNotSeenByTheNextStep(String kind, Random random) {
        boolean images = kind.equals("convolutions");
        MultiDataSetIterator data = data(random, images ? images(3) : new long[] {4, 3, 4});
        ComputationGraph net =
                switch (kind) {
                    case "convolutions" -> residual();
                    case "recurrent" -> recurrent();
                    default -> bidirectional();
                };
        ComputationGraph qat = GraphNets.trained(net, QatConfig.int8(), data);
        ComputationGraph same = qat.clone();
        ComputationGraph disturbed = qat.clone();
        data.reset();
        INDArray[] x = data.next().getFeatures();
        disturbed.feedForward(new INDArray[] {x[0].mul(-50)}, true);
        data.reset();
        same.fit(data);
        data.reset();
        disturbed.fit(data);
        assertThat(disturbed.params()).isEqualTo(same.params());
    }

    @Test
    void workersInParallel_agreeOnOneGrid(Random random) throws Exception {
        MultiDataSetIterator data = data(random, images(3));
        ComputationGraph qat = GraphNets.trained(residual(), QatConfig.int8(), data);
        data.reset();
        try (ParallelWrapper wrapper =
                new ParallelWrapper.Builder<>(qat)
                        .workers(2)
                        .prefetchBuffer(2)
                        .averagingFrequency(1)
                        .trainingMode(ParallelWrapper.TrainingMode.AVERAGING)
                        .build()) {
            wrapper.fit(data);
        }
        assertThat(grid(qat, "a")).isEqualTo(grid(qat, "b"));
        GraphNets.assertConvertsExactly(qat, data);
    }

    /** A frozen member's own range stays, but its grid has to go where the others go. */
    @Test
    void frozenMember_followsTheOthers(Random random) {
        MultiDataSetIterator data = data(random, images(3));
        ComputationGraph frozen =
                new TransferLearning.GraphBuilder(residual()).setFeatureExtractor("a").build();
        ComputationGraph qat = GraphNets.trained(frozen, QatConfig.int8(), data);
        INDArray before = qat.getLayer("a").getParam("outputRange").dup();
        range(qat, "b", -50, 50);
        qat.getLayer("b").getParam("outputRange").putScalar(2, 1000);
        data.reset();
        qat.fit(data);
        assertThat(qat.getLayer("a").getParam("outputRange")).isEqualTo(before);
        assertThat(grid(qat, "a")).isEqualTo(grid(qat, "b"));
        assertThat(grid(qat, "a").scale()).isGreaterThan(uint8(-30, 30).scale());
        GraphNets.assertConvertsExactly(qat, data);
    }

    @Test
    void quantizedNetworkThatIsFrozenInPart_convertsExactly(Random random) {
        MultiDataSetIterator data = data(random, images(3));
        ComputationGraph qat = GraphNets.trained(residual(), QatConfig.int8(), data);
        ComputationGraph frozen =
                new TransferLearning.GraphBuilder(qat).setFeatureExtractor("b").build();
        data.reset();
        frozen.fit(data);
        assertThat(grid(frozen, "a")).isEqualTo(grid(frozen, "b"));
        GraphNets.assertConvertsExactly(frozen, data);
    }

    /** The new member is in no group; calibration finds that it has to be. */
    @Test
    void memberThatIsReplacedByAnotherName_joinsWhenCalibrated(Random random) {
        MultiDataSetIterator data = data(random, images(3));
        ComputationGraph qat = GraphNets.trained(residual(), QatConfig.int8(), data);
        ComputationGraph edited =
                new TransferLearning.GraphBuilder(qat)
                        .removeVertexAndConnections("b")
                        .removeVertexAndConnections("sum")
                        .addLayer("b2", quantized(), "a")
                        .addVertex("sum", new ElementWiseVertex(Op.Add), "a", "b2")
                        .removeVertexKeepConnections("relu")
                        .addLayer("relu", relu(), "sum")
                        .build();
        data.reset();
        edited.fit(data);
        assertThatThrownBy(() -> Qat.convert(edited))
                .isInstanceOf(UnsupportedLayerException.class)
                .hasMessageContaining("vertex")
                .hasMessageContaining("lie on different grids")
                .hasMessageContaining("nobody says that 'a' and 'b2' share one")
                .hasMessageContaining("sameGridAs(\"a\") in the builder of 'b2'");
        Qat.calibrate(edited, data, 2);
        assertThat(layer(edited, "b2").quantization().group()).contains("a", "b2");
        assertThat(grid(edited, "a")).isEqualTo(grid(edited, "b2"));
        edited.fit(data);
        GraphNets.assertConvertsExactly(edited, data);
    }

    private static QuantActivationLayer relu() {
        return QuantActivationLayer.of(
                new ActivationLayer(Activation.RELU),
                LayerQuantization.OFF.withOutput(
                        TensorQuantization.activation(Quantizers.uint8PerTensor())));
    }

    /** It names nobody, but the others name it. */
    @Test
    void newLayerOfAMembersName_takesItsPlaceInTheGroup(Random random) {
        MultiDataSetIterator data = data(random, images(3));
        ComputationGraph qat = GraphNets.trained(residual(), QatConfig.int8(), data);
        ComputationGraph edited =
                new TransferLearning.GraphBuilder(qat)
                        .removeVertexKeepConnections("b")
                        .addLayer("b", quantized(), "a")
                        .build();
        assertThat(layer(edited, "b").quantization().group()).isEmpty();
        assertThat(grid(edited, "a")).as("b has seen nothing").isNotNull();
        data.reset();
        edited.fit(data);
        assertThat(grid(edited, "a")).isEqualTo(grid(edited, "b"));
        GraphNets.assertConvertsExactly(edited, data);
    }

    private static QuantConvolutionLayer quantized() {
        return new QuantConvolutionLayer.Builder(3, 3)
                .nIn(4)
                .nOut(4)
                .convolutionMode(ConvolutionMode.Same)
                .activation(Activation.IDENTITY)
                .build();
    }

    /** What a layer reads is found anew; what a vertex in front of it once did is forgotten. */
    @Test
    void vertexThatIsTakenOut_leavesNothingBehind(Random random) {
        MultiDataSetIterator data = data(random, images(3));
        ComputationGraph qat = GraphNets.trained(residual(), QatConfig.int8(), data);
        ComputationGraph edited =
                new TransferLearning.GraphBuilder(qat)
                        .removeVertexAndConnections("sum")
                        .removeVertexKeepConnections("relu")
                        .addLayer("relu", stale(qat), "b")
                        .build();
        Qat.calibrate(edited, data, 2);
        assertThat(layer(edited, "relu").quantization().combined()).isNull();
        assertThat(layer(edited, "relu").quantization().inputFrom()).isEqualTo("b");
        GraphNets.assertConvertsExactly(edited, data);
    }

    private static Layer stale(ComputationGraph net) {
        ComputationGraphConfiguration conf = net.getConfiguration().clone();
        return ((LayerVertex) conf.getVertices().get("relu")).getLayerConf().getLayer();
    }

    @Test
    void learnedOrMidRiseOutput_cannotShareAGrid() {
        LayerQuantization q = LayerQuantization.int8().withGroup(List.of("x", "y"));
        assertThatThrownBy(
                        () ->
                                q.withOutput(
                                        TensorQuantization.activation(Quantizers.uint8PerTensor())
                                                .withEstimator(GradientEstimators.lsq())))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("shares its grid with others")
                .hasMessageContaining("clipped()");
        assertThatThrownBy(
                        () ->
                                q.withOutput(
                                        TensorQuantization.activation(
                                                Quantizers.binaryPerTensor())))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("shares its grid with others")
                .hasMessageContaining("uint8PerTensor()");
    }
}
