package io.github.dl4jqat.integer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.github.dl4jqat.Seeds;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.Quantizers;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.L2NormalizeVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.LocalResponseNormalization;
import org.deeplearning4j.nn.conf.layers.LossLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.layers.objdetect.YoloUtils;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Each float operation by hand, and against the layer of Deeplearning4j that it stands for. */
@ExtendWith(Seeds.class)
class FloatOpTest {

    private static TensorType floats(String name, int... shape) {
        return TensorType.ofFloats(name, shape);
    }

    private static float[] run(FloatOp op, float... x) {
        int examples = x.length / op.input().elements();
        float[] y = new float[examples * op.output().elements()];
        float[] before = x.clone();
        FloatKernel.of(op).run(x, y, examples);
        assertThat(x).isEqualTo(before);
        return y;
    }

    @Test
    void normalizationLooksAtChannelsOnBothSides() {
        TensorType in = floats("x", 4, 1, 1);
        for (int n : new int[] {2, 3}) {
            // n / 2 = 1 neighbour on either side, for an even n too.
            FloatOp op = new LocalResponseNorm("l", in, in, 2, n, 0.5, 1);
            assertThat(run(op, 1, 2, 3, 4))
                    .containsExactly(
                            1 / (2 + 0.5f * 5),
                            2 / (2 + 0.5f * 14),
                            3 / (2 + 0.5f * 29),
                            4 / 14.5f);
        }
        FloatOp alone = new LocalResponseNorm("l", in, in, 3, 1, 1, 0.5);
        assertThat(run(alone, 1, -1, 0, 1)).containsExactly(0.5f, -0.5f, 0, 0.5f);
        FloatOp wide = new LocalResponseNorm("l", in, in, 1, 99, 1, 1);
        assertThat(run(wide, 1, 1, 1, 0)).containsExactly(0.25f, 0.25f, 0.25f, 0);
        FloatOp images =
                new LocalResponseNorm("l", floats("x", 2, 1, 2), floats("y", 2, 1, 2), 1, 3, 1, 1);
        assertThat(run(images, 1, 0, 0, 2, 0, 0, 1, 1))
                .containsExactly(0.5f, 0, 0, 0.4f, 0, 0, 0.5f, 0.5f);
    }

