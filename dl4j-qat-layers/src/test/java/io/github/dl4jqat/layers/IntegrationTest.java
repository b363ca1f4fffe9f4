package io.github.dl4jqat.layers;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.dl4jqat.Qat;
import io.github.dl4jqat.integer.IntegerNetwork;
import io.github.dl4jqat.observer.RangeObserver;
import io.github.dl4jqat.prepare.QatConfig;
import io.github.dl4jqat.quant.Quantizers;
import java.io.File;
import java.lang.ref.WeakReference;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator;
import org.deeplearning4j.earlystopping.EarlyStoppingConfiguration;
import org.deeplearning4j.earlystopping.EarlyStoppingModelSaver;
import org.deeplearning4j.earlystopping.EarlyStoppingResult;
import org.deeplearning4j.earlystopping.saver.InMemoryModelSaver;
import org.deeplearning4j.earlystopping.saver.LocalFileModelSaver;
import org.deeplearning4j.earlystopping.scorecalc.DataSetLossCalculator;
import org.deeplearning4j.earlystopping.termination.MaxEpochsTerminationCondition;
import org.deeplearning4j.earlystopping.trainer.EarlyStoppingTrainer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.dropout.Dropout;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.BaseLayer;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.transferlearning.FineTuneConfiguration;
import org.deeplearning4j.nn.transferlearning.TransferLearning;
import org.deeplearning4j.nn.weights.WeightInit;
import org.deeplearning4j.parallelism.ParallelWrapper;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.learning.regularization.L2Regularization;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** Quantized networks in the hands of the rest of Deeplearning4j. */
class IntegrationTest {

    private static final int CLASSES = 3;
    private static final InputType IMAGE = InputType.convolutional(7, 7, 2);

    private final Random random = new Random(99);

    private static ConvolutionLayer convolution() {
        return new ConvolutionLayer.Builder(3, 3).nOut(4).activation(Activation.RELU).build();
    }

    private static DenseLayer dense() {
        return new DenseLayer.Builder().nOut(6).activation(Activation.TANH).build();
    }

    private static OutputLayer output() {
        return new OutputLayer.Builder(LossFunction.MCXENT)
                .nOut(CLASSES)
                .activation(Activation.SOFTMAX)
                .build();
    }

    private static NeuralNetConfiguration.Builder settings() {
        return new NeuralNetConfiguration.Builder().seed(3).updater(new Adam(1e-2));
    }

    private static MultiLayerNetwork floatNet() {
        MultiLayerNetwork net =
                new MultiLayerNetwork(
                        settings()
                                .list()
                                .layer(convolution())
                                .layer(dense())
                                .layer(output())
                                .setInputType(IMAGE)
                                .build());
        net.init();
        return net;
    }

    private static ComputationGraph floatGraph() {
        ComputationGraph net =
                new ComputationGraph(
                        settings()
                                .graphBuilder()
                                .addInputs("in")
                                .setInputTypes(IMAGE)
                                .addLayer("conv", convolution(), "in")
                                .addLayer("fc", dense(), "conv")
                                .addLayer("out", output(), "fc")
                                .setOutputs("out")
                                .build());
        net.init();
        return net;
    }

    private DataSet batch(int examples) {
        return new DataSet(
                Nets.random(random, DataType.FLOAT, examples, 2, 7, 7),
                Nets.labels(random, DataType.FLOAT, examples, CLASSES));
    }

    private ListDataSetIterator<DataSet> data(int batches) {
        List<DataSet> list = new ArrayList<>();
        for (int i = 0; i < batches; i++) {
            list.add(batch(4));
        }
        return new ListDataSetIterator<>(list, 1);
    }

    private MultiLayerNetwork trained() {
        MultiLayerNetwork qat = Qat.prepare(floatNet(), QatConfig.int8());
        Qat.calibrate(qat, data(2), 2);
        qat.fit(data(3));
        return qat;
    }

