package io.github.dl4jqat.prepare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.dl4jqat.Qat;
import io.github.dl4jqat.Seeds;
import io.github.dl4jqat.convert.VerificationReport;
import io.github.dl4jqat.estimator.GradientEstimators;
import io.github.dl4jqat.integer.IntegerNetwork;
import io.github.dl4jqat.layers.LayerQuantization;
import io.github.dl4jqat.layers.Nets;
import io.github.dl4jqat.layers.QuantLSTM;
import io.github.dl4jqat.layers.QuantLayerConfiguration;
import io.github.dl4jqat.layers.StockTwin;
import io.github.dl4jqat.quant.Quantizers;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.deeplearning4j.datasets.iterator.ExistingDataSetIterator;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.AutoEncoder;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.CenterLossOutputLayer;
import org.deeplearning4j.nn.conf.layers.Convolution1D;
import org.deeplearning4j.nn.conf.layers.Convolution1DLayer;
import org.deeplearning4j.nn.conf.layers.Convolution3D;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.Deconvolution2D;
import org.deeplearning4j.nn.conf.layers.Deconvolution3D;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.DepthwiseConvolution2D;
import org.deeplearning4j.nn.conf.layers.EmbeddingLayer;
import org.deeplearning4j.nn.conf.layers.EmbeddingSequenceLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.GravesBidirectionalLSTM;
import org.deeplearning4j.nn.conf.layers.GravesLSTM;
import org.deeplearning4j.nn.conf.layers.LSTM;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.LearnedSelfAttentionLayer;
import org.deeplearning4j.nn.conf.layers.LocalResponseNormalization;
import org.deeplearning4j.nn.conf.layers.LocallyConnected1D;
import org.deeplearning4j.nn.conf.layers.LocallyConnected2D;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.PReLULayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.layers.SeparableConvolution2D;
import org.deeplearning4j.nn.conf.layers.Subsampling1DLayer;
import org.deeplearning4j.nn.conf.layers.Subsampling3DLayer;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.conf.layers.misc.ElementWiseMultiplicationLayer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayerWithBackprop;
import org.deeplearning4j.nn.conf.layers.recurrent.Bidirectional;
import org.deeplearning4j.nn.conf.layers.recurrent.LastTimeStep;
import org.deeplearning4j.nn.conf.layers.recurrent.SimpleRnn;
import org.deeplearning4j.nn.conf.layers.recurrent.TimeDistributed;
import org.deeplearning4j.nn.conf.layers.variational.VariationalAutoencoder;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.activations.impl.ActivationIdentity;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.learning.config.Adam;

/** Networks of stock layers with a few words about quantization. */
@ExtendWith(Seeds.class)
final class QuantLayerBuilderTest {

    private static final int EXAMPLES = 6;
    private static final int CLASSES = 3;

    private static LSTM lstm(int n) {
        return new LSTM.Builder().nOut(n).build();
    }

    private static OutputLayer end() {
        return new OutputLayer.Builder().nOut(CLASSES).activation(Activation.SOFTMAX).build();
    }

    /** It has no builder of its own. */
    private static Convolution1D oneDimensional() {
        Convolution1D layer = new Convolution1D();
        layer.setKernelSize(new int[] {3, 1});
        layer.setStride(new int[] {1, 1});
        layer.setPadding(new int[] {0, 0});
        layer.setNOut(2);
        return layer;
    }

    private static LocallyConnected1D local1D() {
        LocallyConnected1D layer =
                new LocallyConnected1D.Builder()
                        .kernelSize(2)
                        .nIn(2)
                        .nOut(2)
                        .setInputSize(5)
                        .build();
        layer.computeOutputSize();
        return layer;
    }

    private static LocallyConnected2D local2D(int... inputSize) {
        return new LocallyConnected2D.Builder()
                .kernelSize(2, 2)
                .nIn(2)
                .nOut(2)
                .setInputSize(inputSize)
                .build();
    }

    private static LocallyConnected2D local2D() {
        LocallyConnected2D layer = local2D(4, 4);
        layer.computeOutputSize();
        return layer;
    }

