package io.github.dl4jqat.convert;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.dl4jqat.Qat;
import io.github.dl4jqat.integer.EngineChoice;
import io.github.dl4jqat.integer.IntegerNetwork;
import io.github.dl4jqat.layers.FakeQuantLayer;
import io.github.dl4jqat.layers.LayerQuantization;
import io.github.dl4jqat.layers.Nets;
import io.github.dl4jqat.layers.QuantConvolutionLayer;
import io.github.dl4jqat.layers.QuantDenseLayer;
import io.github.dl4jqat.layers.QuantOutputLayer;
import io.github.dl4jqat.layers.TensorQuantization;
import io.github.dl4jqat.prepare.QatConfig;
import io.github.dl4jqat.quant.Quantizers;
import io.github.dl4jqat.quant.Requantization;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.DropoutLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.LossLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.MultiDataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** Evaluation of a quantized network and its integer network give the same integers everywhere. */
class ExactnessTest {

    private static final int CLASSES = 4;

    private static NeuralNetConfiguration.Builder settings(long seed, DataType type) {
        return new NeuralNetConfiguration.Builder()
                .seed(seed)
                .dataType(type)
                .updater(new Adam(1e-2))
                .biasInit(0.05);
    }

    private static DataSetIterator data(Random random, DataType type, InputType input) {
        List<DataSet> batches = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            long[] shape = input.getShape(true);
            shape[0] = 6;
            batches.add(
                    new DataSet(
                            Nets.random(random, type, shape).addi(0.3),
                            Nets.labels(random, type, 6, CLASSES)));
        }
        return new ListDataSetIterator<>(batches, 6);
    }

    private static MultiLayerNetwork network(
            NeuralNetConfiguration.Builder settings, InputType input, Layer... layers) {
        NeuralNetConfiguration.ListBuilder list = settings.list();
        for (Layer layer : layers) {
            list.layer(layer);
        }
        MultiLayerNetwork net = new MultiLayerNetwork(list.setInputType(input).build());
        net.init();
        return net;
    }

    private static OutputLayer softmax() {
        return new OutputLayer.Builder(LossFunction.MCXENT)
                .nOut(CLASSES)
                .activation(Activation.SOFTMAX)
                .build();
    }

    /** Prepared, calibrated and trained for a step, then compared on both engines. */
    private static void assertExact(
            String what, MultiLayerNetwork net, QatConfig config, DataSetIterator data) {
        MultiLayerNetwork qat = Qat.prepare(net, config);
        Qat.calibrate(qat, data, 2);
        data.reset();
        qat.fit(data);
        assertExact(what, qat, data);
    }

    private static void assertExact(String what, MultiLayerNetwork qat, DataSetIterator data) {
        try (IntegerNetwork java = Qat.convert(qat).withEngine(EngineChoice.JAVA)) {
            VerificationReport report = Qat.verify(qat, java, data);
            assertThat(report.exact()).as("%s%n%s%s", what, java.summary(), report).isTrue();
            assertThat(report.layers()).as(what).isNotEmpty();
            assertThat(report.maxOutputDifference()).as(what).isLessThan(1e-6);
            if (java.model().requantization() == Requantization.FLOAT) {
                try (IntegerNetwork ort = java.withEngine(EngineChoice.ONNX_RUNTIME)) {
                    assertSameOutput(what, java, ort, data);
                } catch (UnsupportedOperationException e) {
                    // The only thing it may refuse: a missing engine must not pass as agreement.
                    assertThat(e.getMessage()).as(what).contains("activations of up to 8 bits");
                }
            }
        }
    }

    private static void assertSameOutput(
            String what, IntegerNetwork java, IntegerNetwork ort, DataSetIterator data) {
        data.reset();
        while (data.hasNext()) {
            INDArray x = data.next().getFeatures();
            INDArray expected = java.output(x);
            assertThat(ort.output(x).sub(expected).amaxNumber().doubleValue())
                    .as("%s: ONNX Runtime", what)
                    .isLessThan(1e-6);
        }
    }

    private static <T> T pick(Random random, List<T> options) {
        return options.get(random.nextInt(options.size()));
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20})
    void randomConvolutionalNetworks_areExact(long seed) {
        Random random = new Random(seed);
        DataType type = random.nextInt(4) == 0 ? DataType.DOUBLE : DataType.FLOAT;
        CNN2DFormat format = random.nextInt(3) == 0 ? CNN2DFormat.NHWC : CNN2DFormat.NCHW;
        ConvolutionMode mode =
                pick(random, List.of(ConvolutionMode.Same, ConvolutionMode.Truncate));
        int stride = 1 + random.nextInt(2);
        int dilation = stride == 1 ? 1 + random.nextInt(2) : 1;
        int weightBits = 2 + random.nextInt(7);
        int activationBits = 2 + random.nextInt(7);
        boolean perTensor = random.nextInt(3) == 0;
        Requantization requantization = pick(random, List.of(Requantization.values()));
        Activation[] functions =
                random.ints(2, 0, ELEMENTWISE.length)
                        .mapToObj(i -> ELEMENTWISE[i])
                        .toArray(Activation[]::new);
        String what =
                String.format(
                        "seed %d: %s %s %s stride %d dilation %d w%d a%d perTensor %b %s %s",
                        seed,
                        type,
                        format,
                        mode,
                        stride,
                        dilation,
                        weightBits,
                        activationBits,
                        perTensor,
                        requantization,
                        List.of(functions));
        InputType input = InputType.convolutional(9, 8, 2, format);
        MultiLayerNetwork net =
                network(
                        settings(seed, type),
                        input,
                        new ConvolutionLayer.Builder(3, 2)
                                .nOut(5)
                                .stride(stride, 1)
                                .dilation(dilation, dilation)
                                .convolutionMode(mode)
                                .dataFormat(format)
                                .hasBias(random.nextBoolean())
                                .activation(functions[0])
                                .build(),
                        new SubsamplingLayer.Builder(
                                        pick(random, List.of(PoolingType.MAX, PoolingType.AVG)))
                                .kernelSize(2, 2)
                                .stride(1, 2)
                                .dataFormat(format)
                                .convolutionMode(ConvolutionMode.Truncate)
                                .build(),
                        new ConvolutionLayer.Builder(2, 2)
                                .nOut(4)
                                .convolutionMode(ConvolutionMode.Same)
                                .dataFormat(format)
                                .activation(functions[1])
                                .build(),
                        pick(
                                random,
                                List.of(
                                        new GlobalPoolingLayer(PoolingType.AVG),
                                        new GlobalPoolingLayer(PoolingType.SUM),
                                        new GlobalPoolingLayer(PoolingType.MAX),
                                        new DenseLayer.Builder()
                                                .nOut(6)
                                                .activation(Activation.RELU)
                                                .build())),
                        softmax());
        QatConfig config =
                QatConfig.builder()
                        .weightQuant(
                                perTensor
                                        ? Quantizers.intPerTensor(weightBits)
                                        : Quantizers.intPerChannel(weightBits))
                        .activationBits(activationBits)
                        .requantization(requantization)
                        .build();
        assertExact(what, net, config, data(random, type, input));
    }

    @Test
    @Tag("long")
    void manyRandomConvolutionalNetworks_areExact() {
        for (long seed = 1000; seed < 1300; seed++) {
            randomConvolutionalNetworks_areExact(seed);
        }
    }

    /** All that look at one number at a time. */
    private static final Activation[] ELEMENTWISE =
            Arrays.stream(Activation.values())
                    .filter(a -> a != Activation.SOFTMAX)
                    .toArray(Activation[]::new);

    @ParameterizedTest
    @EnumSource(value = Activation.class, mode = EnumSource.Mode.EXCLUDE, names = "SOFTMAX")
    void everyActivationFunction_isExact(Activation function) {
        Random random = new Random(6);
        InputType input = InputType.feedForward(6);
        MultiLayerNetwork net =
                network(
                        settings(3, DataType.FLOAT),
                        input,
                        new DenseLayer.Builder().nOut(9).activation(function).build(),
                        new ActivationLayer(function),
                        new OutputLayer.Builder(LossFunction.MSE)
                                .nOut(CLASSES)
                                .activation(function)
                                .build());
        DataSetIterator data = data(random, DataType.FLOAT, input);
        MultiLayerNetwork qat = Qat.prepare(net, QatConfig.int8());
        Qat.calibrate(qat, data, 2);
        assertExact(function.toString(), qat, data);
    }

    @ParameterizedTest
    @EnumSource(Requantization.class)
    void everyPairOfBitWidths_isExact(Requantization requantization) {
        Random random = new Random(5);
        InputType input = InputType.feedForward(6);
        MultiLayerNetwork net =
                network(
                        settings(5, DataType.FLOAT),
                        input,
                        new DenseLayer.Builder().nOut(9).activation(Activation.TANH).build(),
                        softmax());
        DataSetIterator data = data(random, DataType.FLOAT, input);
        for (int bits = 2; bits <= 8; bits++) {
            for (int activationBits = 2; activationBits <= 8; activationBits += 3) {
                assertExact(
                        "w" + bits + " a" + activationBits,
                        net,
                        QatConfig.builder()
                                .weightBits(bits)
                                .activationBits(activationBits)
                                .requantization(requantization)
                                .build(),
                        data);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = DataType.class,
            names = {"FLOAT", "DOUBLE"})
    void sumsBeyondTheFloats_areExact(DataType type) {
        // 3000 products of up to 127 * 255 reach 9.7e7; a float counts no further than 1.7e7.
        Random random = new Random(9);
        InputType input = InputType.feedForward(3000);
        MultiLayerNetwork net =
                network(
                        settings(9, type),
                        input,
                        new DenseLayer.Builder().nOut(3).activation(Activation.RELU).build(),
                        softmax());
        net.getParam("0_W").assign(0.5).addi(Nets.random(random, type, 3000, 3).muli(0.01));
        MultiLayerNetwork qat = Qat.prepare(net, QatConfig.int8());
        DataSetIterator data = data(random, type, input);
        data.next().getFeatures().addi(2);
        Qat.calibrate(qat, data, 2);
        assertExact("wide " + type, qat, data);
    }

    @Test
    void flatImages_areExact() {
        Random random = new Random(11);
        InputType flat = InputType.convolutionalFlat(6, 7, 2);
        MultiLayerNetwork net =
                network(
                        settings(11, DataType.FLOAT),
                        flat,
                        new ConvolutionLayer.Builder(3, 3)
                                .nOut(4)
                                .activation(Activation.RELU)
                                .build(),
                        softmax());
        assertExact(
                "flat",
                net,
                QatConfig.int8(),
                data(random, DataType.FLOAT, InputType.feedForward(84)));
    }

    @Test
    void flatPictures_mayComeUnflattenedAsInDl4j() {
        MultiLayerNetwork net =
                network(
                        settings(12, DataType.FLOAT),
                        InputType.convolutionalFlat(6, 7, 2),
                        new ConvolutionLayer.Builder(3, 3)
                                .nOut(4)
                                .activation(Activation.RELU)
                                .build(),
                        softmax());
        MultiLayerNetwork qat = Qat.prepare(net, QatConfig.int8());
        DataSetIterator data = data(new Random(12), DataType.FLOAT, InputType.feedForward(84));
        Qat.calibrate(qat, data, 2);
        INDArray flat = data.next().getFeatures();
        INDArray pictures = flat.dup('c').reshape('c', flat.size(0), 2, 6, 7);
        try (IntegerNetwork integer = Qat.convert(qat)) {
            assertThat(integer.output(pictures)).isEqualTo(integer.output(flat));
            assertThat(integer.output(pictures)).isEqualTo(qat.output(pictures));
        }
    }

    @ParameterizedTest
    @EnumSource(CNN2DFormat.class)
    void denseLayerOnAnImage_isExact(CNN2DFormat format) {
        Random random = new Random(12);
        InputType input = InputType.convolutional(4, 5, 3, format);
        MultiLayerNetwork net =
                network(
                        settings(12, DataType.FLOAT),
                        input,
                        new DenseLayer.Builder().nOut(7).activation(Activation.RELU).build(),
                        softmax());
        assertExact(
                "dense on " + format, net, QatConfig.int8(), data(random, DataType.FLOAT, input));
    }

    @ParameterizedTest
    @EnumSource(CNN2DFormat.class)
    void maxPoolingBeforeTheFirstQuantizer_isRefusedWithAWayOut(CNN2DFormat format) {
        Random random = new Random(13);
        InputType input = InputType.convolutional(6, 6, 2, format);
        MultiLayerNetwork net =
                network(
                        settings(13, DataType.FLOAT),
                        input,
                        new SubsamplingLayer.Builder(PoolingType.MAX)
                                .kernelSize(2, 2)
                                .stride(2, 2)
                                .dataFormat(format)
                                .build(),
                        new ConvolutionLayer.Builder(2, 2)
                                .nOut(4)
                                .dataFormat(format)
                                .activation(Activation.RELU6)
                                .build(),
                        new DropoutLayer(0.5),
                        softmax());
        MultiLayerNetwork qat = Qat.prepare(net, QatConfig.int8());
        DataSetIterator data = data(random, DataType.FLOAT, input);
        Qat.calibrate(qat, data, 2);
        assertThatThrownBy(() -> Qat.convert(qat))
                .hasMessageContaining("shape of input")
                .hasMessageContaining("FakeQuantLayer");
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void paddedAveragePooling_isExact(boolean padCounts) {
        Random random = new Random(14);
        for (CNN2DFormat format : new CNN2DFormat[] {CNN2DFormat.NCHW, CNN2DFormat.NHWC}) {
            for (ConvolutionMode mode :
                    new ConvolutionMode[] {ConvolutionMode.Same, ConvolutionMode.Truncate}) {
                InputType input = InputType.convolutional(7, 6, 2, format);
                SubsamplingLayer pool =
                        new SubsamplingLayer.Builder(PoolingType.AVG)
                                .kernelSize(3, 3)
                                .stride(2, 2)
                                .padding(
                                        mode == ConvolutionMode.Same ? 0 : 1,
                                        mode == ConvolutionMode.Same ? 0 : 1)
                                .convolutionMode(mode)
                                .dataFormat(format)
                                .build();
                pool.setAvgPoolIncludePadInDivisor(padCounts);
                MultiLayerNetwork net =
                        network(
                                settings(14, DataType.FLOAT),
                                input,
                                new ConvolutionLayer.Builder(1, 1)
                                        .nOut(3)
                                        .dataFormat(format)
                                        .activation(Activation.RELU)
                                        .build(),
                                pool,
                                softmax());
                DataSetIterator data = data(random, DataType.FLOAT, input);
                String what = format + " " + mode + " pad counts " + padCounts;
                assertExact(what, net, QatConfig.int8(), data);
                assertPoolingMeansWhatTheFloatLayerMeans(what, net, data);
            }
        }
    }

    /** With 16 bits there is hardly an error left, so a wrong divisor would show. */
    private static void assertPoolingMeansWhatTheFloatLayerMeans(
            String what, MultiLayerNetwork net, DataSetIterator data) {
        MultiLayerNetwork fine =
                Qat.prepare(
                        net,
                        QatConfig.builder()
                                .weightBits(12)
                                .activationBits(12)
                                .inputQuant(Quantizers.uintPerTensor(12))
                                .build());
        data.reset();
        INDArray x = data.next().getFeatures();
        Qat.calibrate(fine, data, 2);
        INDArray expected = net.feedForward(x.dup()).get(2);
        INDArray actual = fine.feedForward(x.dup()).get(2);
        assertThat(actual.sub(expected).amaxNumber().doubleValue()).as(what).isLessThan(0.01);
    }

    @ParameterizedTest
    @EnumSource(
            value = PoolingType.class,
            names = {"AVG", "SUM"})
    void globalPoolingOfManyPixels_isExact(PoolingType type) {
        // 300 x 300 pixels near 255 steps each add up to more than a float can count.
        Random random = new Random(15);
        InputType input = InputType.convolutional(300, 300, 1);
        MultiLayerNetwork net =
                network(
                        settings(15, DataType.FLOAT),
                        input,
                        new ConvolutionLayer.Builder(1, 1)
                                .nOut(1)
                                .activation(Activation.RELU)
                                .build(),
                        new GlobalPoolingLayer(type),
                        softmax());
        net.getParam("0_W").assign(1);
        MultiLayerNetwork qat = Qat.prepare(net, QatConfig.int8());
        INDArray x = Nets.random(random, DataType.FLOAT, 1, 1, 300, 300).muli(0.05).addi(1);
        DataSetIterator data =
                new ListDataSetIterator<>(
                        List.of(new DataSet(x, Nets.labels(random, DataType.FLOAT, 1, CLASSES))),
                        1);
        Qat.calibrate(qat, data, 1);
        assertExact(type.toString(), qat, data);
    }

    @Test
    void averagePoolingOfWideIntegers_isExact() {
        Random random = new Random(16);
        InputType input = InputType.convolutional(32, 32, 1);
        MultiLayerNetwork net =
                network(
                        settings(16, DataType.FLOAT),
                        input,
                        new ConvolutionLayer.Builder(1, 1)
                                .nOut(1)
                                .activation(Activation.RELU)
                                .build(),
                        new SubsamplingLayer.Builder(PoolingType.AVG)
                                .kernelSize(20, 20)
                                .stride(3, 3)
                                .build(),
                        softmax());
        net.getParam("0_W").assign(1);
        QatConfig config = QatConfig.builder().activationBits(16).build();
        MultiLayerNetwork qat = Qat.prepare(net, config);
        INDArray x = Nets.random(random, DataType.FLOAT, 2, 1, 32, 32).muli(0.05).addi(1);
        DataSetIterator data =
                new ListDataSetIterator<>(
                        List.of(new DataSet(x, Nets.labels(random, DataType.FLOAT, 2, CLASSES))),
                        1);
        Qat.calibrate(qat, data, 1);
        assertExact("16 bits", qat, data);
    }

    @ParameterizedTest
    @EnumSource(CNN2DFormat.class)
    void graphThatStartsWithMaxPooling_isExact(CNN2DFormat format) {
        Random random = new Random(17);
        InputType input = InputType.convolutional(6, 6, 2, format);
        ComputationGraph net =
                new ComputationGraph(
                        settings(17, DataType.FLOAT)
                                .graphBuilder()
                                .addInputs("image")
                                .setInputTypes(input)
                                .addLayer(
                                        "pool",
                                        new SubsamplingLayer.Builder(PoolingType.MAX)
                                                .kernelSize(2, 2)
                                                .stride(1, 2)
                                                .dataFormat(format)
                                                .build(),
                                        "image")
                                .addLayer(
                                        "conv",
                                        new ConvolutionLayer.Builder(2, 2)
                                                .nOut(3)
                                                .dataFormat(format)
                                                .activation(Activation.RELU)
                                                .build(),
                                        "pool")
                                .addLayer("out", softmax(), "conv")
                                .setOutputs("out")
                                .build());
        net.init();
        ComputationGraph qat = Qat.prepare(net, QatConfig.int8());
        DataSetIterator data = data(random, DataType.FLOAT, input);
        Qat.calibrate(qat, data, 2);
        try (IntegerNetwork java = Qat.convert(qat).withEngine(EngineChoice.JAVA)) {
            VerificationReport report = Qat.verify(qat, java, data);
            assertThat(report.exact()).as(java.summary() + report).isTrue();
            assertThat(report.layers()).hasSize(3);
        }
    }

    @ParameterizedTest
    @EnumSource(CNN2DFormat.class)
    void quantizerInFrontOfAnImageNetwork_isExact(CNN2DFormat format) {
        // As many rows as channels: were they mixed up, the shapes alone would not show it.
        Random random = new Random(18);
        InputType input = InputType.convolutional(3, 4, 3, format);
        MultiLayerNetwork net =
                network(
                        settings(18, DataType.FLOAT),
                        input,
                        new FakeQuantLayer.Builder().build(),
                        new QuantConvolutionLayer.Builder(2, 2)
                                .nOut(3)
                                .dataFormat(format)
                                .activation(Activation.RELU)
                                .build(),
                        output());
        DataSetIterator data = data(random, DataType.FLOAT, input);
        net.fit(data);
        assertExact("quantizer first, " + format, net, data);
    }

    private static ComputationGraph twoHeads() {
        ComputationGraph graph =
                new ComputationGraph(
                        settings(21, DataType.FLOAT)
                                .graphBuilder()
                                .addInputs("image")
                                .setInputTypes(InputType.convolutional(6, 6, 2))
                                .addLayer(
                                        "left",
                                        new ConvolutionLayer.Builder(3, 3)
                                                .nOut(4)
                                                .activation(Activation.TANH)
                                                .build(),
                                        "image")
                                .addLayer(
                                        "right",
                                        new ConvolutionLayer.Builder(2, 2)
                                                .nOut(3)
                                                .activation(Activation.RELU)
                                                .build(),
                                        "image")
                                .addLayer("pool", new GlobalPoolingLayer(PoolingType.AVG), "right")
                                .addLayer("outLeft", softmax(), "left")
                                .addLayer("outRight", softmax(), "pool")
                                .setOutputs("outLeft", "outRight")
                                .build());
        graph.init();
        return graph;
    }

    @Test
    void graphWithASharedInputAndTwoOutputs_isExact() {
        Random random = new Random(21);
        ComputationGraph qat = Qat.prepare(twoHeads(), QatConfig.int8());
        List<DataSet> one = new ArrayList<>();
        List<org.nd4j.linalg.dataset.api.MultiDataSet> both = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            INDArray x = Nets.random(random, DataType.FLOAT, 5, 2, 6, 6);
            INDArray y = Nets.labels(random, DataType.FLOAT, 5, CLASSES);
            one.add(new DataSet(x, y));
            both.add(new MultiDataSet(new INDArray[] {x}, new INDArray[] {y, y}));
        }
        Qat.calibrate(qat, new ListDataSetIterator<>(one, 5), 3);
        both.forEach(qat::fit);
        try (IntegerNetwork integer = Qat.convert(qat);
                IntegerNetwork java = integer.withEngine(EngineChoice.JAVA)) {
            INDArray x = one.get(0).getFeatures();
            INDArray[] expected = qat.output(false, x);
            INDArray[] actual = java.outputs(new INDArray[] {x});
            INDArray[] ort = integer.outputs(new INDArray[] {x});
            assertThat(actual).hasSize(2);
            for (int i = 0; i < 2; i++) {
                assertThat(Nets.bits(actual[i])).isEqualTo(Nets.bits(expected[i]));
                assertThat(ort[i].sub(expected[i]).amaxNumber().doubleValue()).isLessThan(1e-6);
            }
            VerificationReport report = Qat.verify(qat, java, new ListDataSetIterator<>(one, 5));
            assertThat(report.exact()).as(report.toString()).isTrue();
            assertThat(report.examples()).isEqualTo(15);
            assertThat(report.layers())
                    .extracting(VerificationReport.LayerDifference::layer)
                    .contains("outLeft", "outRight");
        }
    }

    @Test
    void networkThatEndsInALossLayer_isExact() {
        Random random = new Random(22);
        InputType input = InputType.convolutional(6, 6, 2);
        MultiLayerNetwork net =
                network(
                        settings(22, DataType.FLOAT),
                        input,
                        new ConvolutionLayer.Builder(3, 3)
                                .nOut(CLASSES)
                                .activation(Activation.RELU)
                                .build(),
                        new GlobalPoolingLayer(PoolingType.AVG),
                        new LossLayer.Builder(LossFunction.MCXENT)
                                .activation(Activation.SOFTMAX)
                                .build());
        assertExact("loss layer", net, QatConfig.int8(), data(random, DataType.FLOAT, input));
    }

    private static QuantDenseLayer.Builder dense() {
        return new QuantDenseLayer.Builder().nOut(5).activation(Activation.RELU);
    }

    private static QuantOutputLayer output() {
        return new QuantOutputLayer.Builder(LossFunction.MCXENT).nOut(CLASSES).build();
    }

    @Test
    void handWrittenNetwork_isExact() {
        Random random = new Random(31);
        InputType input = InputType.feedForward(6);
        MultiLayerNetwork net =
                network(
                        settings(31, DataType.FLOAT),
                        input,
                        new FakeQuantLayer.Builder().build(),
                        dense().name("first").build(),
                        dense().name("second").inputQuant(Quantizers.uint4PerTensor()).build(),
                        output());
        DataSetIterator data = data(random, DataType.FLOAT, input);
        net.fit(data);
        assertExact("by hand", net, data);
    }

    @Test
    void missingQuantizers_areAllNamedAtOnce() {
        Random random = new Random(32);
        InputType input = InputType.feedForward(6);
        MultiLayerNetwork net =
                network(
                        settings(32, DataType.FLOAT),
                        input,
                        dense().name("noInput").build(),
                        dense().name("noOutput").outputQuant(null).build(),
                        dense().name("floatWeights")
                                .quantization(
                                        LayerQuantization.int8()
                                                .withWeight(null)
                                                .withInput(
                                                        TensorQuantization.activation(
                                                                Quantizers.uint8PerTensor())))
                                .build(),
                        output());
        net.fit(data(random, DataType.FLOAT, input));
        assertThatThrownBy(() -> Qat.convert(net))
                .isInstanceOfSatisfying(
                        UnsupportedLayerException.class,
                        e -> assertThat(e.offenders()).hasSizeGreaterThanOrEqualTo(2))
                .hasMessageContaining("layer 0 'noInput' (QuantDenseLayer)")
                .hasMessageContaining("inputQuant")
                .hasMessageContaining("layer 1 'noOutput' (QuantDenseLayer)")
                .hasMessageContaining("outputQuant");
    }

    @Test
    void floatWeights_areNamed() {
        Random random = new Random(33);
        InputType input = InputType.feedForward(6);
        MultiLayerNetwork net =
                network(
                        settings(33, DataType.FLOAT),
                        input,
                        dense().name("d")
                                .weightQuant(null)
                                .inputQuant(Quantizers.uint8PerTensor())
                                .build(),
                        output());
        net.fit(data(random, DataType.FLOAT, input));
        assertThatThrownBy(() -> Qat.convert(net))
                .hasMessageContaining("layer 0 'd'")
                .hasMessageContaining("weightQuant");
    }

    @Test
    void networkThatHasSeenNoData_saysSo() {
        MultiLayerNetwork net =
                network(
                        settings(34, DataType.FLOAT),
                        InputType.feedForward(6),
                        dense().inputQuant(Quantizers.uint8PerTensor()).build(),
                        output());
        assertThatThrownBy(() -> Qat.convert(net)).hasMessageContaining("Qat.calibrate");
    }
}
