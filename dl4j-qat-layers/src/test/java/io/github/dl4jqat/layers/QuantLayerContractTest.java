package io.github.dl4jqat.layers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.dl4jqat.estimator.GradientEstimators;
import io.github.dl4jqat.estimator.Knob;
import io.github.dl4jqat.estimator.OscillationControl;
import io.github.dl4jqat.estimator.QatSchedule;
import io.github.dl4jqat.layers.Nets.Kind;
import io.github.dl4jqat.observer.MovingAverage;
import io.github.dl4jqat.observer.RangeObserver;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.Quantizers;
import io.github.dl4jqat.quant.Requantization;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Consumer;
import org.deeplearning4j.datasets.iterator.ExistingDataSetIterator;
import org.deeplearning4j.gradientcheck.GradientCheckUtil;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.api.NeuralNetwork;
import org.deeplearning4j.nn.conf.CacheMode;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.GradientNormalization;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.WorkspaceMode;
import org.deeplearning4j.nn.conf.constraint.MaxNormConstraint;
import org.deeplearning4j.nn.conf.distribution.UniformDistribution;
import org.deeplearning4j.nn.conf.dropout.Dropout;
import org.deeplearning4j.nn.conf.graph.LayerVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.BaseLayer;
import org.deeplearning4j.nn.conf.layers.BaseOutputLayer;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayerWithBackprop;
import org.deeplearning4j.nn.conf.memory.MemoryReport;
import org.deeplearning4j.nn.conf.memory.MemoryUseMode;
import org.deeplearning4j.nn.conf.weightnoise.DropConnect;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.weights.WeightInit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.NoOp;
import org.nd4j.linalg.learning.config.Sgd;

/**
 * What every quantized layer must do as a citizen of Deeplearning4j. The layer under test is called
 * "subject" and stands third in a network: a float layer in front, a quantizer, the subject, and an
 * output layer unless it is one itself.
 */
abstract class QuantLayerContractTest {

    static final int CLASSES = 3;
    private static final long SEED = 20231;

    /** The stock layer whose twin is tested; a new object at each call. */
    abstract Layer stock();

    /** The twin, with that quantization. */
    abstract Layer twin(LayerQuantization quantization);

    /** How the subject is quantized in most tests. */
    LayerQuantization quantization() {
        LayerQuantization q =
                LayerQuantization.OFF.withOutput(
                        TensorQuantization.activation(Quantizers.uint8PerTensor()));
        return hasWeights()
                ? q.withWeight(TensorQuantization.weight(Quantizers.int8PerChannel()))
                : q.withPreActivation(null).withInputFrom("grid");
    }

    InputType inputType() {
        return InputType.feedForward(7);
    }

    /** The layer in front, which sets the number of channels or columns that the subject sees. */
    Layer front() {
        return new DenseLayer.Builder().name("front").nOut(6).activation(Activation.TANH).build();
    }

    static Layer imageFront(org.deeplearning4j.nn.conf.CNN2DFormat format) {
        return new ConvolutionLayer.Builder(1, 1)
                .name("front")
                .nOut(3)
                .dataFormat(format)
                .activation(Activation.TANH)
                .build();
    }

    boolean hasWeights() {
        return stock() instanceof BaseLayer && !(stock() instanceof ActivationLayer);
    }

    boolean isOutput() {
        return stock() instanceof BaseOutputLayer;
    }

    INDArray labels(DataType type, int examples) {
        return Nets.labels(random, type, examples, CLASSES);
    }

    /** Whether a batch normalization can be folded into the layer. */
    boolean foldsBatchNorm() {
        return stock() instanceof DenseLayer || stock() instanceof ConvolutionLayer;
    }

    /** Whether dropout and weight noise do anything to the layer. */
    boolean takesDropout() {
        return hasWeights();
    }

    /** What the layer keeps of a quantization. */
    LayerQuantization kept(LayerQuantization all) {
        return all;
    }

    /** Whether what the stock layer shows as the gradient of a parameter is one. */
    boolean isTrained(String key) {
        return true;
    }

    /** Whether forward and gradients must be those of the stock layer bit for bit when off. */
    boolean sameOpsAsStock() {
        return true;
    }

    /** The axis of all weights that a constraint takes norms along. */
    int constrainedAxis() {
        return 1;
    }

    /** Whether the stock layers of the network can say how much memory they take. */
    boolean stockReportsMemory() {
        return true;
    }

