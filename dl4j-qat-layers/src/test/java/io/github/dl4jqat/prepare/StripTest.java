package io.github.dl4jqat.prepare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.dl4jqat.Qat;
import io.github.dl4jqat.estimator.GradientEstimator;
import io.github.dl4jqat.estimator.GradientEstimators;
import io.github.dl4jqat.estimator.OscillationControl;
import io.github.dl4jqat.layers.FakeQuantLayer;
import io.github.dl4jqat.layers.Nets;
import io.github.dl4jqat.layers.NetworkView;
import io.github.dl4jqat.layers.QuantDenseLayer;
import io.github.dl4jqat.layers.QuantOutputLayer;
import io.github.dl4jqat.layers.QuantizedLayer;
import io.github.dl4jqat.layers.QuantizedWeightLayer;
import io.github.dl4jqat.layers.StockForm;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.QuantSpec;
import io.github.dl4jqat.quant.Quantizers;
import io.github.dl4jqat.quant.Requantizer;
import java.io.File;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.dropout.Dropout;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayerWithBackprop;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.weights.WeightInit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.activations.impl.ActivationIdentity;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

class StripTest {

    private static final int CLASSES = 3;

    private final Random random = new Random(41);

    private static NeuralNetConfiguration.Builder settings() {
        return new NeuralNetConfiguration.Builder().seed(2).l2(1e-3).updater(new Adam(1e-2));
    }

    private static ConvolutionLayer convolution(String name, Activation f) {
        return new ConvolutionLayer.Builder(3, 3).name(name).nOut(4).activation(f).build();
    }

    private static OutputLayer output(String name) {
        return new OutputLayer.Builder(LossFunction.MCXENT)
                .name(name)
                .nOut(CLASSES)
                .activation(Activation.SOFTMAX)
                .build();
    }

    /** Every kind of layer that has a quantized twin, and some that keep the numbers. */
    private static List<Layer> imageLayers() {
        return List.of(
                convolution("conv", Activation.IDENTITY),
                new ActivationLayer.Builder().name("act").activation(Activation.TANH).build(),
                new SubsamplingLayer.Builder(PoolingType.AVG).name("avg").kernelSize(2, 2).build(),
                new ConvolutionLayer.Builder(2, 2)
                        .name("nobias")
                        .nOut(5)
                        .hasBias(false)
                        .dilation(2, 2)
                        .activation(Activation.SIGMOID)
                        .build(),
                new ActivationLayer.Builder().name("elu").activation(Activation.ELU).build(),
                new SubsamplingLayer.Builder(PoolingType.MAX).name("max").kernelSize(2, 2).build(),
                new GlobalPoolingLayer.Builder(PoolingType.AVG).name("global").build(),
                new DenseLayer.Builder()
                        .name("fc")
                        .nOut(6)
                        .dropOut(new Dropout(0.75))
                        .activation(Activation.RELU)
                        .build(),
                output("out"));
    }

    private static InputType image() {
        return InputType.convolutional(9, 9, 2);
    }

    private DataSet images() {
        return new DataSet(
                Nets.random(random, DataType.FLOAT, 6, 2, 9, 9),
                Nets.labels(random, DataType.FLOAT, 6, CLASSES));
    }

    private DataSet rows() {
        return new DataSet(
                Nets.random(random, DataType.FLOAT, 6, 7),
                Nets.labels(random, DataType.FLOAT, 6, CLASSES));
    }

    private static Model prepare(Model net, QatConfig config) {
        return net instanceof MultiLayerNetwork chain
                ? Qat.prepare(chain, config)
                : Qat.prepare((ComputationGraph) net, config);
    }

    private static Model strip(Model net) {
        return net instanceof MultiLayerNetwork chain
                ? Qat.strip(chain)
                : Qat.strip((ComputationGraph) net);
    }

    private static NetworkView view(Model net) {
        return net instanceof MultiLayerNetwork chain
                ? NetworkView.of(chain)
                : NetworkView.of((ComputationGraph) net);
    }