    @SuppressWarnings("deprecation") // GravesLSTM is, but networks have it
    static Stream<Layer> stockLayers() {
        return Stream.of(
                new ConvolutionLayer.Builder(3, 3).nOut(2).build(),
                new Convolution1DLayer.Builder(3).nOut(2).build(),
                oneDimensional(),
                new DepthwiseConvolution2D.Builder(3, 3).depthMultiplier(2).build(),
                new Deconvolution2D.Builder(3, 3).nOut(2).build(),
                new SeparableConvolution2D.Builder(3, 3).nOut(2).build(),
                new DenseLayer.Builder().nOut(2).build(),
                new ElementWiseMultiplicationLayer.Builder().nIn(2).nOut(2).build(),
                new Convolution3D.Builder(2, 2, 2).nOut(2).build(),
                new Deconvolution3D.Builder().kernelSize(2, 2, 2).nOut(2).build(),
                new AutoEncoder.Builder().nOut(2).build(),
                new VariationalAutoencoder.Builder().nOut(2).build(),
                local1D(),
                local2D(),
                new EmbeddingLayer.Builder().nIn(4).nOut(2).build(),
                new EmbeddingSequenceLayer.Builder().nIn(4).nOut(2).build(),
                end(),
                lstm(2),
                new GravesLSTM.Builder().nOut(2).build(),
                new SimpleRnn.Builder().nOut(2).build(),
                new Bidirectional(Bidirectional.Mode.ADD, lstm(2)),
                new GravesBidirectionalLSTM.Builder().nOut(2).build(),
                new RnnOutputLayer.Builder().nOut(2).build(),
                new CenterLossOutputLayer.Builder().nOut(2).build(),
                new BatchNormalization.Builder().build(),
                new SubsamplingLayer.Builder(SubsamplingLayer.PoolingType.AVG).build(),
                new Subsampling1DLayer.Builder(SubsamplingLayer.PoolingType.AVG).build(),
                new Subsampling3DLayer.Builder(Subsampling3DLayer.PoolingType.AVG).build(),
                new GlobalPoolingLayer(PoolingType.AVG),
                new PReLULayer.Builder().inputShape(2).build(),
                new ActivationLayer(Activation.TANH));
    }

    @Test
    void everyLayerThatHasATwin_isHere() {
        Set<Class<? extends Layer>> expected = new HashSet<>(Replacements.WEIGHTED.keySet());
        expected.addAll(Replacements.WEIGHTLESS.keySet());
        assertThat(stockLayers().<Class<? extends Layer>>map(Layer::getClass))
                .containsExactlyInAnyOrderElementsOf(expected);
    }

    @ParameterizedTest
    @MethodSource("stockLayers")
    void itBecomesItsTwin_withAllItsSettings(Layer stock) {
        Layer twin = Qat.layer(stock).build();
        if (stock instanceof Convolution1D) {
            // An older name of the same layer.
            assertThat(twin).isInstanceOf(Convolution1DLayer.class);
        } else {
            assertThat(twin).isInstanceOf(stock.getClass());
            if (stock instanceof BatchNormalization normalization) {
                // It says what the stock layer computes whatever its configuration says.
                normalization.setActivationFn(new ActivationIdentity());
            }
            assertThat(StockTwin.stock(twin)).isEqualTo(stock);
        }
        LayerQuantization q = ((QuantLayerConfiguration) twin).getQuantization();
        assertThat(q.output().spec()).isEqualTo(Quantizers.uint8PerTensor());
        boolean weights = Replacements.WEIGHTED.containsKey(stock.getClass());
        assertThat(q.weight() == null).isEqualTo(!weights || NodeKinds.readsIndices(stock));
        if (weights && !NodeKinds.readsIndices(stock)) {
            assertThat(q.weight().spec().bits()).isEqualTo(8);
        }
        assertThat(q.input()).isNull();
    }

    @Test
    void whatIsSaid_isInTheConfiguration() {
        QuantLSTM lstm =
                (QuantLSTM)
                        Qat.layer(new LSTM.Builder().name("cell").nOut(3).build())
                                .weightQuant(Quantizers.intPerChannel(4))
                                .inputQuant(Quantizers.uint8PerTensor())
                                .weightEstimator(GradientEstimators.identity())
                                .build();
        assertThat(lstm.getLayerName()).isEqualTo("cell");
        assertThat(lstm.getQuantization().weight().spec()).isEqualTo(Quantizers.intPerChannel(4));
        assertThat(lstm.getQuantization().weight().estimator())
                .isEqualTo(GradientEstimators.identity());
        assertThat(lstm.getQuantization().input().spec()).isEqualTo(Quantizers.uint8PerTensor());
    }

    static Stream<Layer> layersThatHaveNone() {
        return Stream.of(
                new SubsamplingLayer.Builder(SubsamplingLayer.PoolingType.MAX).build(),
                new ActivationLayer(Activation.SOFTMAX),
                new LearnedSelfAttentionLayer.Builder()
                        .nOut(2)
                        .nHeads(1)
                        .headSize(2)
                        .nQueries(1)
                        .projectInput(true)
                        .build(),
                new LocalResponseNormalization(),
                Qat.layer(new DenseLayer.Builder().nOut(2).build()).build());
    }

    @ParameterizedTest
    @MethodSource("layersThatHaveNone")
    void layersWithoutATwin_areRefused(Layer stock) {
        assertThatThrownBy(() -> Qat.layer(stock))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("Qat.layer: ")
                .hasMessageContaining(stock.getClass().getSimpleName())
                .hasMessageContaining("into the network");
    }