    /** The weights with one axis for the output channels, and that axis. */
    private record ByOutput(INDArray weights, int axis) {
        static ByOutput of(Model net) {
            LinearRuntime running = (LinearRuntime) Nets.layer(net, "subject");
            INDArray w = running.getParam("W");
            if (w == null) {
                // A batch normalization has factors only.
                w = running.getParam("gamma");
                w = w.reshape(w.length(), 1);
            }
            return new ByOutput(running.op().byOutput(w), running.op().outputAxisOfWeights());
        }
    }

    @Test
    void largerWeightsOfOneOutput_moveItsScaleAndNoOther() {
        Model net = net(Kind.MULTI_LAYER, settings(), quantization());
        // The weights of a normalization are made of its gamma.
        Assumptions.assumeTrue(
                Nets.layer(net, "subject") instanceof LinearRuntime linear
                        && linear.getParam("W") != null);
        Nets.fit(net, batch(5));
        QuantizedWeightLayer running = (QuantizedWeightLayer) Nets.layer(net, "subject");
        QuantParams before = running.integerWeights().params();
        ByOutput w = ByOutput.of(net);
        int channels = Math.toIntExact(w.weights().size(w.axis()));
        assertThat(before.scales()).hasSize(channels);
        int[] others = new int[w.weights().rank() - 1];
        for (int i = 0, a = 0; a < w.weights().rank(); a++) {
            if (a != w.axis()) {
                others[i++] = a;
            }
        }
        for (int larger = 0; larger < channels; larger++) {
            INDArray backup = w.weights().dup();
            w.weights().tensorAlongDimension(larger, others).muli(10);
            QuantParams after = running.integerWeights().params();
            w.weights().assign(backup);
            for (int c = 0; c < channels; c++) {
                assertThat(after.scale(c) / before.scale(c))
                        .as("scale of output %s when that of %s has larger weights", c, larger)
                        .isCloseTo(
                                c == larger ? 10f : 1f, org.assertj.core.data.Offset.offset(1e-5f));
            }
        }
    }

    final Random random = new Random(SEED);

    final NeuralNetConfiguration.Builder settings(DataType type, IUpdater updater) {
        return new NeuralNetConfiguration.Builder()
                .seed(SEED)
                .dataType(type)
                .updater(updater)
                .weightInit(WeightInit.XAVIER)
                .convolutionMode(ConvolutionMode.Truncate);
    }

    final NeuralNetConfiguration.Builder settings() {
        return settings(DataType.FLOAT, new Adam(1e-2));
    }

    private List<Layer> layers(LayerQuantization grid, Layer subject) {
        Layer quantizer =
                grid == null
                        ? new ActivationLayer.Builder()
                                .name("grid")
                                .activation(Activation.IDENTITY)
                                .build()
                        : new FakeQuantLayer.Builder().name("grid").quantization(grid).build();
        subject.setLayerName("subject");
        List<Layer> layers = new ArrayList<>(List.of(front(), quantizer, subject));
        if (!isOutput()) {
            layers.addAll(end());
        }
        return layers;
    }

    /** What follows the subject, down to an output layer; for one that is none itself. */
    List<Layer> end() {
        return List.of(
                new OutputLayer.Builder()
                        .name("out")
                        .nOut(CLASSES)
                        .activation(Activation.SOFTMAX)
                        .build());
    }

    private static LayerQuantization grid() {
        return LayerQuantization.OFF
                .withOutput(TensorQuantization.activation(Quantizers.uint8PerTensor()))
                .withPreActivation(null);
    }

    final Model net(Kind kind, NeuralNetConfiguration.Builder settings, LayerQuantization q) {
        return Nets.chain(kind, settings, inputType(), layers(grid(), twin(q)));
    }

    final Model offNet(Kind kind, NeuralNetConfiguration.Builder settings) {
        return Nets.chain(
                kind,
                settings,
                inputType(),
                layers(LayerQuantization.OFF, twin(LayerQuantization.OFF)));
    }

    final Model stockNet(Kind kind, NeuralNetConfiguration.Builder settings) {
        return Nets.chain(kind, settings, inputType(), layers(null, stock()));
    }

    final DataSet batch(int examples, DataType type) {
        long[] shape = inputType().getShape(true);
        shape[0] = examples;
        return new DataSet(Nets.random(random, type, shape), labels(type, examples));
    }

    final DataSet batch(int examples) {
        return batch(examples, DataType.FLOAT);
    }

    private static QuantLayerConfiguration subject(Model net) {
        return (QuantLayerConfiguration) Nets.layer(net, "subject").conf().getLayer();
    }