    private static FineTuneConfiguration fineTuning() {
        return new FineTuneConfiguration.Builder()
                .updater(new Sgd(0.125))
                .l2(0.25)
                .dropOut(0.5)
                .seed(1)
                .build();
    }

    private static void assertFineTuned(BaseLayer layer) {
        assertThat(layer.getIUpdater()).isEqualTo(new Sgd(0.125));
        assertThat(layer.getRegularization())
                .filteredOn(r -> r instanceof L2Regularization)
                .hasSize(1);
        assertThat(layer.getIDropout()).isEqualTo(new Dropout(0.5));
        assertThat(layer.getUpdaterByParam("outputRange")).isNotEqualTo(new Sgd(0.125));
    }

    @Test
    void transferLearning_replacesOutputs_andKeepsTheOtherLayers() {
        MultiLayerNetwork qat = trained();
        MultiLayerNetwork changed =
                new TransferLearning.Builder(qat)
                        .fineTuneConfiguration(fineTuning())
                        .nOutReplace(1, 9, WeightInit.XAVIER)
                        .build();
        assertThat(changed.getLayer(1).getParam("W").shape()[1]).isEqualTo(9);
        assertThat(changed.getLayer(2).getParam("W").shape()[0]).isEqualTo(9);
        assertThat(changed.getLayer(0).paramTable()).isEqualTo(qat.getLayer(0).paramTable());
        assertThat(changed.getLayer(1).getParam("outputRange").sumNumber().doubleValue()).isZero();
        for (int i = 0; i < 3; i++) {
            assertThat(changed.getLayer(i)).hasSameClassAs(qat.getLayer(i));
            assertFineTuned((BaseLayer) changed.getLayer(i).conf().getLayer());
        }
        changed.fit(data(3));
        try (IntegerNetwork integer = Qat.convert(changed)) {
            assertThat(Qat.verify(changed, integer, data(2)).exact()).isTrue();
        }
    }

    @Test
    void transferLearning_freezes_withRanges() {
        MultiLayerNetwork qat = trained();
        MultiLayerNetwork frozen =
                new TransferLearning.Builder(qat)
                        .fineTuneConfiguration(
                                new FineTuneConfiguration.Builder().updater(new Sgd(0.1)).build())
                        .setFeatureExtractor(0)
                        .build();
        assertThat(frozen.getLayerWiseConfigurations().getConf(0).getLayer())
                .isInstanceOf(FrozenLayer.class);
        INDArray before = frozen.getLayer(0).params().dup();
        INDArray next = frozen.getLayer(1).params().dup();
        ListDataSetIterator<DataSet> data = data(3);
        frozen.fit(data);
        assertThat(frozen.getLayer(0).params()).isEqualTo(before);
        assertThat(frozen.getLayer(1).params()).isNotEqualTo(next);
        try (IntegerNetwork integer = Qat.convert(frozen)) {
            assertThat(Qat.verify(frozen, integer, data).exact()).isTrue();
        }
    }

