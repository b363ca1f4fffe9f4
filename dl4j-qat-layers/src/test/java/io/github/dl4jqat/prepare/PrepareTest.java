package io.github.dl4jqat.prepare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.dl4jqat.Qat;
import io.github.dl4jqat.convert.UnsupportedLayerException;
import io.github.dl4jqat.convert.VerificationReport;
import io.github.dl4jqat.estimator.GradientEstimators;
import io.github.dl4jqat.integer.IntegerNetwork;
import io.github.dl4jqat.layers.FakeQuantLayer;
import io.github.dl4jqat.layers.LayerQuantization;
import io.github.dl4jqat.layers.Nets;
import io.github.dl4jqat.layers.PassOnLayer;
import io.github.dl4jqat.layers.QuantActivationLayer;
import io.github.dl4jqat.layers.QuantConvolutionLayer;
import io.github.dl4jqat.layers.QuantDenseLayer;
import io.github.dl4jqat.layers.QuantLayerConfiguration;
import io.github.dl4jqat.layers.QuantOutputLayer;
import io.github.dl4jqat.layers.QuantSubsamplingLayer;
import io.github.dl4jqat.observer.RangeObserver;
import io.github.dl4jqat.prepare.PreparationPlan.Outcome;
import io.github.dl4jqat.quant.Quantizers;
import io.github.dl4jqat.quant.Requantization;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.DropoutLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.RecurrentAttentionLayer;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayerWithBackprop;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.transferlearning.TransferLearning;
import org.deeplearning4j.zoo.model.LeNet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.activations.impl.ActivationIdentity;
import org.nd4j.linalg.activations.impl.ActivationTanH;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

class PrepareTest {

    private static final int CLASSES = 3;
    private static final InputType IMAGE = InputType.convolutional(8, 8, 2);

    private final Random random = new Random(77);

    private static NeuralNetConfiguration.Builder settings() {
        return new NeuralNetConfiguration.Builder().seed(1).updater(new Adam(1e-2));
    }

    private static ConvolutionLayer convolution(String name, Activation f) {
        return new ConvolutionLayer.Builder(3, 3).name(name).nOut(4).activation(f).build();
    }

    private static SubsamplingLayer pool(String name, PoolingType type) {
        return new SubsamplingLayer.Builder(type).name(name).kernelSize(2, 2).stride(2, 2).build();
    }

    private static OutputLayer output() {
        return new OutputLayer.Builder(LossFunction.MCXENT)
                .name("out")
                .nOut(CLASSES)
                .activation(Activation.SOFTMAX)
                .build();
    }

    private static MultiLayerNetwork chain(InputType input, Layer... layers) {
        return (MultiLayerNetwork)
                Nets.chain(Nets.Kind.MULTI_LAYER, settings(), input, List.of(layers));
    }

    private static MultiLayerNetwork imageNetwork() {
        return chain(
                IMAGE,
                convolution("conv1", Activation.IDENTITY),
                new ActivationLayer.Builder().name("act1").activation(Activation.TANH).build(),
                pool("max", PoolingType.MAX),
                new DropoutLayer.Builder(0.9).name("drop").build(),
                pool("avg", PoolingType.AVG),
                new DenseLayer.Builder().name("fc").nOut(6).activation(Activation.RELU).build(),
                output());
    }

    private DataSet batch(long... shape) {
        return new DataSet(
                Nets.random(random, DataType.FLOAT, shape),
                Nets.labels(random, DataType.FLOAT, (int) shape[0], CLASSES));
    }

    private DataSet images() {
        return batch(5, 2, 8, 8);
    }

    private static LayerQuantization quantization(MultiLayerNetwork net, String layer) {
        Layer conf = net.getLayer(layer).conf().getLayer();
        return ((QuantLayerConfiguration) conf).getQuantization();
    }

    @Test
    void floatNetwork_isNotTouched() {
        MultiLayerNetwork net = imageNetwork();
        net.fit(images());
        List<long[]> before = Nets.state(net);
        String conf = net.getLayerWiseConfigurations().toJson();
        DataSet data = images();
        INDArray output = net.output(data.getFeatures());
        MultiLayerNetwork qat = Qat.prepare(net, QatConfig.int8());
        Qat.calibrate(qat, new ListDataSetIterator<>(List.of(images()), 5), 1);
        qat.fit(images());
        assertThat(Nets.state(net)).usingRecursiveComparison().isEqualTo(before);
        assertThat(net.getLayerWiseConfigurations().toJson()).isEqualTo(conf);
        assertThat(net.output(data.getFeatures())).isEqualTo(output);
    }