    /**
     * Whether training moves a range. A clamp needs no quantizer before it, so that never moves.
     */
    boolean moves(Layer layer, String range) {
        boolean clamp =
                layer instanceof BaseLayer base && ActivationTable.isClamp(base.getActivationFn());
        return !(clamp && range.equals("preActivationRange"));
    }

    private List<INDArray> ranges(Model net, String layer) {
        List<INDArray> ranges = new ArrayList<>();
        org.deeplearning4j.nn.api.Layer running = Nets.layer(net, layer);
        running.paramTable()
                .forEach(
                        (key, value) -> {
                            if (key.endsWith("Range") && moves(running.conf().getLayer(), key)) {
                                ranges.add(value.dup());
                            }
                        });
        assertThat(ranges).as("ranges of %s", layer).isNotEmpty();
        return ranges;
    }

    /** Quantizations in one of which each component is different from its default. */
    List<LayerQuantization> allDifferent() {
        LayerQuantization oscillating = withOscillation();
        return foldsBatchNorm()
                ? List.of(
                        oscillating,
                        oscillating
                                .withOscillation(null)
                                .withBatchNorm(
                                        new FoldedBatchNorm("norm", 1e-3, 0.75, false, true, 2, 3)))
                : List.of(oscillating);
    }

    private static LayerQuantization withOscillation() {
        return new LayerQuantization(
                new TensorQuantization(
                        Quantizers.intPerChannel(5), GradientEstimators.identity(), null),
                new TensorQuantization(
                        Quantizers.int8AffinePerTensor(),
                        GradientEstimators.identity(),
                        RangeObserver.minMax()),
                new TensorQuantization(
                        Quantizers.uintPerTensor(9),
                        GradientEstimators.clipped(),
                        new MovingAverage(0.75)),
                new TensorQuantization(
                        Quantizers.uintPerTensor(3),
                        GradientEstimators.identity(),
                        new MovingAverage(0.5)),
                new TensorQuantization(
                        Quantizers.uintPerTensor(7),
                        GradientEstimators.identity(),
                        new MovingAverage(0.25)),
                false,
                Requantization.FIXED_POINT,
                QatSchedule.epochs()
                        .calibrateUntil(3)
                        .freezeRangesAt(17)
                        .freezeBatchNormAt(23)
                        .freezeAt(40)
                        .with(
                                new QatSchedule.Ramp(
                                        Knob.DAMPENING,
                                        QatSchedule.Curve.COSINE,
                                        List.of(
                                                new QatSchedule.Point(2, 0.25),
                                                new QatSchedule.Point(9, 0.5)))),
                new OscillationControl(0.125, 0.5, 0.75),
                "grid",
                List.of(4, 5),
                List.of("one", "subject"),
                new CombinedInput(CombinedInput.Kind.PRODUCT, List.of("left", "right")),
                null);
    }

    /** Only a layer with weights and a function behind them has a value between the two. */
    boolean hasPreActivation() {
        return hasWeights() && !isOutput();
    }