    /** Deeplearning4j cannot write such a layer before it knows all its sizes. */
    @Test
    void localLayerWithoutSizes_isRefused() {
        assertThatThrownBy(() -> Qat.layer(local2D(4, 4)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("computeOutputSize()");
    }

    private static MultiLayerNetwork network(InputType input, Layer... layers) {
        NeuralNetConfiguration.ListBuilder list =
                new NeuralNetConfiguration.Builder()
                        .seed(3)
                        .updater(new Adam(1e-2))
                        .activation(Activation.TANH)
                        .list();
        for (Layer layer : layers) {
            list.layer(layer);
        }
        list.layer(Qat.layer(end()).build());
        MultiLayerNetwork net = new MultiLayerNetwork(list.setInputType(input).build());
        net.init();
        return net;
    }

    private static void assertConvertsExactly(MultiLayerNetwork net, Random random, long... shape) {
        List<DataSet> batches = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            batches.add(
                    new DataSet(
                            Nets.random(random, DataType.FLOAT, shape),
                            Nets.labels(random, DataType.FLOAT, EXAMPLES, CLASSES)));
        }
        DataSetIterator data = new ExistingDataSetIterator(batches);
        Qat.calibrate(net, data, 2);
        data.reset();
        net.fit(data);
        try (IntegerNetwork integer = Qat.convert(net)) {
            VerificationReport report = Qat.verify(net, integer, data);
            assertThat(report.exact()).as("%s", report).isTrue();
        }
    }

    /** The function that a network gives to layers without one is none for a normalization. */
    @Test
    void normalization_staysWithoutAFunction(Random random) {
        INDArray x = Nets.random(random, DataType.FLOAT, EXAMPLES, 4);
        MultiLayerNetwork net =
                network(
                        InputType.feedForward(4),
                        Qat.layer(new BatchNormalization())
                                .inputQuant(Quantizers.uint8PerTensor())
                                .build());
        DataSet batch = new DataSet(x, Nets.labels(random, DataType.FLOAT, EXAMPLES, CLASSES));
        Qat.calibrate(net, new ExistingDataSetIterator(List.of(batch)), 1);
        INDArray normalized = net.feedForward(x, false).get(1);
        // With running statistics of 0 and 1 it is the identity, up to rounding.
        assertThat(normalized.sub(x).amaxNumber().doubleValue()).isLessThan(0.05);
        assertThat(x.amaxNumber().doubleValue()).isGreaterThan(0.8);
        Qat.strip(net);
    }

    static Stream<Layer> wrappers() {
        return Stream.of(
                new LastTimeStep(lstm(2)),
                new TimeDistributed(new DenseLayer.Builder().nOut(2).build()),
                new FrozenLayer(new DenseLayer.Builder().nOut(2).build()),
                new FrozenLayerWithBackprop(new DenseLayer.Builder().nOut(2).build()));
    }

    @ParameterizedTest
    @MethodSource("wrappers")
    void wrappers_areSaidToBeQuantizedInside(Layer wrapper) {
        assertThatThrownBy(() -> Qat.layer(wrapper))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(wrapper.getClass().getSimpleName())
                .hasMessageContaining("new LastTimeStep(Qat.layer(lstm).build())");
    }

    @Test
    void null_isRefused() {
        assertThatThrownBy(() -> Qat.layer(null))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("the stock layer is null");
    }

    /** What both directions give together needs a quantizer of its own. */
    @Test
    void stockBidirectionalAroundAQuantizedLayer_isToldHowToBe(Random random) {
        Layer inside = Qat.layer(lstm(3)).inputQuant(Quantizers.uint8PerTensor()).build();
        MultiLayerNetwork net =
                network(
                        InputType.recurrent(4, 5),
                        new Bidirectional(Bidirectional.Mode.ADD, inside),
                        new LastTimeStep(Qat.layer(lstm(4)).build()));
        assertThatThrownBy(() -> assertConvertsExactly(net, random, EXAMPLES, 4, 5))
                .hasMessageContaining("Qat.layer(new Bidirectional(lstm)).build()");
    }

    /** What stock builders leave open is still the network's to say. */
    @Test
    void volumes_byHand(Random random) {
        Layer first =
                Qat.layer(new Convolution3D.Builder(2, 2, 2).nOut(3).build())
                        .inputQuant(Quantizers.uint8PerTensor())
                        .build();
        MultiLayerNetwork net =
                network(
                        InputType.convolutional3D(Convolution3D.DataFormat.NCDHW, 4, 4, 4, 2),
                        first,
                        Qat.layer(new GlobalPoolingLayer(PoolingType.AVG)).build());
        assertThat(net.getLayer(0).conf().getLayer())
                .hasFieldOrPropertyWithValue(
                        "activationFn", Activation.TANH.getActivationFunction());
        assertConvertsExactly(net, random, EXAMPLES, 2, 4, 4, 4);
    }

    @Test
    void sequencesInWrappers_byHand(Random random) {
        MultiLayerNetwork net =
                network(
                        InputType.recurrent(4, 5),
                        Qat.layer(new Bidirectional(Bidirectional.Mode.CONCAT, lstm(3)))
                                .inputQuant(Quantizers.uint8PerTensor())
                                .build(),
                        new LastTimeStep(Qat.layer(lstm(4)).build()));
        assertConvertsExactly(net, random, EXAMPLES, 4, 5);
    }
}