    @Test
    void floatGraph_isNotTouched() {
        ComputationGraph net = sharedInput();
        net.fit(images());
        List<long[]> before = Nets.state(net);
        String conf = net.getConfiguration().toJson();
        ComputationGraph qat = Qat.prepare(net, QatConfig.int8());
        qat.fit(images());
        assertThat(Nets.state(net)).usingRecursiveComparison().isEqualTo(before);
        assertThat(net.getConfiguration().toJson()).isEqualTo(conf);
    }

    @Test
    void namesIndicesAndWeights_areKept_countersStartAgain() {
        MultiLayerNetwork net = imageNetwork();
        net.fit(images());
        MultiLayerNetwork qat = Qat.prepare(net, QatConfig.int8());
        assertThat(qat.getLayerNames()).isEqualTo(net.getLayerNames());
        assertThat(qat.getIterationCount()).isZero();
        net.paramTable().forEach((k, v) -> assertThat(qat.getParam(k)).as(k).isEqualTo(v));
        assertThat(
                        java.util.Arrays.stream(qat.getLayers())
                                .map(l -> (Class) l.conf().getLayer().getClass()))
                .containsExactly(
                        QuantConvolutionLayer.class,
                        PassOnLayer.class,
                        SubsamplingLayer.class,
                        DropoutLayer.class,
                        QuantSubsamplingLayer.class,
                        QuantDenseLayer.class,
                        QuantOutputLayer.class);
        assertThat(qat.getUpdater().getStateViewArray().sumNumber().doubleValue()).isZero();
    }

    @Test
    void onlyTheFirstLayer_quantizesItsInput() {
        MultiLayerNetwork qat = Qat.prepare(imageNetwork(), QatConfig.int8());
        assertThat(quantization(qat, "conv1").input()).isNotNull();
        assertThat(quantization(qat, "avg").input()).isNull();
        assertThat(quantization(qat, "fc").input()).isNull();
        assertThat(quantization(qat, "out").input()).isNull();
    }

    @Test
    void activationLayer_movesIntoTheLayerBefore_andTheFunctionStaysTheSame() {
        MultiLayerNetwork net = imageNetwork();
        MultiLayerNetwork qat = Qat.prepare(net, QatConfig.int8());
        assertThat(
                        ((QuantConvolutionLayer) qat.getLayer("conv1").conf().getLayer())
                                .getActivationFn())
                .isInstanceOf(ActivationTanH.class);
        assertThat(((ActivationLayer) qat.getLayer("act1").conf().getLayer()).getActivationFn())
                .isInstanceOf(ActivationIdentity.class);
        MultiLayerNetwork off = new MultiLayerNetwork(qat.getLayerWiseConfigurations().clone());
        off.getLayerWiseConfigurations()
                .getConfs()
                .forEach(
                        c -> {
                            if (c.getLayer() instanceof QuantLayerConfiguration) {
                                c.clearVariables();
                                ((QuantLayerConfiguration) c.getLayer())
                                        .setQuantization(LayerQuantization.OFF);
                            }
                        });
        off.init();
        net.paramTable().forEach((k, v) -> off.getParam(k).assign(v));
        INDArray x = images().getFeatures();
        assertThat(off.output(x).sub(net.output(x)).amaxNumber().doubleValue()).isLessThan(1e-6);
    }

    @Test
    void activationLayerThatOthersReadPast_staysALayer() {
        ComputationGraph net =
                new ComputationGraph(
                        settings()
                                .graphBuilder()
                                .addInputs("in")
                                .setInputTypes(InputType.feedForward(5))
                                .addLayer("fc", dense(Activation.IDENTITY), "in")
                                .addLayer("act", new ActivationLayer(Activation.TANH), "fc")
                                .addLayer("left", output(), "act")
                                .addLayer("right", output(), "fc")
                                .setOutputs("left", "right")
                                .build());
        net.init();
        ComputationGraph qat = Qat.prepare(net, QatConfig.int8());
        assertThat(qat.getLayer("act").conf().getLayer()).isInstanceOf(QuantActivationLayer.class);
        assertThat(((QuantDenseLayer) qat.getLayer("fc").conf().getLayer()).getActivationFn())
                .isInstanceOf(ActivationIdentity.class);
    }