    private void assertSameComponents(LayerQuantization actual, LayerQuantization expected)
            throws ReflectiveOperationException {
        for (RecordComponent c : LayerQuantization.class.getRecordComponents()) {
            Object value = c.getAccessor().invoke(actual);
            if (c.getName().equals("preActivation") && !hasPreActivation()) {
                assertThat(value).as(c.getName()).isNull();
            } else {
                assertThat(value).as(c.getName()).isEqualTo(c.getAccessor().invoke(expected));
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void configuration_survivesJsonAndYaml_componentByComponent(Kind kind) throws Exception {
        for (LayerQuantization quantization : allDifferent()) {
            assertSurvivesJsonAndYaml(kind, quantization);
        }
    }

    private void assertSurvivesJsonAndYaml(Kind kind, LayerQuantization quantization)
            throws Exception {
        Model net = net(kind, settings(), quantization);
        Layer before = (Layer) subject(net);
        for (Layer after :
                kind == Kind.MULTI_LAYER
                        ? List.of(
                                MultiLayerConfiguration.fromJson(Nets.json(net))
                                        .getConf(2)
                                        .getLayer(),
                                MultiLayerConfiguration.fromYaml(
                                                ((MultiLayerNetwork) net)
                                                        .getLayerWiseConfigurations()
                                                        .toYaml())
                                        .getConf(2)
                                        .getLayer())
                        : List.of(
                                layerOf(ComputationGraphConfiguration.fromJson(Nets.json(net))),
                                layerOf(
                                        ComputationGraphConfiguration.fromYaml(
                                                ((ComputationGraph) net)
                                                        .getConfiguration()
                                                        .toYaml())))) {
            assertThat(after.getClass()).isEqualTo(before.getClass());
            assertSameComponents(
                    ((QuantLayerConfiguration) after).getQuantization(), kept(quantization));
            assertThat(after).isEqualTo(before).hasSameHashCodeAs(before);
        }
    }

    private static Layer layerOf(ComputationGraphConfiguration conf) {
        return ((LayerVertex) conf.getVertices().get("subject")).getLayerConf().getLayer();
    }

    @Test
    void configurations_areEqual_exactlyIfStockPartAndQuantizationAre() {
        Layer layer = twin(quantization());
        assertThat(layer).isEqualTo(twin(quantization())).hasSameHashCodeAs(twin(quantization()));
        assertThat(layer).isNotEqualTo(twin(quantization().withFreezeRangesAfter(3)));
        assertThat(layer).isNotEqualTo(twin(quantization().withOutput(null)));
        Layer renamed = twin(quantization());
        renamed.setLayerName("other");
        assertThat(layer).isNotEqualTo(renamed).isNotEqualTo(stock());
        assertThat(stock()).isNotEqualTo(layer);
        assertThat(layer.toString()).contains(layer.getClass().getSimpleName(), "int8");
    }

    @Test
    void clonedConfiguration_isEqual_andChangesAlone() {
        Layer layer = twin(quantization());
        Layer clone = layer.clone();
        assertThat(clone).isEqualTo(layer).isNotSameAs(layer);
        ((QuantLayerConfiguration) clone).setQuantization(LayerQuantization.OFF);
        assertThat(((QuantLayerConfiguration) layer).getQuantization()).isEqualTo(quantization());
    }

    @Test
    void noQuantization_meansOff() {
        QuantLayerConfiguration layer = (QuantLayerConfiguration) twin(quantization());
        layer.setQuantization(null);
        assertThat(layer.getQuantization()).isEqualTo(LayerQuantization.OFF);
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void network_isTheSame_throughEveryKindOfCopy(Kind kind) throws Exception {
        Model net = net(kind, settings(), quantization());
        for (int i = 0; i < 3; i++) {
            Nets.fit(net, batch(5));
        }
        DataSet test = batch(4);
        INDArray expected = Nets.output(net, test.getFeatures());
        List<Model> copies = List.of(Nets.saved(net), Nets.copy(net));
        DataSet next = batch(5);
        for (Model copy : copies) {
            assertThat(Nets.state(copy)).usingRecursiveComparison().isEqualTo(Nets.state(net));
            assertThat(Nets.bits(Nets.output(copy, test.getFeatures())))
                    .isEqualTo(Nets.bits(expected));
        }
        Nets.fit(net, next);
        for (Model copy : copies) {
            Nets.fit(copy, next);
            assertThat(copy.score()).isEqualTo(net.score());
            assertThat(Nets.state(copy)).usingRecursiveComparison().isEqualTo(Nets.state(net));
        }
    }

    /** As transfer learning does with the layers of a graph. */
    @Test
    void parametersOfALayer_goOverInOnePiece() {
        Model net = net(Kind.MULTI_LAYER, settings(), quantization());
        Nets.fit(net, batch(5));
        Model other = net(Kind.MULTI_LAYER, settings().seed(SEED + 1), quantization());
        org.deeplearning4j.nn.api.Layer from = Nets.layer(net, "subject");
        org.deeplearning4j.nn.api.Layer to = Nets.layer(other, "subject");
        to.setParams(from.params());
        from.paramTable().forEach((k, v) -> assertThat(to.getParam(k)).as(k).isEqualTo(v));
        assertThatThrownBy(() -> to.setParams(Nd4j.zeros(1, from.numParams() + 1)))
                .isInstanceOf(RuntimeException.class);
    }

    @Test
    void network_isTheSame_afterJavaSerialization() throws Exception {
        // Only this kind: a graph comes out of Java serialization without its outputs.
        Model net = net(Kind.MULTI_LAYER, settings(), quantization());
        Nets.fit(net, batch(5));
        Model copy = Nets.serialized(net);
        INDArray x = batch(4).getFeatures();
        assertThat(Nets.state(copy)).usingRecursiveComparison().isEqualTo(Nets.state(net));
        assertThat(Nets.bits(Nets.output(copy, x))).isEqualTo(Nets.bits(Nets.output(net, x)));
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void configuration_isJavaSerializable(Kind kind) throws Exception {
        for (LayerQuantization quantization : allDifferent()) {
            Model net = net(kind, settings(), quantization);
            Object conf =
                    kind == Kind.MULTI_LAYER
                            ? ((MultiLayerNetwork) net).getLayerWiseConfigurations()
                            : ((ComputationGraph) net).getConfiguration();
            assertThat(Nets.serialized(conf)).isEqualTo(conf);
        }
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void quantizationOff_equalsTheStockLayer_forwardAndEveryGradient(Kind kind) {
        for (WorkspaceMode mode : new WorkspaceMode[] {WorkspaceMode.NONE, WorkspaceMode.ENABLED}) {
            for (DataType type : new DataType[] {DataType.FLOAT, DataType.DOUBLE}) {
                Model off = offNet(kind, settings(type, new NoOp()).trainingWorkspaceMode(mode));
                Model stock =
                        stockNet(kind, settings(type, new NoOp()).trainingWorkspaceMode(mode));
                assertThat(off.params().length()).isEqualTo(stock.params().length());
                off.params().assign(stock.params());
                DataSet data = batch(6, type);
                String what = kind + " " + mode + " " + type;
                assertClose(
                        what + " output",
                        Nets.output(off, data.getFeatures()),
                        Nets.output(stock, data.getFeatures()));
                assertThat(Nets.score(off, data, false))
                        .isCloseTo(
                                Nets.score(stock, data, false),
                                org.assertj.core.data.Offset.offset(
                                        type == DataType.FLOAT ? 1e-5 : 1e-10));
                Nets.fit(off, data);
                Nets.fit(stock, data);
                Map<String, INDArray> expected = stock.gradient().gradientForVariable();
                Map<String, INDArray> actual = off.gradient().gradientForVariable();
                assertThat(actual.keySet()).containsAll(expected.keySet());
                expected.forEach(
                        (k, g) -> {
                            if (isTrained(k)) {
                                assertClose(what + " " + k, actual.get(k), g);
                            }
                        });
            }
        }
    }

    private void assertClose(String what, INDArray actual, INDArray expected) {
        if (sameOpsAsStock()) {
            assertThat(Nets.bits(actual)).as(what).isEqualTo(Nets.bits(expected));
            return;
        }
        double tolerance = expected.dataType() == DataType.DOUBLE ? 1e-10 : 1e-5;
        double size = Math.max(1e-3, expected.amaxNumber().doubleValue());
        assertThat(actual.shape()).as(what).isEqualTo(expected.shape());
        assertThat(actual.sub(expected).amaxNumber().doubleValue() / size)
                .as(what)
                .isLessThanOrEqualTo(tolerance);
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void workspaces_changeNothing(Kind kind) {
        assertSameInAllWorkspaceModes(kind, quantization());
        if (hasWeights()) {
            assertSameInAllWorkspaceModes(
                    kind,
                    quantization()
                            .withInput(TensorQuantization.activation(Quantizers.uint8PerTensor())));
        }
    }

    private void assertSameInAllWorkspaceModes(Kind kind, LayerQuantization quantization) {
        List<Model> nets = new ArrayList<>();
        for (WorkspaceMode mode : new WorkspaceMode[] {WorkspaceMode.NONE, WorkspaceMode.ENABLED}) {
            nets.add(
                    net(
                            kind,
                            settings().trainingWorkspaceMode(mode).inferenceWorkspaceMode(mode),
                            quantization));
        }
        for (int step = 0; step < 4; step++) {
            // The batch size changes on the way.
            DataSet data = batch(3 + 2 * (step % 2));
            nets.forEach(n -> Nets.fit(n, data));
            assertThat(Nets.state(nets.get(1)))
                    .as("after step %s", step)
                    .usingRecursiveComparison()
                    .isEqualTo(Nets.state(nets.get(0)));
            assertThat(Nets.bits(Nets.output(nets.get(1), data.getFeatures())))
                    .isEqualTo(Nets.bits(Nets.output(nets.get(0), data.getFeatures())));
        }
    }

    @Test
    void outputOfAnExample_doesNotDependOnItsBatch() {
        Model net = net(Kind.MULTI_LAYER, settings(), quantization());
        Nets.fit(net, batch(8));
        INDArray x = batch(5).getFeatures();
        INDArray together = Nets.feedForward(net, x, false).get("subject").dup('c');
        for (int i = 0; i < 5; i++) {
            INDArray one = Nd4j.expandDims(x.slice(i).dup(), 0);
            INDArray alone = Nets.feedForward(net, one, false).get("subject").dup('c');
            assertThat(Nets.bits(alone)).isEqualTo(Nets.bits(together.slice(i)));
        }
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void gradientsAreTrue_withQuantizationOff(Kind kind) {
        DataType before = Nd4j.defaultFloatingPointType();
        Nd4j.setDefaultDataTypes(DataType.DOUBLE, DataType.DOUBLE);
        try {
            Model net = offNet(kind, settings(DataType.DOUBLE, new NoOp()));
            DataSet data = batch(3, DataType.DOUBLE);
            boolean passed =
                    net instanceof MultiLayerNetwork chain
                            ? GradientCheckUtil.checkGradients(
                                    new GradientCheckUtil.MLNConfig()
                                            .net(chain)
                                            .epsilon(1e-6)
                                            .maxRelError(1e-3)
                                            .minAbsoluteError(1e-8)
                                            .print(GradientCheckUtil.PrintMode.FAILURES_ONLY)
                                            .input(data.getFeatures())
                                            .labels(data.getLabels())
                                            .subset(true)
                                            .maxPerParam(5))
                            : GradientCheckUtil.checkGradients(
                                    new GradientCheckUtil.GraphConfig()
                                            .net((ComputationGraph) net)
                                            .epsilon(1e-6)
                                            .maxRelError(1e-3)
                                            .minAbsoluteError(1e-8)
                                            .print(GradientCheckUtil.PrintMode.FAILURES_ONLY)
                                            .inputs(new INDArray[] {data.getFeatures()})
                                            .labels(new INDArray[] {data.getLabels()})
                                            .subset(true)
                                            .maxPerParam(5));
            assertThat(passed).isTrue();
        } finally {
            Nd4j.setDefaultDataTypes(before, before);
        }
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void lookingAtANetwork_changesNoByteOfIt(Kind kind) {
        Model net = net(kind, settings(), quantization());
        Nets.fit(net, batch(5));
        List<long[]> before = Nets.state(net);
        String conf = Nets.json(net);
        DataSet other = batch(9);
        other.getFeatures().muli(50);
        List<Consumer<DataSet>> looks =
                List.of(
                        d -> Nets.output(net, d.getFeatures()),
                        d ->
                                ((NeuralNetwork) net)
                                        .doEvaluation(
                                                new ExistingDataSetIterator(List.of(d)),
                                                new org.nd4j.evaluation.classification
                                                        .Evaluation()),
                        d -> Nets.score(net, d, false),
                        d -> Nets.score(net, d, true),
                        d -> Nets.feedForward(net, d.getFeatures(), true),
                        d -> Nets.feedForward(net, d.getFeatures(), false));
        INDArray expected = Nets.output(net, other.getFeatures()).dup();
        for (int i = 0; i < looks.size(); i++) {
            looks.get(i).accept(other);
            assertThat(Nets.state(net))
                    .as("look %s", i)
                    .usingRecursiveComparison()
                    .isEqualTo(before);
            assertThat(Nets.json(net)).as("look %s", i).isEqualTo(conf);
            assertThat(Nets.bits(Nets.output(net, other.getFeatures())))
                    .as("output after look %s", i)
                    .isEqualTo(Nets.bits(expected));
        }
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void aLookBetweenTwoSteps_doesNotChangeTheSecond(Kind kind) {
        Model looked = net(kind, settings(), quantization());
        Model undisturbed = net(kind, settings(), quantization());
        DataSet first = batch(5);
        DataSet second = batch(5);
        DataSet other = batch(7);
        other.getFeatures().muli(30);
        Nets.fit(looked, first);
        Nets.fit(undisturbed, first);
        Nets.feedForward(looked, other.getFeatures(), true);
        Nets.score(looked, other, true);
        Nets.output(looked, other.getFeatures());
        Nets.fit(looked, second);
        Nets.fit(undisturbed, second);
        assertThat(Nets.state(looked))
                .usingRecursiveComparison()
                .isEqualTo(Nets.state(undisturbed));
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void ranges_followTheData_untilTheyAreFrozen(Kind kind) {
        Model net = net(kind, settings(), quantization().withFreezeRangesAfter(2));
        List<INDArray> previous = ranges(net, "subject");
        for (int step = 0; step < 4; step++) {
            DataSet data = batch(5);
            data.getFeatures().muli(1 + step);
            Nets.fit(net, data);
            List<INDArray> now = ranges(net, "subject");
            if (step < 2) {
                assertThat(now).as("step %s", step).doesNotContainAnyElementsOf(previous);
                assertThat(now).allSatisfy(r -> assertThat(r.getDouble(1)).isGreaterThan(0));
            } else {
                assertThat(now).as("step %s", step).isEqualTo(previous);
            }
            previous = now;
        }
    }

    @ParameterizedTest
    @EnumSource(GradientNormalization.class)
    void gradientNormalization_leavesRangesAlone(GradientNormalization normalization) {
        Model plain = net(Kind.MULTI_LAYER, settings(), quantization());
        Model clipped =
                net(
                        Kind.MULTI_LAYER,
                        settings()
                                .gradientNormalization(normalization)
                                .gradientNormalizationThreshold(1e-4),
                        quantization());
        DataSet data = batch(6);
        Nets.fit(plain, data);
        Nets.fit(clipped, data);
        assertThat(ranges(clipped, "subject")).isEqualTo(ranges(plain, "subject"));
        Nets.fit(clipped, data);
        assertThat(clipped.params().isNaN().any()).isFalse();
    }

    @Test
    void regularization_leavesRangesAlone() {
        Model plain = net(Kind.MULTI_LAYER, settings(), quantization());
        Model regularized =
                net(
                        Kind.MULTI_LAYER,
                        settings().l2(0.1).l1(0.1).l2Bias(0.2).weightDecay(0.1),
                        quantization());
        DataSet data = batch(6);
        Nets.fit(plain, data);
        Nets.fit(regularized, data);
        assertThat(ranges(regularized, "subject")).isEqualTo(ranges(plain, "subject"));
        assertThat(regularized.params()).isNotEqualTo(plain.params());
    }

    @Test
    void constraints_holdTheWeights_andLeaveRangesAlone() {
        Model plain = net(Kind.MULTI_LAYER, settings(), quantization());
        Model constrained =
                net(
                        Kind.MULTI_LAYER,
                        settings().constrainWeights(new MaxNormConstraint(0.01, constrainedAxis())),
                        quantization());
        DataSet data = batch(6);
        Nets.fit(plain, data);
        Nets.fit(constrained, data);
        assertThat(ranges(constrained, "subject")).isEqualTo(ranges(plain, "subject"));
        assertThat(ranges(constrained, "grid")).isEqualTo(ranges(plain, "grid"));
        assertThat(constrained.params()).isNotEqualTo(plain.params());
    }

    @Test
    void summaryAndMemoryReport_work() {
        MultiLayerNetwork net =
                (MultiLayerNetwork) net(Kind.MULTI_LAYER, settings(), quantization());
        assertThat(net.summary(inputType())).contains("subject");
        if (stockReportsMemory()) {
            assertThat(net.memoryInfo(4, inputType())).isNotBlank();
        }
        Layer front = net.getLayer("front").conf().getLayer();
        MemoryReport report =
                ((Layer) subject(net)).getMemoryReport(front.getOutputType(0, inputType()));
        assertThat(
                        report.getTotalMemoryBytes(
                                4, MemoryUseMode.TRAINING, CacheMode.NONE, DataType.FLOAT))
                .isPositive();
    }

    @Test
    void scoresOfSingleExamples_areThoseOfTheBatch() {
        MultiLayerNetwork net =
                (MultiLayerNetwork) net(Kind.MULTI_LAYER, settings(), quantization());
        DataSet data = batch(5);
        net.fit(data);
        INDArray scores = net.scoreExamples(data, false);
        assertThat(scores.length()).isEqualTo(5);
        assertThat(scores.meanNumber().doubleValue())
                .isCloseTo(net.score(data, false), org.assertj.core.data.Offset.offset(1e-5));
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void dropoutAndWeightNoise_train_andAreDrawnAnewForEachStep(Kind kind) {
        Assumptions.assumeTrue(takesDropout(), "DL4J has dropout and noise for these only");
        BaseLayer subject = (BaseLayer) twin(quantization().withFreezeRangesAfter(1));
        subject.setIDropout(new Dropout(0.5));
        subject.setWeightNoise(new DropConnect(0.5));
        Model net =
                Nets.chain(
                        kind,
                        settings(DataType.FLOAT, new Sgd(0)),
                        inputType(),
                        layers(grid(), subject));
        DataSet data = batch(6);
        Nets.fit(net, data);
        Nets.fit(net, data);
        double first = net.score();
        Nets.fit(net, data);
        // Nothing learns, so only a new draw can make a difference.
        assertThat(net.score()).isNotEqualTo(first);
        INDArray output = Nets.output(net, data.getFeatures());
        assertThat(Nets.output(net, data.getFeatures())).isEqualTo(output);
        assertThat(net.params().isNaN().any()).isFalse();
    }

    /** A bad batch spoils the weights, as in any network; only the ranges must survive it. */
    private static void fitAndRestoreWeights(Model net, DataSet data) {
        Map<String, INDArray> before = new LinkedHashMap<>();
        net.paramTable().forEach((k, v) -> before.put(k, v.dup()));
        Nets.fit(net, data);
        before.forEach(
                (k, v) -> {
                    if (!k.endsWith("Range")) {
                        net.getParam(k).assign(v);
                    }
                });
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void badBatches_doNotPoisonRanges(Kind kind) {
        Model net = net(kind, settings(DataType.FLOAT, new Sgd(0.1)), quantization());
        Nets.fit(net, batch(5));
        List<INDArray> before = ranges(net, "subject");
        for (double bad :
                new double[] {Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY}) {
            DataSet data = batch(5);
            data.getFeatures().assign(bad);
            fitAndRestoreWeights(net, data);
            assertThat(ranges(net, "subject"))
                    .as("after %s", bad)
                    .allSatisfy(r -> assertThat(r.isNaN().any() || r.isInfinite().any()).isFalse());
            DataSet mixed = batch(5);
            mixed.getFeatures().slice(0).assign(bad);
            fitAndRestoreWeights(net, mixed);
            assertThat(ranges(net, "subject"))
                    .allSatisfy(r -> assertThat(r.isNaN().any() || r.isInfinite().any()).isFalse());
        }
        DataSet nan = batch(5);
        List<INDArray> previous = ranges(net, "subject");
        nan.getFeatures().assign(Double.NaN);
        fitAndRestoreWeights(net, nan);
        assertThat(ranges(net, "subject"))
                .as("nothing finite, nothing learned")
                .isEqualTo(previous);
        assertThat(previous).hasSameSizeAs(before);
        assertThat(Nets.output(net, batch(3).getFeatures()).isNaN().any()).isFalse();
    }

    @Test
    void constantBatch_givesAUsableScale() {
        Model net = net(Kind.MULTI_LAYER, settings(), quantization());
        for (double constant : new double[] {0, 1, -3}) {
            DataSet data = batch(4);
            data.getFeatures().assign(constant);
            Nets.fit(net, data);
            assertThat(Nets.output(net, data.getFeatures()).isNaN().any()).isFalse();
        }
        assertThat(net.params().isNaN().any()).isFalse();
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void frozenSubject_keepsWeightsAndRanges(Kind kind) {
        Assumptions.assumeFalse(isOutput(), "DL4J cannot freeze an output layer");
        Model trained = net(kind, settings(), quantization());
        Nets.fit(trained, batch(6));
        for (boolean backprop : new boolean[] {false, true}) {
            List<Layer> layers = layers(grid(), twin(quantization()));
            // All layers before a frozen one are frozen too, unless it lets gradients through.
            for (int i = backprop ? 2 : 0; i <= 2; i++) {
                Layer inside = layers.get(i);
                Layer wrapper =
                        backprop ? new FrozenLayerWithBackprop(inside) : new FrozenLayer(inside);
                wrapper.setLayerName(inside.getLayerName());
                layers.set(i, wrapper);
            }
            Model frozen = Nets.chain(kind, settings(), inputType(), layers);
            frozen.params().assign(trained.params());
            DataSet data = batch(6);
            data.getFeatures().muli(4);
            Map<String, INDArray> before = new LinkedHashMap<>();
            Nets.layer(frozen, "subject").paramTable().forEach((k, v) -> before.put(k, v.dup()));
            INDArray outBefore = Nets.layer(frozen, "out").params().dup();
            INDArray frontBefore = Nets.layer(frozen, "front").params().dup();
            assertThat(Nets.bits(Nets.output(frozen, data.getFeatures())))
                    .isEqualTo(Nets.bits(Nets.output(trained, data.getFeatures())));
            Nets.fit(frozen, data);
            Nets.fit(frozen, data);
            assertThat(Nets.layer(frozen, "subject").paramTable())
                    .as("with backprop: %s", backprop)
                    .isEqualTo(before);
            assertThat(Nets.layer(frozen, "out").params()).isNotEqualTo(outBefore);
            if (backprop) {
                assertThat(Nets.layer(frozen, "front").params()).isNotEqualTo(frontBefore);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void training_lowersTheLoss(Kind kind) {
        Model net =
                net(
                        kind,
                        settings(DataType.FLOAT, new Sgd(0.1))
                                .weightInit(new UniformDistribution(-0.5, 0.5)),
                        quantization());
        DataSet data = batch(8);
        Nets.fit(net, data);
        double first = net.score();
        for (int i = 0; i < 25; i++) {
            Nets.fit(net, data);
        }
        assertThat(net.score()).isLessThan(first);
    }
}