    /** The stock network with weights and biases put together from integers and scales. */
    private static Model reference(Model net, Model trained) {
        Model copy = Nets.copy(net);
        for (NetworkView.Node node : view(trained).nodes()) {
            org.deeplearning4j.nn.api.Layer to =
                    node.running() == null || node.name().endsWith("-quant")
                            ? null
                            : Nets.layer(copy, node.name());
            if (node.running() instanceof QuantizedWeightLayer layer) {
                QuantizedWeightLayer.IntegerWeights integers = layer.integerWeights();
                QuantParams scales = integers.params();
                INDArray w = to.getParam("W");
                int[] levels = integers.values();
                float[] weights = new float[levels.length];
                int perChannel = levels.length / integers.channels();
                for (int i = 0; i < levels.length; i++) {
                    weights[i] = levels[i] * scales.scale(i / perChannel);
                }
                INDArray first = Nd4j.createFromArray(weights);
                w.assign(
                        w.rank() == 2
                                ? first.reshape('c', w.size(1), w.size(0)).transpose()
                                : first.reshape('c', w.shape()));
                float in = layer.inputParams().scale();
                for (int c = 0; c < integers.channels() && to.getParam("b") != null; c++) {
                    float scale = Requantizer.accumulatorScale(in, scales.scale(c));
                    to.getParam("b").putScalar(c, (float) (integers.bias()[c] * (double) scale));
                }
            }
        }
        return copy;
    }

    private Model trained(Model net, QatConfig config) {
        Model qat = prepare(net, config);
        for (int i = 0; i < 3; i++) {
            Nets.fit(qat, images());
        }
        return qat;
    }

    static Stream<Arguments> estimators() {
        QuantSpec int8 = Quantizers.int8PerChannel();
        List<Arguments> all = new ArrayList<>();
        for (GradientEstimator e :
                List.of(
                        GradientEstimators.clipped(),
                        GradientEstimators.lsq(),
                        GradientEstimators.quantNoise())) {
            all.add(Arguments.of(int8, e));
        }
        all.add(Arguments.of(Quantizers.intPerTensor(8), GradientEstimators.clipped()));
        all.add(Arguments.of(Quantizers.midRisePerChannel(7), GradientEstimators.dorefa()));
        return all.stream();
    }

    @ParameterizedTest
    @MethodSource("estimators")
    void output_isThatOfTheStockNetwork_withTheWeightsOfEvaluation(
            QuantSpec weights, GradientEstimator estimator) {
        QatConfig config =
                QatConfig.builder().layer("*", LayerRule.weights(weights, estimator)).build();
        for (Nets.Kind kind : Nets.Kind.values()) {
            Model net = Nets.chain(kind, settings(), image(), imageLayers());
            Model qat = trained(net, config);
            Model stripped = strip(qat);
            INDArray x = images().getFeatures();
            // Functions that moved into the layer before them stay there.
            Model reference = reference(strip(prepare(net, config)), qat);
            assertThat(Nets.bits(Nets.output(stripped, x)))
                    .isEqualTo(Nets.bits(Nets.output(reference, x)));
            assertThat(Nets.output(stripped, x)).isNotEqualTo(Nets.output(net, x));
            assertThat(Nets.output(stripped, x).sub(Nets.output(qat, x)).amaxNumber().doubleValue())
                    .isLessThan(0.05);
        }
    }

    @Test
    void frozenWeights_areTheirLevels() {
        QatConfig config =
                QatConfig.builder()
                        .oscillation(OscillationControl.track().withThreshold(0.01))
                        .build();
        MultiLayerNetwork net =
                (MultiLayerNetwork)
                        Nets.chain(Nets.Kind.MULTI_LAYER, settings(), image(), imageLayers());
        Model qat = trained(net, config);
        INDArray x = images().getFeatures();
        assertThat(Nets.bits(Nets.output(strip(qat), x)))
                .isEqualTo(Nets.bits(Nets.output(reference(strip(prepare(net, config)), qat), x)));
    }