    private static DenseLayer dense(Activation f) {
        return new DenseLayer.Builder().nOut(4).activation(f).build();
    }

    @Test
    void settings_reachEveryLayer() {
        QatConfig config =
                QatConfig.builder()
                        .weightBits(5)
                        .activationBits(6)
                        .inputQuant(Quantizers.uintPerTensor(7))
                        .logitsQuant(Quantizers.uintPerTensor(9))
                        .estimator(GradientEstimators.identity())
                        .observer(RangeObserver.minMax())
                        .freezeRangesAfter(12)
                        .requantization(Requantization.FIXED_POINT)
                        .build();
        MultiLayerNetwork qat = Qat.prepare(imageNetwork(), config);
        LayerQuantization conv = quantization(qat, "conv1");
        assertThat(conv.weight().spec()).isEqualTo(Quantizers.intPerChannel(5));
        assertThat(conv.weight().estimator()).isEqualTo(GradientEstimators.identity());
        assertThat(conv.input().spec().bits()).isEqualTo(7);
        assertThat(conv.output().spec().bits()).isEqualTo(6);
        assertThat(conv.preActivation().spec().bits()).isEqualTo(8);
        for (String layer : List.of("conv1", "avg", "fc", "out")) {
            LayerQuantization q = quantization(qat, layer);
            assertThat(q.output().observer()).isEqualTo(RangeObserver.minMax());
            assertThat(q.output().estimator()).isEqualTo(GradientEstimators.identity());
            assertThat(q.schedule().freezeRangesAt()).isEqualTo(12);
            assertThat(q.requantization()).isEqualTo(Requantization.FIXED_POINT);
        }
        assertThat(quantization(qat, "out").output().spec().bits()).isEqualTo(9);
    }

    @Test
    void rules_byNamePatternAndType_theLastOneWins() {
        QatConfig config =
                QatConfig.builder()
                        .type(DenseLayer.class, LayerRule.weightBits(6))
                        .layer("*", LayerRule.activationBits(7))
                        .layer("f?", LayerRule.weightBits(3))
                        .layer("fc", LayerRule.estimator(GradientEstimators.identity()))
                        .layer("out", LayerRule.weightBits(4))
                        .layer("out", LayerRule.keepFloat())
                        .build();
        MultiLayerNetwork qat = Qat.prepare(imageNetwork(), config);
        LayerQuantization fc = quantization(qat, "fc");
        assertThat(fc.weight().spec().bits()).isEqualTo(3);
        assertThat(fc.output().spec().bits()).isEqualTo(7);
        assertThat(fc.weight().estimator()).isEqualTo(GradientEstimators.identity());
        assertThat(quantization(qat, "conv1").weight().spec().bits()).isEqualTo(8);
        assertThat(quantization(qat, "avg").output().spec().bits()).isEqualTo(7);
        assertThat(qat.getLayer("out").conf().getLayer().getClass()).isEqualTo(OutputLayer.class);
    }

    @Test
    void rule_canTakeBackKeepFloat() {
        QatConfig config =
                QatConfig.builder()
                        .layer("*", LayerRule.keepFloat())
                        .layer("conv1", LayerRule.bits(4, 4))
                        .build();
        PreparationPlan plan = Qat.plan(imageNetwork(), config);
        Map<String, Outcome> outcomes =
                plan.entries().stream()
                        .collect(Collectors.toMap(e -> e.node().name(), e -> e.outcome()));
        assertThat(outcomes)
                .containsEntry("conv1", Outcome.QUANTIZED)
                .containsEntry("fc", Outcome.FLOAT)
                .containsEntry("out", Outcome.FLOAT);
    }

    @Test
    void ruleForAMovedActivation_holdsForTheOutputItNowMakes() {
        MultiLayerNetwork qat =
                Qat.prepare(
                        imageNetwork(),
                        QatConfig.builder().layer("act1", LayerRule.activationBits(3)).build());
        assertThat(quantization(qat, "conv1").output().spec().bits()).isEqualTo(3);
    }

    @Test
    void rulesThatMatchNothing_areAllNamed_withNearMisses() {
        QatConfig config =
                QatConfig.builder()
                        .layer("conv11", LayerRule.keepFloat())
                        .layer("xyz*", LayerRule.weightBits(4))
                        .type(LSTM.class, LayerRule.keepFloat())
                        .build();
        MultiLayerNetwork net = imageNetwork();
        assertThatThrownBy(() -> Qat.prepare(net, config))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'conv11'")
                .hasMessageContaining("did you mean 'conv1'")
                .hasMessageContaining("'xyz*'")
                .hasMessageContaining("LSTM")
                .hasMessageContaining("DenseLayer");
    }