    @Test
    void transferLearning_editsGraphs() {
        ComputationGraph qat = Qat.prepare(floatGraph(), QatConfig.int8());
        Qat.calibrate(qat, data(2), 2);
        ComputationGraph edited =
                new TransferLearning.GraphBuilder(qat)
                        .fineTuneConfiguration(fineTuning())
                        .setFeatureExtractor("conv")
                        .nOutReplace("fc", 5, WeightInit.XAVIER)
                        .removeVertexAndConnections("out")
                        .addLayer(
                                "newOut",
                                new QuantOutputLayer.Builder(LossFunction.MCXENT)
                                        .nIn(5)
                                        .nOut(CLASSES)
                                        .inputFrom("fc")
                                        .build(),
                                "fc")
                        .setOutputs("newOut")
                        .build();
        assertFineTuned((BaseLayer) edited.getLayer("fc").conf().getLayer());
        INDArray conv = edited.getLayer("conv").params().dup();
        assertThat(conv).isEqualTo(qat.getLayer("conv").params());
        ListDataSetIterator<DataSet> data = data(3);
        edited.fit(data);
        assertThat(edited.getLayer("conv").params()).isEqualTo(conv);
        try (IntegerNetwork integer = Qat.convert(edited)) {
            assertThat(Qat.verify(edited, integer, data).exact()).isTrue();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void earlyStopping_savesAndRestores(boolean inMemory, @TempDir Path dir) {
        EarlyStoppingModelSaver<MultiLayerNetwork> saver =
                inMemory ? new InMemoryModelSaver<>() : new LocalFileModelSaver(dir.toString());
        MultiLayerNetwork qat = Qat.prepare(floatNet(), QatConfig.int8());
        ListDataSetIterator<DataSet> test = data(2);
        EarlyStoppingConfiguration<MultiLayerNetwork> conf =
                new EarlyStoppingConfiguration.Builder<MultiLayerNetwork>()
                        .epochTerminationConditions(new MaxEpochsTerminationCondition(3))
                        .scoreCalculator(new DataSetLossCalculator(test, true))
                        .modelSaver(saver)
                        .evaluateEveryNEpochs(1)
                        .build();
        EarlyStoppingResult<MultiLayerNetwork> result =
                new EarlyStoppingTrainer(conf, qat, data(4)).fit();
        MultiLayerNetwork best = result.getBestModel();
        assertThat(best.getLayer(0).conf().getLayer()).isInstanceOf(QuantConvolutionLayer.class);
        assertThat(new DataSetLossCalculator(test, true).calculateScore(best))
                .isEqualTo(result.getScoreVsEpoch().get(result.getBestModelEpoch()));
        try (IntegerNetwork integer = Qat.convert(best)) {
            assertThat(Qat.verify(best, integer, test).exact()).isTrue();
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = ParallelWrapper.TrainingMode.class,
            names = {"AVERAGING", "SHARED_GRADIENTS"})
    void parallelTraining_movesRangesAsFarAsASingleThread(ParallelWrapper.TrainingMode mode) {
        QatConfig config = QatConfig.builder().observer(RangeObserver.minMax()).build();
        MultiLayerNetwork single = Qat.prepare(floatNet(), config);
        MultiLayerNetwork parallel = Qat.prepare(floatNet(), config);
        // Nothing learns, so the ranges depend on the data alone; and all batches are alike.
        single.setLearningRate(0);
        parallel.setLearningRate(0);
        DataSet batch = batch(6);
        List<DataSet> same = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            same.add(batch);
        }
        single.fit(new ListDataSetIterator<>(same, 1));
        ParallelWrapper.Builder<?> builder =
                new ParallelWrapper.Builder<>(parallel)
                        .workers(2)
                        .prefetchBuffer(2)
                        .averagingFrequency(1)
                        .trainingMode(mode);
        if (mode == ParallelWrapper.TrainingMode.SHARED_GRADIENTS) {
            builder.thresholdAlgorithm(
                    new org.deeplearning4j.optimize.solvers.accumulation.encoding.threshold
                            .FixedThresholdAlgorithm(1e-3));
        }
        ParallelWrapper wrapper = builder.build();
        wrapper.fit(new ListDataSetIterator<>(same, 1));
        wrapper.shutdown();
        for (Map.Entry<String, INDArray> param : single.paramTable().entrySet()) {
            if (param.getKey().endsWith("Range")) {
                INDArray expected = param.getValue();
                INDArray actual = parallel.getParam(param.getKey());
                assertThat(actual.getDouble(0))
                        .as(mode + " " + param.getKey())
                        .isCloseTo(
                                expected.getDouble(0),
                                org.assertj.core.data.Offset.offset(
                                        1e-4 + 0.02 * Math.abs(expected.getDouble(0))));
                assertThat(actual.getDouble(1))
                        .as(mode + " " + param.getKey())
                        .isCloseTo(
                                expected.getDouble(1),
                                org.assertj.core.data.Offset.offset(
                                        1e-4 + 0.02 * Math.abs(expected.getDouble(1))));
                assertThat(actual.getDouble(2) > 0).isEqualTo(expected.getDouble(2) > 0);
            }
        }
        try (IntegerNetwork integer = Qat.convert(parallel)) {
            assertThat(Qat.verify(parallel, integer, data(2)).exact()).isTrue();
        }
    }

    /** Loads a network as any program would, without a word about quantization. */
    static final class FreshProcess {
        private FreshProcess() {}

        public static void main(String[] args) throws Exception {
            MultiLayerNetwork net = MultiLayerNetwork.load(new File(args[0]), true);
            INDArray y = net.output(Nd4j.readBinary(new File(args[1])));
            StringBuilder bits = new StringBuilder();
            for (long b : Nets.bits(y)) {
                bits.append(b).append('\n');
            }
            Files.writeString(Path.of(args[2]), bits);
        }
    }

    @Test
    void savedNetwork_givesTheSameBitsInAnotherProcess(@TempDir Path dir) throws Exception {
        MultiLayerNetwork qat = trained();
        File zip = dir.resolve("net.zip").toFile();
        qat.save(zip, true);
        INDArray x = batch(5).getFeatures();
        File input = dir.resolve("x.bin").toFile();
        Nd4j.saveBinary(x, input);
        Path bits = dir.resolve("bits.txt");
        ProcessBuilder builder =
                new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx1g",
                        FreshProcess.class.getName(),
                        zip.toString(),
                        input.toString(),
                        bits.toString());
        // A class path can be longer than a command line may be.
        builder.environment().put("CLASSPATH", System.getProperty("java.class.path"));
        Path log = dir.resolve("log.txt");
        Process process = builder.redirectErrorStream(true).redirectOutput(log.toFile()).start();
        assertThat(process.waitFor(120, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).as(() -> read(log)).isZero();
        long[] actual = Files.readAllLines(bits).stream().mapToLong(Long::parseLong).toArray();
        assertThat(actual).isEqualTo(Nets.bits(qat.output(x)));
    }

    private static String read(Path log) {
        try {
            return Files.readString(log, StandardCharsets.UTF_8);
        } catch (java.io.IOException e) {
            return e.toString();
        }
    }

    @Test
    void savedGraph_isExactWithoutCalibration(@TempDir Path dir) throws Exception {
        ComputationGraph qat = Qat.prepare(floatGraph(), QatConfig.int8());
        Qat.calibrate(qat, data(2), 2);
        File zip = dir.resolve("graph.zip").toFile();
        qat.save(zip, true);
        ComputationGraph loaded = ComputationGraph.load(zip, true);
        INDArray x = batch(4).getFeatures();
        assertThat(Nets.bits(loaded.outputSingle(x))).isEqualTo(Nets.bits(qat.outputSingle(x)));
        try (IntegerNetwork before = Qat.convert(qat);
                IntegerNetwork after = Qat.convert(loaded)) {
            assertThat(after.model()).isEqualTo(before.model());
        }
    }

    @Test
    void networks_areNotKeptAlive() throws Exception {
        List<WeakReference<Object>> gone = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            MultiLayerNetwork net = Qat.prepare(floatNet(), QatConfig.int8());
            net.fit(batch(3));
            net.output(batch(2).getFeatures());
            gone.add(new WeakReference<>(net));
            gone.add(new WeakReference<>(net.getLayer(0)));
            gone.add(new WeakReference<>(net.params().data()));
        }
        // The last network may still be referred to by a register of this method.
        List<WeakReference<Object>> all = gone.subList(0, 9);
        for (int i = 0; i < 50 && all.stream().anyMatch(r -> r.get() != null); i++) {
            System.gc();
            TimeUnit.MILLISECONDS.sleep(20);
        }
        assertThat(all).allSatisfy(r -> assertThat(r.get()).isNull());
    }

    @Test
    void twoNetworks_andACloneAndItsOriginal_doNotMixTheirScales() {
        MultiLayerNetwork first = trained();
        MultiLayerNetwork clone = first.clone();
        MultiLayerNetwork second = Qat.prepare(floatNet(), QatConfig.int8());
        INDArray x = batch(4).getFeatures();
        INDArray before = first.output(x).dup();
        ListDataSetIterator<DataSet> loud = data(3);
        while (loud.hasNext()) {
            DataSet d = loud.next();
            d.getFeatures().muli(20);
            clone.fit(d);
            second.fit(d);
        }
        QuantizedLayer of = (QuantizedLayer) first.getLayer(1);
        QuantizedLayer ofClone = (QuantizedLayer) clone.getLayer(1);
        assertThat(of.inputParams()).isNotEqualTo(ofClone.inputParams());
        assertThat(of.inputParams()).isEqualTo(((QuantizedLayer) first.getLayer(0)).outputParams());
        assertThat(ofClone.inputParams())
                .isEqualTo(((QuantizedLayer) clone.getLayer(0)).outputParams());
        assertThat(Nets.bits(first.output(x))).isEqualTo(Nets.bits(before));
        assertThat(Nets.bits(clone.output(x))).isNotEqualTo(Nets.bits(before));
    }

    @Test
    void networksOverOneParameterArray_doNotLoseTheirScales_whenOneIsDropped() throws Exception {
        MultiLayerNetwork net = trained();
        INDArray x = batch(4).getFeatures();
        INDArray before = net.output(x).dup();
        WeakReference<Object> other = shareParameters(net);
        for (int i = 0; i < 50 && other.get() != null; i++) {
            System.gc();
            TimeUnit.MILLISECONDS.sleep(20);
        }
        assertThat(other.get()).isNull();
        assertThat(((QuantizedLayer) net.getLayer(1)).inputParams()).isNotNull();
        assertThat(Nets.bits(net.output(x))).isEqualTo(Nets.bits(before));
    }

    private static WeakReference<Object> shareParameters(MultiLayerNetwork net) {
        MultiLayerNetwork twin = new MultiLayerNetwork(net.getLayerWiseConfigurations().clone());
        twin.init(net.params(), false);
        return new WeakReference<>(twin);
    }

    @Test
    void handWrittenGraph_findsTheQuantizerOfItsInput_byName() {
        ComputationGraph net =
                new ComputationGraph(
                        settings()
                                .graphBuilder()
                                .addInputs("in")
                                .setInputTypes(InputType.feedForward(5))
                                .addLayer("q", new FakeQuantLayer.Builder().build(), "in")
                                .addLayer("left", quantDense("q"), "q")
                                .addLayer("right", quantDense("q"), "q")
                                .addLayer("outLeft", quantOutput("left"), "left")
                                .addLayer("outRight", quantOutput("right"), "right")
                                .setOutputs("outLeft", "outRight")
                                .build());
        net.init();
        INDArray x = Nets.random(random, DataType.FLOAT, 6, 5);
        INDArray y = Nets.labels(random, DataType.FLOAT, 6, CLASSES);
        net.fit(
                new org.nd4j.linalg.dataset.MultiDataSet(
                        new INDArray[] {x}, new INDArray[] {y, y}));
        INDArray[] expected = net.output(false, x);
        try (IntegerNetwork integer = Qat.convert(net)) {
            INDArray[] actual = integer.outputs(new INDArray[] {x});
            for (int i = 0; i < 2; i++) {
                assertThat(actual[i].sub(expected[i]).amaxNumber().doubleValue()).isLessThan(1e-6);
            }
        }
    }

    private static QuantDenseLayer quantDense(String from) {
        return new QuantDenseLayer.Builder()
                .nOut(4)
                .activation(Activation.RELU)
                .weightQuant(Quantizers.int8PerChannel())
                .inputFrom(from)
                .build();
    }

    private static QuantOutputLayer quantOutput(String from) {
        return new QuantOutputLayer.Builder(LossFunction.MCXENT)
                .nOut(CLASSES)
                .inputFrom(from)
                .build();
    }
}