    @ParameterizedTest
    @EnumSource(Nets.Kind.class)
    void everyLayer_isItsStockClass_withItsSettings(Nets.Kind kind) {
        Model net = Nets.chain(kind, settings(), image(), imageLayers());
        Model qat = trained(net, QatConfig.int8());
        String before = Nets.json(qat);
        List<long[]> state = Nets.state(qat);
        Model stripped = strip(qat);
        assertThat(Nets.json(stripped)).doesNotContain("dl4jqat");
        assertThat(view(stripped).nodes())
                .extracting(NetworkView.Node::name, NetworkView.Node::index, n -> n.kind())
                .containsExactlyElementsOf(
                        view(net).nodes().stream()
                                .map(
                                        n ->
                                                org.assertj.core.groups.Tuple.tuple(
                                                        n.name(), n.index(), n.kind()))
                                .toList());
        for (NetworkView.Node node : view(net).nodes()) {
            if (node.name().equals("conv") || node.name().equals("act")) {
                // The function has moved from one to the other.
                continue;
            }
            assertThat(Nets.layer(stripped, node.name()).conf().getLayer())
                    .isEqualTo(node.layer())
                    .hasSameClassAs(node.layer());
            assertThat(Nets.layer(stripped, node.name()).conf().variables())
                    .isEqualTo(node.running().conf().variables());
        }
        assertThat(Nets.layer(stripped, "act").conf().getLayer())
                .isEqualTo(
                        new ActivationLayer.Builder()
                                .name("act")
                                .activation(new ActivationIdentity())
                                .build());
        assertThat(stripped.numParams()).isEqualTo(net.numParams());
        assertThat(Nets.json(qat)).as("untouched").isEqualTo(before);
        assertThat(Nets.state(qat)).usingRecursiveComparison().isEqualTo(state);
        Nets.fit(stripped, images());
        assertThat(Nets.state(qat))
                .as("shares nothing")
                .usingRecursiveComparison()
                .isEqualTo(state);
    }

    private static ComputationGraph sharedInput() {
        ComputationGraph net =
                new ComputationGraph(
                        settings()
                                .graphBuilder()
                                .addInputs("in")
                                .setInputTypes(image())
                                .addLayer("left", convolution("left", Activation.RELU), "in")
                                .addLayer("right", convolution("right", Activation.TANH), "in")
                                .addVertex(
                                        "add",
                                        new ElementWiseVertex(ElementWiseVertex.Op.Add),
                                        "left",
                                        "right")
                                .addLayer("out", output("out"), "add")
                                .setOutputs("out")
                                .build());
        net.init();
        return net;
    }

    @Test
    void insertedQuantizers_areTakenOut_andTheirReadersReadTheirInput() {
        ComputationGraph net = sharedInput();
        ComputationGraph qat = (ComputationGraph) trained(net, QatConfig.int8());
        assertThat(qat.getConfiguration().getVertices()).containsKey("in-quant");
        ComputationGraph stripped = Qat.strip(qat);
        assertThat(stripped.getConfiguration().getVertexInputs())
                .isEqualTo(net.getConfiguration().getVertexInputs());
        assertThat(stripped.getConfiguration().getVertices().keySet())
                .isEqualTo(net.getConfiguration().getVertices().keySet());
        assertThat(stripped.getConfiguration().toJson()).doesNotContain("dl4jqat");
        INDArray x = images().getFeatures();
        assertThat(Nets.bits(stripped.outputSingle(x)))
                .isEqualTo(Nets.bits(Nets.output(reference(net, qat), x)));
    }

    @Test
    void writtenQuantizers_andThoseOfAnOutput_becomeIdentities() {
        ComputationGraph qat =
                new ComputationGraph(
                        settings()
                                .graphBuilder()
                                .addInputs("in")
                                .setInputTypes(InputType.feedForward(7))
                                .addLayer("mine", new FakeQuantLayer.Builder().build(), "in")
                                .addLayer("a-quant", new FakeQuantLayer.Builder().build(), "mine")
                                .addLayer(
                                        "b-quant", new FakeQuantLayer.Builder().build(), "a-quant")
                                .addLayer(
                                        "out",
                                        new QuantOutputLayer.Builder(LossFunction.MCXENT)
                                                .nOut(CLASSES)
                                                .inputFrom("b-quant")
                                                .build(),
                                        "b-quant")
                                .addLayer(
                                        "seen-quant", new FakeQuantLayer.Builder().build(), "mine")
                                .setOutputs("out", "seen-quant")
                                .build());
        qat.init();
        ComputationGraph stripped = Qat.strip(qat);
        assertThat(stripped.getConfiguration().getVertexInputs())
                .isEqualTo(
                        Map.of(
                                "mine", List.of("in"),
                                "out", List.of("mine"),
                                "seen-quant", List.of("mine")));
        for (String name : List.of("mine", "seen-quant")) {
            assertThat(stripped.getLayer(name).conf().getLayer())
                    .hasSameClassAs(new ActivationLayer())
                    .extracting(l -> ((ActivationLayer) l).getActivationFn())
                    .isEqualTo(new ActivationIdentity());
        }
        INDArray x = rows().getFeatures();
        assertThat(stripped.output(x)[1]).isEqualTo(x);
    }