    @Test
    void nameWithPatternLetters_isMatchedLiterally() {
        MultiLayerNetwork net =
                chain(
                        InputType.feedForward(4),
                        new DenseLayer.Builder().name("fc.1[a]").nOut(3).build(),
                        output());
        MultiLayerNetwork qat =
                Qat.prepare(
                        net, QatConfig.builder().layer("fc.1[a]", LayerRule.weightBits(2)).build());
        assertThat(quantization(qat, "fc.1[a]").weight().spec().bits()).isEqualTo(2);
        assertThatThrownBy(
                        () ->
                                Qat.prepare(
                                        net,
                                        QatConfig.builder()
                                                .layer("fcx1[a]", LayerRule.weightBits(2))
                                                .build()))
                .hasMessageContaining("fc.1[a]");
    }

    @Test
    void layersWithoutNames_goByTheNamesThatDl4jGivesThem() {
        MultiLayerNetwork net =
                new MultiLayerNetwork(
                        settings()
                                .list()
                                .layer(dense(Activation.RELU))
                                .layer(
                                        new OutputLayer.Builder()
                                                .nOut(CLASSES)
                                                .activation(Activation.SOFTMAX)
                                                .build())
                                .setInputType(InputType.feedForward(5))
                                .build());
        net.init();
        MultiLayerNetwork qat =
                Qat.prepare(
                        net, QatConfig.builder().layer("layer0", LayerRule.weightBits(2)).build());
        assertThat(
                        ((QuantDenseLayer) qat.getLayer(0).conf().getLayer())
                                .getQuantization()
                                .weight()
                                .spec()
                                .bits())
                .isEqualTo(2);
    }

