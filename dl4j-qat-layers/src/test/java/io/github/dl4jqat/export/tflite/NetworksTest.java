package io.github.dl4jqat.export.tflite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.dl4jqat.GraphNets;
import io.github.dl4jqat.Qat;
import io.github.dl4jqat.Seeds;
import io.github.dl4jqat.convert.VerificationReport;
import io.github.dl4jqat.export.tflite.TfLiteRuntime.Kernels;
import io.github.dl4jqat.integer.EngineChoice;
import io.github.dl4jqat.integer.IntegerNetwork;
import io.github.dl4jqat.integer.RandomModels;
import io.github.dl4jqat.integer.TensorType;
import io.github.dl4jqat.prepare.QatConfig;
import io.github.dl4jqat.quant.Requantization;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration.GraphBuilder;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex.Op;
import org.deeplearning4j.nn.conf.graph.MergeVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.LocallyConnected2D;
import org.deeplearning4j.nn.conf.layers.SeparableConvolution2D;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.conf.layers.variational.VariationalAutoencoder;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;

/** Whole networks, from Deeplearning4j through training's arithmetic to the real interpreter. */
@ExtendWith(Seeds.class)
class NetworksTest {

    private static final int BATCH = 16;

    enum Net {
        LENET,
        RESIDUAL,
        SEPARABLE,
        BRANCHES,
        LOCAL,
        ENCODER;

        private ComputationGraph made() {
            return switch (this) {
                case LENET -> lenet();
                case RESIDUAL -> residual();
                case SEPARABLE -> separable();
                case BRANCHES -> branches();
                case LOCAL -> local();
                case ENCODER -> encoder();
            };
        }

        private long[] shape() {
            long side = this == LENET ? 16 : GraphNets.SIZE;
            return new long[] {BATCH, this == LENET ? 1 : 3, side, side};
        }
    }

    private static ComputationGraph lenet() {
        GraphBuilder b =
                GraphNets.graph("in")
                        .addLayer("c1", valid(6, Activation.RELU), "in")
                        .addLayer("p1", maxPool(), "c1")
                        .addLayer("c2", valid(8, Activation.RELU), "p1")
                        .addLayer("p2", maxPool(), "c2")
                        .addLayer("d1", GraphNets.dense(20, Activation.TANH), "p2")
                        .addLayer("out", GraphNets.classes(), "d1")
                        .setOutputs("out");
        return GraphNets.built(b, InputType.convolutional(16, 16, 1));
    }

    private static ConvolutionLayer valid(int n, Activation f) {
        return new ConvolutionLayer.Builder(3, 3)
                .nOut(n)
                .activation(f)
                .convolutionMode(ConvolutionMode.Truncate)
                .build();
    }

    private static SubsamplingLayer maxPool() {
        return new SubsamplingLayer.Builder(SubsamplingLayer.PoolingType.MAX)
                .kernelSize(2, 2)
                .stride(2, 2)
                .build();
    }

    /** Two blocks with batch normalization and a shortcut around each. */
    private static ComputationGraph residual() {
        GraphBuilder b = GraphNets.graph("in");
        b.addLayer("stem", GraphNets.conv(8, Activation.RELU), "in");
        String last = "stem";
        for (int i = 1; i <= 2; i++) {
            b.addLayer("a" + i, GraphNets.conv(8, Activation.IDENTITY), last)
                    .addLayer("an" + i, new BatchNormalization(), "a" + i)
                    .addLayer("ar" + i, activation(Activation.RELU), "an" + i)
                    .addLayer("b" + i, GraphNets.conv(8, Activation.IDENTITY), "ar" + i)
                    .addLayer("bn" + i, new BatchNormalization(), "b" + i)
                    .addVertex("sum" + i, new ElementWiseVertex(Op.Add), "bn" + i, last)
                    .addLayer("r" + i, activation(Activation.RELU), "sum" + i);
            last = "r" + i;
        }
        return GraphNets.ended(b, last);
    }

    private static ActivationLayer activation(Activation f) {
        return new ActivationLayer.Builder().activation(f).build();
    }

    /** Depthwise and pointwise convolutions with a bounded activation, as MobileNets have them. */
    private static ComputationGraph separable() {
        GraphBuilder b =
                GraphNets.graph("in")
                        .addLayer("stem", GraphNets.conv(8, Activation.RELU6), "in")
                        .addLayer("s1", separable(8, 1), "stem")
                        .addLayer("s2", separable(12, 2), "s1");
        return GraphNets.ended(b, "s2");
    }

    private static SeparableConvolution2D separable(int n, int stride) {
        return new SeparableConvolution2D.Builder(3, 3)
                .nOut(n)
                .stride(stride, stride)
                .activation(Activation.RELU6)
                .build();
    }

    /** Weights of their own for each position: a convolution with as many groups. */
    private static ComputationGraph local() {
        GraphBuilder b =
                GraphNets.graph("in")
                        .addLayer("stem", GraphNets.conv(4, Activation.RELU), "in")
                        .addLayer(
                                "local",
                                new LocallyConnected2D.Builder()
                                        .kernelSize(3, 2)
                                        .stride(2, 1)
                                        .nOut(3)
                                        .activation(Activation.TANH)
                                        .build(),
                                "stem");
        return GraphNets.ended(b, "local");
    }