    @Test
    void attentionMixesValuesByTheSoftmaxOfProducts() {
        TensorType queries = floats("q", 4, 2);
        TensorType keys = floats("k", 4, 3);
        TensorType values = floats("v", 1, 3);
        TensorType out = floats("y", 1, 2);
        FloatOp op = new DotProductAttention("a", queries, keys, values, out);
        // The first query goes with the first key, the second with none: products 2 ln 2, 0, 0.
        float ln2 = (float) Math.log(2);
        float[] q = {2, 0, 0, 0, 0, 0, 0, 0, 9, 9, 9, 9, 9, 9, 9, 9};
        float[] k = {ln2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
        float[] v = {8, 4, 0, 3, 6, 0};
        float[] y = new float[4];
        FloatKernel.of(op).run(new float[][] {q, k, v}, y, 2);
        assertThat(y[0]).isCloseTo((2 * 8 + 4) / 4f, within(1e-6f));
        assertThat(y[1]).isEqualTo(4);
        assertThat(y[2]).isEqualTo(3);
        assertThat(y[3]).isEqualTo(3);
        // Products that no exponential holds.
        TensorType one = floats("x", 1, 2);
        FloatOp self = new DotProductAttention("a", one, one, one, floats("y", 1, 2));
        assertThat(run(self, 1e6f, -1e6f)).containsExactly(1e6f, -1e6f);
        assertThat(op.inputs()).containsExactly(queries, keys, values);
    }

    @Test
    void attentionIsThatOfDeeplearning4j(Random random) {
        int[] sizes = {3, 4, 5, 2};
        INDArray q = Nd4j.createFromArray(floats(random, 2 * 3 * 4)).reshape(2, 3, 4);
        INDArray k = Nd4j.createFromArray(floats(random, 2 * 3 * 5)).reshape(2, 3, 5);
        INDArray v = Nd4j.createFromArray(floats(random, 2 * 2 * 5)).reshape(2, 2, 5);
        INDArray expected =
                Nd4j.exec(
                        new org.nd4j.linalg.api.ops.impl.transforms.custom.DotProductAttention(
                                q, k, v, null, true, false))[0];
        FloatOp op =
                new DotProductAttention(
                        "a",
                        floats("q", sizes[0], sizes[1]),
                        floats("k", sizes[0], sizes[2]),
                        floats("v", sizes[3], sizes[2]),
                        floats("y", sizes[3], sizes[1]));
        float[] y = new float[2 * 2 * 4];
        float[][] all = {
            q.dup('c').data().asFloat(), k.dup('c').data().asFloat(), v.dup('c').data().asFloat()
        };
        FloatKernel.of(op).run(all, y, 2);
        float[] stock = expected.dup('c').data().asFloat();
        for (int i = 0; i < y.length; i++) {
            assertThat(y[i]).isCloseTo(stock[i], within(1e-5f));
        }
    }

    private static FloatConstant constant(List<Integer> shape, float... values) {
        return FloatConstant.of(shape, values);
    }

    @Test
    void headsAttendOnTheirOwn_andOneMatrixJoinsThem() {
        // Head 0 sees the first feature of queries and keys, head 1 the second; both mix the same
        // values, and the output is ten times the first head minus the second.
        FloatConstant each = constant(List.of(2, 1, 2), 1, 0, 0, 1);
        FloatConstant both = constant(List.of(2, 1, 1), 1, 1);
        FloatConstant join = constant(List.of(2, 1), 10, -1);
        AttentionWeights weights = new AttentionWeights(each, each, both, join);
        TensorType queries = floats("q", 2, 1);
        TensorType keys = floats("k", 2, 2);
        TensorType values = floats("v", 1, 2);
        MultiHeadAttention op =
                new MultiHeadAttention("a", queries, keys, values, floats("y", 1, 1), weights);
        float ln3 = (float) Math.log(3);
        float[] y = new float[2];
        float[] q = {1, 1, 0, 0};
        float[] k = {ln3, 0, 0, ln3, 5, 6, 7, 8};
        FloatKernel.of(op).run(new float[][] {q, k, {8, 4, 2, 6}}, y, 2);
        // Shares 3:1 of the first key in head 0, 1:3 in head 1; halves where queries are zero.
        assertThat(y[0]).isCloseTo(10 * 7 - 5, within(1e-4f));
        assertThat(y[1]).isEqualTo(10 * 4 - 4);
        assertThat(op.parameters()).isEqualTo(4 + 4 + 2 + 2);
        assertThat(op.constantBytes()).isEqualTo(48);
        assertThat(op.inputs()).containsExactly(queries, keys, values);
        assertThat(weights.heads()).isEqualTo(2);
    }

    @Test
    void projectedAttentionIsThatOfDeeplearning4j(Random random) {
        int[] sizes = {3, 4, 2, 5};
        INDArray q = random(random, 2, 3, 4);
        INDArray k = random(random, 2, 4, 5);
        INDArray v = random(random, 2, 2, 5);
        INDArray wq = random(random, 3, 2, 3);
        INDArray wk = random(random, 3, 2, 4);
        INDArray wv = random(random, 3, 2, 2);
        INDArray wo = random(random, 6, 5);
        INDArray stock =
                Nd4j.exec(
                        new org.nd4j.linalg.api.ops.impl.transforms.custom
                                .MultiHeadDotProductAttention(
                                q, k, v, wq, wk, wv, wo, null, true, false))[0];
        AttentionWeights weights =
                new AttentionWeights(
                        constant(List.of(3, 2, 3), flat(wq)),
                        constant(List.of(3, 2, 4), flat(wk)),
                        constant(List.of(3, 2, 2), flat(wv)),
                        constant(List.of(6, 5), flat(wo)));
        TensorType values = floats("v", sizes[2], sizes[3]);
        MultiHeadAttention op =
                new MultiHeadAttention(
                        "a",
                        floats("q", 3, 4),
                        floats("k", 4, 5),
                        values,
                        floats("y", 5, 4),
                        weights);
        float[] y = new float[2 * 5 * 4];
        FloatKernel.of(op).run(new float[][] {flat(q), flat(k), flat(v)}, y, 2);
        float[] expected = flat(stock);
        for (int i = 0; i < y.length; i++) {
            assertThat(y[i]).isCloseTo(expected[i], within(1e-5f));
        }
    }

    private static float[] flat(INDArray x) {
        return x.dup('c').data().asFloat();
    }

    @Test
    void weightsOfAnAttentionFitTogether() {
        FloatConstant q = constant(List.of(1, 2, 2), new float[4]);
        FloatConstant other = constant(List.of(2, 1, 2), new float[4]);
        FloatConstant o = constant(List.of(2, 1), new float[2]);
        FloatConstant one = constant(List.of(1, 1), new float[1]);
        refused("with the same heads", () -> new AttentionWeights(q, other, q, o));
        refused("with the same heads", () -> new AttentionWeights(q, q, o, o));
        refused("expected [2, features]", () -> new AttentionWeights(q, q, q, one));
        refused("expected [2, features]", () -> new AttentionWeights(q, q, q, q));
        refused("do not fill the shape [2, 2]", () -> constant(List.of(2, 2), 1, 2, 3));
        refused("do not fill the shape []", () -> constant(List.of(), 1));
        refused("sizes above 0", () -> constant(List.of(0)));
        refused("sizes above 0", () -> constant(List.of(1 << 16, 1 << 16)));
        refused("number 1 is NaN", () -> constant(List.of(2), 0, Float.NaN));
        AttentionWeights all = new AttentionWeights(q, q, q, o);
        TensorType x = floats("x", 2, 3);
        TensorType y = floats("y", 1, 3);
        assertThat(heads(all, x, x, x, y).output()).isEqualTo(y);
        refused("a sequence [features, time]", () -> heads(all, x, floats("k", 2), x, y));
        refused("other time steps", () -> heads(all, x, x, floats("v", 2, 4), y));
        refused("keys 'k' [5, 3] float", () -> heads(all, x, floats("k", 5, 3), x, y));
        refused("output is [2, 3], but should be [1, 3]", () -> heads(all, x, x, x, x));
        TensorType integers =
                TensorType.of("i", QuantParams.of(Quantizers.uint8PerTensor(), 1, 0), 2, 3);
        refused("put a Dequantize between", () -> heads(all, x, integers, x, y));
        // Heads of 2^14 rows over as many steps would not fit into memory.
        FloatConstant up = constant(List.of(1 << 14, 1, 1), new float[1 << 14]);
        AttentionWeights wide =
                new AttentionWeights(up, up, up, constant(List.of(1 << 14, 1), new float[1 << 14]));
        TensorType series = floats("x", 1, 1 << 15);
        refused("536870912 elements", () -> heads(wide, series, series, series, series));
    }

    private static MultiHeadAttention heads(
            AttentionWeights weights, TensorType q, TensorType k, TensorType v, TensorType y) {
        return new MultiHeadAttention("a", q, k, v, y, weights);
    }

    private static void refused(
            String message, org.assertj.core.api.ThrowableAssert.ThrowingCallable made) {
        assertThatThrownBy(made)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message);
    }