    @Test
    void preparedNetwork_isNotPreparedAgain() {
        MultiLayerNetwork qat = Qat.prepare(imageNetwork(), QatConfig.int8());
        assertThatThrownBy(() -> Qat.prepare(qat, QatConfig.int8()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("layer 0 'conv1' (QuantConvolutionLayer)")
                .hasMessageContaining("already");
    }

    @Test
    void dataTypeThatCannotBeTrained_isRefused() {
        MultiLayerNetwork net = imageNetwork().convertDataType(DataType.BFLOAT16);
        assertThatThrownBy(() -> Qat.prepare(net, QatConfig.int8()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("BFLOAT16")
                .hasMessageContaining("convertDataType(DataType.FLOAT)");
    }

    private static MultiLayerNetwork withUnsupportedLayers() {
        return chain(
                InputType.recurrent(4, 6),
                attention("attention"),
                attention("attention2"),
                new GlobalPoolingLayer.Builder(PoolingType.AVG).name("avg").build(),
                output());
    }

    private static RecurrentAttentionLayer attention(String name) {
        return new RecurrentAttentionLayer.Builder()
                .name(name)
                .nHeads(2)
                .headSize(3)
                .nOut(6)
                .projectInput(true)
                .activation(Activation.TANH)
                .build();
    }

    @Test
    void unsupportedLayers_stayFloatWithAReason_train_andAreAllNamedByConvert() {
        MultiLayerNetwork net = withUnsupportedLayers();
        PreparationPlan plan = Qat.plan(net, QatConfig.int8());
        assertThat(plan.floatLayers().stream().map(e -> e.node().name()))
                .containsExactly("attention", "attention2");
        assertThat(plan.floatLayers()).allSatisfy(e -> assertThat(e.reason()).isNotBlank());
        assertThat(plan.toString()).contains("attention2", "waits for a softmax");
        MultiLayerNetwork qat = Qat.prepare(net, QatConfig.int8());
        assertThat(quantization(qat, "avg").input()).isNotNull();
        qat.fit(batch(5, 4, 6));
        assertThat(qat.score(batch(5, 4, 6))).isFinite();
        assertThatThrownBy(() -> Qat.convert(qat))
                .isInstanceOfSatisfying(
                        UnsupportedLayerException.class, e -> assertThat(e.offenders()).hasSize(2))
                .hasMessageContaining("layer 0 'attention' (RecurrentAttentionLayer)")
                .hasMessageContaining("layer 1 'attention2' (RecurrentAttentionLayer)");
    }

    @Test
    void layersBehindFloatOnes_quantizeTheirInput_andTrain() {
        MultiLayerNetwork net =
                chain(
                        InputType.recurrent(4, 6),
                        attention("attention"),
                        new GlobalPoolingLayer.Builder(PoolingType.AVG).name("pool").build(),
                        output());
        MultiLayerNetwork qat = Qat.prepare(net, QatConfig.int8());
        assertThat(qat.getLayer("attention").conf().getLayer())
                .isInstanceOf(RecurrentAttentionLayer.class);
        assertThat(quantization(qat, "pool").input()).isNotNull();
        qat.fit(batch(5, 4, 6));
        assertThat(qat.score()).isFinite();
    }

    @Test
    void strict_makesFloatLayersAnError_namingAll() {
        MultiLayerNetwork net = withUnsupportedLayers();
        assertThatThrownBy(() -> Qat.prepare(net, QatConfig.builder().strict(true).build()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'attention'")
                .hasMessageContaining("'attention2'");
        assertThat(Qat.prepare(imageNetwork(), QatConfig.builder().strict(true).build()))
                .isNotNull();
    }

    private static ComputationGraph sharedInput() {
        ComputationGraph net =
                new ComputationGraph(
                        settings()
                                .graphBuilder()
                                .addInputs("image")
                                .setInputTypes(IMAGE)
                                .addLayer("a", convolution("a", Activation.RELU), "image")
                                .addLayer("b", convolution("b", Activation.TANH), "image")
                                .addVertex(
                                        "sum",
                                        new ElementWiseVertex(ElementWiseVertex.Op.Add),
                                        "a",
                                        "b")
                                .addLayer("out", output(), "sum")
                                .setOutputs("out")
                                .build());
        net.init();
        return net;
    }

    @Test
    void sharedGraphInput_getsOneQuantizer() {
        ComputationGraph qat = Qat.prepare(sharedInput(), QatConfig.int8());
        assertThat(qat.getLayer("image-quant").conf().getLayer())
                .isInstanceOf(FakeQuantLayer.class);
        for (String layer : List.of("a", "b")) {
            LayerQuantization q =
                    ((QuantLayerConfiguration) qat.getLayer(layer).conf().getLayer())
                            .getQuantization();
            assertThat(q.input()).isNull();
            assertThat(q.inputFrom()).isEqualTo("image-quant");
        }
        assertThat(qat.getConfiguration().getVertexInputs().get("a"))
                .containsExactly("image-quant");
        assertThat(Qat.plan(sharedInput(), QatConfig.int8()).groups())
                .containsExactly(List.of("a", "b"));
        qat.fit(images());
        try (IntegerNetwork integer = Qat.convert(qat)) {
            assertThat(integer.model().tensors()).containsKey("sum-quant");
        }
    }

    /** What casts the input must keep the result until the backward pass. */
    @Test
    void graphOfDoubles_trainsOnFloats() {
        ComputationGraph net = sharedInput().convertDataType(DataType.DOUBLE);
        ComputationGraph qat = Qat.prepare(net, QatConfig.int8());
        DataSet images = images();
        assertThat(images.getFeatures().dataType()).isEqualTo(DataType.FLOAT);
        qat.fit(images);
        assertThat(qat.score()).isFinite();
    }

    @Test
    void inputOfFloatLayersOnly_getsNoQuantizer() {
        ComputationGraph net =
                new ComputationGraph(
                        settings()
                                .graphBuilder()
                                .addInputs("series")
                                .setInputTypes(InputType.recurrent(4, 6))
                                .addLayer("drop", new DropoutLayer(0.9), "series")
                                .addLayer("a", attention("a"), "drop")
                                .addLayer("b", attention("b"), "series")
                                .addLayer("poolA", new GlobalPoolingLayer(PoolingType.AVG), "a")
                                .addLayer("poolB", new GlobalPoolingLayer(PoolingType.AVG), "b")
                                .addLayer("outA", output(), "poolA")
                                .addLayer("outB", output(), "poolB")
                                .setOutputs("outA", "outB")
                                .build());
        net.init();
        ComputationGraph qat = Qat.prepare(net, QatConfig.int8());
        assertThat(qat.getConfiguration().getVertices())
                .containsOnlyKeys(net.getConfiguration().getVertices().keySet());
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void frozenLayers_stayFrozen_andAreQuantized(boolean backprop) {
        MultiLayerNetwork base = imageNetwork();
        MultiLayerNetwork net;
        if (backprop) {
            Layer conv = new FrozenLayerWithBackprop(convolution(null, Activation.RELU));
            conv.setLayerName("conv1");
            net = chain(IMAGE, conv, pool("max", PoolingType.MAX), output());
        } else {
            net = new TransferLearning.Builder(base).setFeatureExtractor(0).build();
        }
        MultiLayerNetwork qat = Qat.prepare(net, QatConfig.int8());
        Class<?> wrapper = backprop ? FrozenLayerWithBackprop.class : FrozenLayer.class;
        assertThat(qat.getLayerWiseConfigurations().getConf(0).getLayer()).isInstanceOf(wrapper);
        ListDataSetIterator<DataSet> data =
                new ListDataSetIterator<>(List.of(images(), images()), 5);
        Qat.calibrate(qat, data, 2);
        Map<String, INDArray> before =
                qat.getLayer(0).paramTable().entrySet().stream()
                        .collect(Collectors.toMap(Map.Entry::getKey, e -> e.getValue().dup()));
        assertThat(before).containsKey("inputRange");
        assertThat(before.get("W")).isEqualTo(net.getLayer(0).getParam("W"));
        qat.fit(data);
        assertThat(qat.getLayer(0).paramTable()).isEqualTo(before);
        try (IntegerNetwork integer = Qat.convert(qat)) {
            assertThat(Qat.verify(qat, integer, data).exact()).isTrue();
        }
    }

    @Test
    void layerNormalization_staysFloat() {
        MultiLayerNetwork net =
                chain(
                        InputType.feedForward(4),
                        new DenseLayer.Builder().name("ln").nOut(3).hasLayerNorm(true).build(),
                        output());
        assertThat(Qat.plan(net, QatConfig.int8()).floatLayers())
                .singleElement()
                .satisfies(e -> assertThat(e.reason()).contains("layer normalization"));
    }

    @Test
    void zooLeNet_preparesTrainsConvertsAndIsExact() {
        MultiLayerNetwork net =
                (MultiLayerNetwork)
                        LeNet.builder()
                                .numClasses(CLASSES)
                                .inputShape(new int[] {1, 28, 28})
                                .build()
                                .init();
        MultiLayerNetwork qat = Qat.prepare(net, QatConfig.builder().strict(true).build());
        ListDataSetIterator<DataSet> data =
                new ListDataSetIterator<>(List.of(batch(4, 28 * 28)), 4);
        Qat.calibrate(qat, data, 1);
        qat.fit(data);
        try (IntegerNetwork integer = Qat.convert(qat)) {
            VerificationReport report = Qat.verify(qat, integer, data);
            assertThat(report.exact()).as(report.toString()).isTrue();
        }
    }

    @Test
    void calibration_movesRangesAndNothingElse() {
        MultiLayerNetwork qat = Qat.prepare(imageNetwork(), QatConfig.int8());
        Map<String, INDArray> before =
                qat.paramTable().entrySet().stream()
                        .collect(Collectors.toMap(Map.Entry::getKey, e -> e.getValue().dup()));
        ListDataSetIterator<DataSet> data =
                new ListDataSetIterator<>(List.of(images(), images(), images()), 1);
        Qat.calibrate(qat, data, 2);
        assertThat(qat.getIterationCount()).isZero();
        before.forEach(
                (key, value) -> {
                    if (key.endsWith("Range")) {
                        double batches = qat.getParam(key).getDouble(2);
                        // A rectifier needs no quantizer before it.
                        assertThat(batches)
                                .as(key)
                                .isEqualTo(key.equals("5_preActivationRange") ? 0 : 2);
                    } else {
                        assertThat(qat.getParam(key)).as(key).isEqualTo(value);
                    }
                });
    }

    @Test
    void calibration_saysWhatIsWrong() {
        MultiLayerNetwork net = imageNetwork();
        MultiLayerNetwork qat = Qat.prepare(net, QatConfig.int8());
        ListDataSetIterator<DataSet> data = new ListDataSetIterator<>(List.of(images()), 5);
        assertThatThrownBy(() -> Qat.calibrate(net, data, 1)).hasMessageContaining("Qat.prepare");
        assertThatThrownBy(() -> Qat.calibrate(qat, data, 0)).hasMessageContaining("batches=0");
        ListDataSetIterator<DataSet> empty = new ListDataSetIterator<>(List.of(), 5);
        assertThatThrownBy(() -> Qat.calibrate(qat, empty, 1)).hasMessageContaining("no batch");
    }
}