    @Test
    void quantizersInAChain_becomeIdentities_andKeepTheIndices() {
        MultiLayerNetwork qat =
                (MultiLayerNetwork)
                        Nets.chain(
                                Nets.Kind.MULTI_LAYER,
                                settings(),
                                InputType.feedForward(7),
                                List.of(
                                        new FakeQuantLayer.Builder().name("x-quant").build(),
                                        new QuantDenseLayer.Builder().name("fc").nOut(4).build(),
                                        output("out")));
        qat.fit(rows());
        MultiLayerNetwork stripped = Qat.strip(qat);
        assertThat(stripped.getLayer(0).conf().getLayer())
                .isEqualTo(
                        new ActivationLayer.Builder()
                                .name("x-quant")
                                .activation(new ActivationIdentity())
                                .build());
        assertThat(stripped.getLayerNames()).isEqualTo(qat.getLayerNames());
        assertThat(stripped.getLayer(2).paramTable()).isEqualTo(qat.getLayer(2).paramTable());
    }

    @Test
    void frozenLayers_stayFrozen() {
        MultiLayerNetwork net =
                new MultiLayerNetwork(
                        settings()
                                .list()
                                .layer(
                                        new FrozenLayer(
                                                new DenseLayer.Builder()
                                                        .nIn(7)
                                                        .nOut(5)
                                                        .activation(Activation.RELU)
                                                        .build()))
                                .layer(
                                        new FrozenLayerWithBackprop(
                                                new DenseLayer.Builder()
                                                        .nIn(5)
                                                        .nOut(4)
                                                        .activation(Activation.RELU)
                                                        .build()))
                                .layer(
                                        new OutputLayer.Builder(LossFunction.MCXENT)
                                                .nIn(4)
                                                .nOut(CLASSES)
                                                .activation(Activation.SOFTMAX)
                                                .build())
                                .build());
        net.init();
        MultiLayerNetwork qat = Qat.prepare(net, QatConfig.int8());
        Qat.calibrate(qat, new ListDataSetIterator<>(List.of(rows()), 6), 1);
        MultiLayerNetwork stripped = Qat.strip(qat);
        assertThat(stripped.getLayerWiseConfigurations().toJson())
                .isEqualTo(net.getLayerWiseConfigurations().toJson());
        INDArray x = rows().getFeatures();
        assertThat(Nets.bits(stripped.output(x)))
                .isEqualTo(Nets.bits(Nets.output(referenceByIndex(net, qat), x)));
        INDArray frozen = stripped.getLayer(0).params().dup();
        stripped.fit(rows());
        assertThat(stripped.getLayer(0).params()).isEqualTo(frozen);
    }

    private static Model referenceByIndex(MultiLayerNetwork net, MultiLayerNetwork qat) {
        MultiLayerNetwork copy = net.clone();
        for (NetworkView.Node node : NetworkView.of(qat).nodes()) {
            ((QuantizedLayer) node.running())
                    .evaluationParams()
                    .forEach((k, v) -> copy.getLayer(node.index()).getParam(k).assign(v));
        }
        return copy;
    }

    @Test
    void withoutData_theBiasStaysAsItIs() {
        MultiLayerNetwork net =
                (MultiLayerNetwork)
                        Nets.chain(
                                Nets.Kind.MULTI_LAYER,
                                settings().biasInit(0.123456789),
                                InputType.feedForward(7),
                                List.of(output("out")));
        MultiLayerNetwork qat = Qat.prepare(net, QatConfig.int8());
        assertThat(Qat.strip(qat).getParam("0_b")).isEqualTo(net.getParam("0_b"));
        qat.fit(new DataSet(rows().getFeatures().muli(100), rows().getLabels()));
        QuantizedWeightLayer layer = (QuantizedWeightLayer) qat.getLayer(0);
        float scale =
                Requantizer.accumulatorScale(
                        layer.inputParams().scale(), layer.integerWeights().params().scale(0));
        assertThat(Qat.strip(qat).getParam("0_b").getFloat(0) / scale)
                .isEqualTo(layer.integerWeights().bias()[0]);
    }