    private static float[] floats(Random random, int n) {
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = 2 * random.nextFloat() - 1;
        }
        return values;
    }

    @Test
    void attentionWantsSequencesThatFit() {
        TensorType x = floats("x", 3, 4);
        assertThatThrownBy(() -> new DotProductAttention("a", floats("q", 3), x, x, x))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("a sequence [features, time]");
        assertThatThrownBy(() -> new DotProductAttention("a", x, floats("k", 2, 4), x, x))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("other features than queries");
        assertThatThrownBy(() -> new DotProductAttention("a", x, x, floats("v", 3, 5), x))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("other time steps than keys");
        assertThatThrownBy(() -> new DotProductAttention("a", x, x, x, floats("y", 4, 3)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("[4, 3]");
        TensorType integers =
                TensorType.of("i", QuantParams.of(Quantizers.uint8PerTensor(), 1, 0), 3, 4);
        assertThatThrownBy(() -> new DotProductAttention("a", x, integers, x, x))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("put a Dequantize between");
    }

    @Test
    void lengthHasALowerBoundInsteadOfAnAddend() {
        TensorType in = floats("x", 2);
        FloatOp op = new L2Normalize("l2", in, in, 0.5);
        assertThat(run(op, 3, 4, 0.03f, -0.04f, 0, 0, 0.3f, 0.4f))
                .containsExactly(0.6f, 0.8f, 0.06f, -0.08f, 0, 0, 0.6f, 0.8f);
    }

    @Test
    void normsAreSumsOfPowers() {
        TensorType in = floats("x", 1, 1, 3);
        Window2d two = Window2d.of(1, 2);
        TensorType out = floats("y", 1, 1, 2);
        assertThat(run(new PNormPool2d("p", in, out, two, 1), 3, -4, 0)).containsExactly(7, 4);
        assertThat(run(new PNormPool2d("p", in, out, two, 2), 3, -4, 0)).containsExactly(5, 4);
        assertThat(run(new PNormPool2d("p", in, out, two, 3), 1, -1, 0))
                .containsExactly((float) Math.cbrt(2), 1);
        // The power of a thousand of a million is no double.
        assertThat(run(new PNormPool2d("p", in, out, two, 1000), 1e6f, 0, 0))
                .containsExactly(1e6f, 0);
        // Padding adds nothing, and a window of padding only is zero.
        Window2d padded = Window2d.of(1, 2).withPads(0, 3, 0, 0);
        assertThat(run(new PNormPool2d("p", in, floats("y", 1, 1, 5), padded, 2), 3, -4, 0))
                .containsExactly(0, 0, 3, 5, 4);
        FloatOp global = new GlobalPNormPool("g", floats("x", 2, 2), floats("y", 2), 2);
        assertThat(run(global, 3, 4, 0, 0, 5, 12, -8, 15)).containsExactly(5, 0, 13, 17);
    }

    @Test
    void softmaxIsOverTheFirstAxis() {
        FloatOp op = new FloatSoftmax("s", floats("x", 2, 2), floats("y", 2, 2));
        float log3 = (float) Math.log(3);
        assertThat(run(op, 0, log3, 0, 0)).containsExactly(0.5f, 0.75f, 0.5f, 0.25f);
        assertThat(run(op, 1e30f, 5, -1e30f, 5)).containsExactly(1, 0.5f, 0, 0.5f);
    }

    @Test
    void boxesKeepTheirPlaces() {
        TensorType in = floats("x", 14, 1, 1);
        FloatOp op = new YoloActivation("y", in, in, List.of(2f, 3f, 5f, 7f));
        float log2 = (float) Math.log(2);
        float log3 = (float) Math.log(3);
        assertThat(run(op, 0, -log3, 0, log2, log3, 0, log3, log3, 0, 0, 0, 0, 5, 5))
                .containsExactly(
                        new float[] {
                            0.5f, 0.25f, 2, 6, 0.75f, 0.25f, 0.75f, 0.75f, 0.5f, 5, 7, 0.5f, 0.5f,
                            0.5f
                        },
                        within(1e-6f));
    }

    private static INDArray random(Random random, long... shape) {
        INDArray x = Nd4j.create(DataType.FLOAT, shape);
        for (long i = 0; i < x.length(); i++) {
            x.putScalar(i, (float) random.nextGaussian());
        }
        return x;
    }

    /** A network of one layer; the kind of its input follows from the array. */
    private static INDArray layer(Layer layer, INDArray x) {
        InputType type =
                x.rank() == 3
                        ? InputType.recurrent(x.size(1), x.size(2))
                        : InputType.convolutional(x.size(2), x.size(3), x.size(1));
        MultiLayerNetwork net =
                new MultiLayerNetwork(
                        new NeuralNetConfiguration.Builder()
                                .list(layer)
                                .setInputType(type)
                                .build());
        net.init();
        return net.output(x);
    }

    private static void same(FloatOp op, INDArray x, INDArray expected) {
        assertThat(run(op, x.dup('c').data().asFloat()))
                .containsExactly(expected.dup('c').data().asFloat(), within(2e-6f));
    }

    @Test
    void normalizationIsThatOfDeeplearning4j(Random random) {
        INDArray x = random(random, 2, 7, 3, 4);
        TensorType in = floats("x", 7, 3, 4);
        for (int n = 1; n <= 6; n++) {
            Layer layer =
                    new LocalResponseNormalization.Builder()
                            .k(1.5)
                            .n(n)
                            .alpha(0.3)
                            .beta(0.75)
                            .build();
            same(new LocalResponseNorm("l", in, in, 1.5, n, 0.3, 0.75), x, layer(layer, x));
        }
    }

    @Test
    void lengthIsThatOfDeeplearning4j(Random random) {
        INDArray x = random(random, 3, 2, 3, 4);
        x.tensorAlongDimension(1, 1, 2, 3).muli(1e-3);
        for (double eps : new double[] {1e-8, 0.5}) {
            ComputationGraphConfiguration conf =
                    new NeuralNetConfiguration.Builder()
                            .graphBuilder()
                            .addInputs("x")
                            .setInputTypes(InputType.convolutional(3, 4, 2))
                            .addVertex("l2", new L2NormalizeVertex(new int[0], eps), "x")
                            .addLayer("y", new LossLayer.Builder().build(), "l2")
                            .setOutputs("y")
                            .validateOutputLayerConfig(false)
                            .build();
            ComputationGraph graph = new ComputationGraph(conf);
            graph.init();
            INDArray expected = graph.feedForward(x, false).get("l2");
            TensorType in = floats("x", 2, 3, 4);
            same(new L2Normalize("l2", in, in, eps), x, expected);
        }
    }

    @Test
    void normPoolIsThatOfDeeplearning4j(Random random) {
        INDArray x = random(random, 2, 3, 7, 6);
        Window2d window = Window2d.of(3, 2).withStride(2, 1).withPads(1, 1, 1, 1);
        for (Window2d w : List.of(window, window.withDilation(2, 3))) {
            for (int p = 1; p <= 4; p++) {
                Layer layer =
                        new SubsamplingLayer.Builder(PoolingType.PNORM)
                                .kernelSize(3, 2)
                                .stride(2, 1)
                                .padding(1, 1)
                                .dilation(w.dilationH(), w.dilationW())
                                .convolutionMode(ConvolutionMode.Truncate)
                                .pnorm(p)
                                .build();
                TensorType out = floats("y", 3, w.outputHeight(7), w.outputWidth(6));
                PNormPool2d op = new PNormPool2d("p", floats("x", 3, 7, 6), out, w, p);
                same(op, x, layer(layer, x));
            }
        }
    }

    @Test
    void globalNormIsThatOfDeeplearning4j(Random random) {
        INDArray images = random(random, 2, 3, 5, 4);
        INDArray sequences = random(random, 2, 3, 6);
        for (int p = 1; p <= 4; p++) {
            TensorType out = floats("y", 3);
            same(
                    new GlobalPNormPool("p", floats("x", 3, 5, 4), out, p),
                    images,
                    layer(
                            new GlobalPoolingLayer.Builder(PoolingType.PNORM).pnorm(p).build(),
                            images));
            same(
                    new GlobalPNormPool("p", floats("x", 3, 6), out, p),
                    sequences,
                    layer(
                            new GlobalPoolingLayer.Builder(PoolingType.PNORM).pnorm(p).build(),
                            sequences));
        }
    }

    @Test
    void boxesAreThoseOfDeeplearning4j(Random random) {
        INDArray x = random(random, 2, 3 * 9, 4, 5);
        INDArray priors = random(random, 3, 2);
        List<Float> numbers = new ArrayList<>();
        for (float prior : priors.data().asFloat()) {
            numbers.add(prior);
        }
        TensorType in = floats("x", 27, 4, 5);
        float[] y = run(new YoloActivation("y", in, in, numbers), x.data().asFloat());
        float[] expected = YoloUtils.activate(priors, x).dup('c').data().asFloat();
        for (int i = 0; i < y.length; i++) {
            assertThat(y[i]).isCloseTo(expected[i], within(1e-5f * Math.max(1, Math.abs(y[i]))));
        }
    }

    @Test
    void constructorsNameTheLayerAndWhatWasExpected() {
        TensorType image = floats("x", 6, 2, 2);
        TensorType ints =
                TensorType.of("q", QuantParams.of(Quantizers.uint8PerTensor(), 1f, 0), 6, 2, 2);
        assertThatThrownBy(() -> new FloatSoftmax("s", ints, image))
                .hasMessageContaining("FloatSoftmax 's': tensor 'q' [6, 2, 2] uint8")
                .hasMessageContaining("expected floats; put a Dequantize between");
        assertThatThrownBy(() -> new FloatSoftmax("s", image, floats("y", 24)))
                .hasMessageContaining("output is [24], but should be [6, 2, 2]");
        assertThatThrownBy(() -> new FloatSoftmax("", image, image))
                .hasMessageContaining("needs a name");
        for (double bad : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
            assertThatThrownBy(() -> new L2Normalize("l2", image, image, bad))
                    .hasMessageContaining("L2Normalize 'l2': eps=" + bad + ", expected a finite");
            assertThatThrownBy(() -> new LocalResponseNorm("l", image, image, bad, 5, 1, 1))
                    .hasMessageContaining("k=" + bad);
        }
        assertThatThrownBy(() -> new LocalResponseNorm("l", image, image, 1, 0, 1, 1))
                .hasMessageContaining("n=0");
        assertThatThrownBy(() -> new LocalResponseNorm("l", image, image, 1, 1, -1, 1))
                .hasMessageContaining("alpha=-1.0");
        assertThatThrownBy(() -> new LocalResponseNorm("l", image, image, 1, 1, 1, Double.NaN))
                .hasMessageContaining("beta=NaN");
        TensorType vector = floats("v", 6);
        assertThatThrownBy(() -> new LocalResponseNorm("l", vector, vector, 1, 5, 1, 1))
                .hasMessageContaining("is not an image");
        assertThatThrownBy(() -> new GlobalPNormPool("p", vector, vector, 2))
                .hasMessageContaining("has one axis");
        assertThatThrownBy(() -> new GlobalPNormPool("p", image, vector, 0))
                .hasMessageContaining("p=0, expected a norm of 1 or more");
        assertThatThrownBy(() -> new PNormPool2d("p", image, image, Window2d.of(3, 3), 2))
                .hasMessageContaining("does not fit on input [6, 2, 2]");
        assertThatThrownBy(() -> new YoloActivation("y", image, image, List.of(1f)))
                .hasMessageContaining("priors are [1.0]");
        assertThatThrownBy(() -> new YoloActivation("y", image, image, List.of()))
                .hasMessageContaining("priors are []");
        assertThatThrownBy(() -> new YoloActivation("y", image, image, List.of(1f, Float.NaN)))
                .hasMessageContaining("priors are [1.0, NaN]");
        assertThatThrownBy(() -> new YoloActivation("y", image, image, List.of(1f, 1f, 2f, 2f)))
                .hasMessageContaining("has 6 channels, expected 5 and at least one class for each");
    }
}