    /** A chain of dense operations with tables, named as parts of one layer. */
    private static ComputationGraph encoder() {
        GraphBuilder b =
                GraphNets.graph("in")
                        .addLayer("stem", GraphNets.conv(4, Activation.RELU), "in")
                        .addLayer(
                                "codes",
                                new VariationalAutoencoder.Builder()
                                        .encoderLayerSizes(12, 10)
                                        .decoderLayerSizes(6)
                                        .nOut(8)
                                        .activation(Activation.TANH)
                                        .build(),
                                "stem")
                        .addLayer("out", GraphNets.classes(), "codes")
                        .setOutputs("out");
        return GraphNets.built(b, InputType.convolutional(GraphNets.SIZE, GraphNets.SIZE, 3));
    }

    /** A concatenation, a product, a mean and functions that are tables. */
    private static ComputationGraph branches() {
        GraphBuilder b =
                GraphNets.graph("in")
                        .addLayer("a", GraphNets.conv(4, Activation.SWISH), "in")
                        .addLayer("b", GraphNets.conv(4, Activation.SIGMOID), "in")
                        .addVertex("product", new ElementWiseVertex(Op.Product), "a", "b")
                        .addLayer("c", GraphNets.conv(4, Activation.TANH), "product")
                        .addVertex("mean", new ElementWiseVertex(Op.Average), "a", "c")
                        .addVertex("merge", new MergeVertex(), "mean", "c")
                        .addLayer("d", GraphNets.conv(6, Activation.LEAKYRELU), "merge");
        return GraphNets.ended(b, "d");
    }

    private static IntegerNetwork converted(Net net, Requantization mode, Random random) {
        QatConfig config = QatConfig.builder().requantization(mode).build();
        ComputationGraph qat = Qat.prepare(net.made(), config);
        Qat.calibrate(qat, GraphNets.data(random, net.shape()), 3);
        IntegerNetwork network = Qat.convert(qat).withEngine(EngineChoice.JAVA);
        VerificationReport report = Qat.verify(qat, network, GraphNets.data(random, net.shape()));
        assertThat(report.exact()).as("%s", report).isTrue();
        return network;
    }

    private static Map<String, int[]> integers(IntegerNetwork net, Random random) {
        Map<String, int[]> feeds = new HashMap<>();
        TensorType q = net.quantizedInput();
        int levels = q.params().spec().qMax() - q.params().spec().qMin() + 1;
        int[] x = new int[q.elements() * BATCH];
        for (int i = 0; i < x.length; i++) {
            x[i] = q.params().spec().qMin() + random.nextInt(levels);
        }
        feeds.put(q.name(), x);
        return feeds;
    }

    @ParameterizedTest
    @EnumSource
    void floatModeEqualsXnnpack(Net kind, Random random) {
        try (IntegerNetwork net = converted(kind, Requantization.FLOAT, random)) {
            Compared c = Compared.of(net.model(), integers(net, random), Kernels.XNNPACK, BATCH);
            assertThat(c.differing()).as("%s", c).isZero();
            assertThat(c.inner()).isGreaterThan(c.outputs() / 4);
        }
    }

    @ParameterizedTest
    @EnumSource
    void fixedPointModeEqualsTheReferenceKernels(Net kind, Random random) {
        assumeTrue(ReferenceKernels.available(), "the library hides its reference kernels");
        try (IntegerNetwork net = converted(kind, Requantization.FIXED_POINT, random)) {
            Map<String, int[]> feeds = integers(net, random);
            Compared c = Compared.of(net.model(), feeds, Kernels.REFERENCE, BATCH);
            assertThat(c.differing()).as("%s", c).isZero();
            assertThat(c.inner()).isGreaterThan(c.outputs() / 4);
            Compared optimized = Compared.of(net.model(), feeds, Kernels.BUILT_IN, BATCH);
            assertThat(optimized.largest()).as("%s", optimized).isLessThanOrEqualTo(2);
        }
    }

    @ParameterizedTest
    @EnumSource
    void floatsAtBothEndsGiveTheSameProbabilities(Net kind, Random random) {
        try (IntegerNetwork net = converted(kind, Requantization.FLOAT, random)) {
            TensorType in = net.model().inputs().get(0);
            float[] x =
                    GraphNets.random(random, kind.shape())
                            .castTo(DataType.FLOAT)
                            .dup('c')
                            .data()
                            .asFloat();
            float[] expected = net.output(x, BATCH);
            byte[] file = new TfLiteExporter().toBytes(net);
            try (TfLiteRuntime runtime = new TfLiteRuntime(file, Kernels.XNNPACK, BATCH)) {
                float[] got = (float[]) runtime.run(List.of(channelsLast(in, x))).get(0);
                assertThat(got).hasSameSizeAs(expected);
                for (int i = 0; i < got.length; i++) {
                    assertThat(got[i]).isCloseTo(expected[i], within(1e-5f));
                }
            }
        }
    }

    private static float[] channelsLast(TensorType type, float[] x) {
        int n = type.elements();
        int[] order = Layout.order(type);
        float[] y = new float[x.length];
        for (int i = 0; i < y.length; i++) {
            y[i] = x[i / n * n + order[i % n]];
        }
        return y;
    }

    @ParameterizedTest
    @EnumSource(
            value = Requantization.class,
            names = {"FLOAT", "FIXED_POINT"})
    void randomNetworksOfTheShapeOfLenet(Requantization mode) {
        Kernels kernels = mode == Requantization.FLOAT ? Kernels.XNNPACK : Kernels.REFERENCE;
        assumeTrue(
                kernels == Kernels.XNNPACK || ReferenceKernels.available(),
                "the library hides its reference kernels");
        Compared all = Compared.NOTHING;
        for (int seed = 0; seed < 10; seed++) {
            all = all.plus(Compared.of(RandomModels.lenet(seed, mode, BATCH), kernels, BATCH));
        }
        assertThat(all.differing()).as("%s", all).isZero();
        assertThat(all.inner()).isGreaterThan(all.outputs() / 4);
    }
}