    @Test
    void dataTypeAndFormat_areKept() {
        MultiLayerNetwork net =
                new MultiLayerNetwork(
                        settings()
                                .dataType(DataType.DOUBLE)
                                .list()
                                .layer(
                                        new ConvolutionLayer.Builder(3, 3)
                                                .nOut(4)
                                                .dataFormat(CNN2DFormat.NHWC)
                                                .build())
                                .layer(output("out"))
                                .setInputType(InputType.convolutional(6, 5, 2, CNN2DFormat.NHWC))
                                .build());
        net.init();
        MultiLayerNetwork qat = Qat.prepare(net, QatConfig.int8());
        DataSet batch =
                new DataSet(
                        Nets.random(random, DataType.DOUBLE, 4, 6, 5, 2),
                        Nets.labels(random, DataType.DOUBLE, 4, CLASSES));
        qat.fit(batch);
        MultiLayerNetwork stripped = Qat.strip(qat);
        assertThat(stripped.getLayerWiseConfigurations().toJson())
                .isEqualTo(net.getLayerWiseConfigurations().toJson());
        INDArray x = batch.getFeatures();
        assertThat(stripped.output(x).dataType()).isEqualTo(DataType.DOUBLE);
        assertThat(stripped.output(x).sub(qat.output(x)).amaxNumber().doubleValue())
                .isLessThan(0.05);
    }

    /** A layer that leaves its work to another one, and one that offers nothing usable. */
    static final class Skipped extends QuantDenseLayer {
        private static final long serialVersionUID = 1L;

        @Override
        public StockForm stockForm(QuantizedLayer running) {
            return new StockForm(
                    new ActivationLayer.Builder()
                            .name(getLayerName())
                            .activation(Activation.IDENTITY)
                            .build(),
                    Map.of());
        }
    }

    static final class Broken extends QuantDenseLayer {
        private static final long serialVersionUID = 1L;

        @Override
        public StockForm stockForm(QuantizedLayer running) {
            return new StockForm(
                    new DenseLayer.Builder()
                            .name("fc")
                            .nIn(7)
                            .nOut(7)
                            .weightInit(WeightInit.XAVIER)
                            .build(),
                    Map.of());
        }
    }

    private static MultiLayerNetwork with(QuantDenseLayer layer) {
        layer.setLayerName("fc");
        layer.setNIn(7);
        layer.setNOut(7);
        return (MultiLayerNetwork)
                Nets.chain(
                        Nets.Kind.MULTI_LAYER,
                        settings(),
                        InputType.feedForward(7),
                        List.of(layer, output("out")));
    }

    @Test
    void aLayerMaySay_whatStandsForIt() {
        MultiLayerNetwork stripped = Qat.strip(with(new Skipped()));
        assertThat(stripped.getLayer(0).conf().getLayer()).hasSameClassAs(new ActivationLayer());
        assertThat(stripped.getLayer(0).numParams()).isZero();
        assertThat(stripped.getLayerNames()).containsExactly("fc", "out");
    }

    @Test
    void whatCannotBeStripped_isSaid() {
        assertThatThrownBy(() -> Qat.strip(with(new Broken())))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'fc'")
                .hasMessageContaining("no value for parameter 'W'");
        Model net = Nets.chain(Nets.Kind.MULTI_LAYER, settings(), image(), imageLayers());
        assertThatThrownBy(() -> strip(net))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("none of the 9 layers and vertices is quantized");
        assertThatThrownBy(
                        () ->
                                Qat.strip(
                                        new MultiLayerNetwork(
                                                settings().list().layer(output("o")).build())))
                .hasMessageContaining("init()");
    }

    @ParameterizedTest
    @EnumSource(Nets.Kind.class)
    void loadsAndComputesTheSame_whereTheLibraryIsNot(Nets.Kind kind, @TempDir Path dir)
            throws Exception {
        Model net =
                kind == Nets.Kind.GRAPH
                        ? sharedInput()
                        : Nets.chain(kind, settings(), image(), imageLayers());
        Model stripped = strip(trained(net, QatConfig.int8()));
        File zip = dir.resolve("net.zip").toFile();
        org.deeplearning4j.util.ModelSerializer.writeModel(stripped, zip, true);
        INDArray x = images().getFeatures();
        int[] actual = StockJvm.run(kind == Nets.Kind.GRAPH, zip.toPath(), x, dir);
        float[] here = Nets.output(stripped, x).dup('c').data().asFloat();
        int[] expected = new int[here.length];
        Arrays.setAll(expected, i -> Float.floatToRawIntBits(here[i]));
        assertThat(actual).isEqualTo(expected);
    }
}
