package io.github.dl4jqat.layers;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.github.dl4jqat.estimator.GradientEstimator;
import io.github.dl4jqat.estimator.GradientEstimators;
import io.github.dl4jqat.estimator.Moment;
import io.github.dl4jqat.ops.EstimatorKernels;
import io.github.dl4jqat.ops.TensorKernels;
import io.github.dl4jqat.quant.Bias;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.QuantSpec;
import io.github.dl4jqat.quant.Quantizers;
import io.github.dl4jqat.quant.Requantizer;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.deeplearning4j.nn.api.layers.LayerConstraint;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.constraint.BaseConstraint;
import org.deeplearning4j.nn.conf.constraint.MaxNormConstraint;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.BaseLayer;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.LossLayer;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;
import org.slf4j.LoggerFactory;

/** Forward and backward of single layers against their formulas, written out in the test. */
class TrainingSemanticsTest {

    private static final LayerWorkspaceMgr NONE = LayerWorkspaceMgr.noWorkspaces();

    private final Random random = new Random(4711);

    private static MultiLayerNetwork net(DataType type, InputType input, Layer... layers) {
        NeuralNetConfiguration.ListBuilder list =
                new NeuralNetConfiguration.Builder()
                        .seed(5)
                        .dataType(type)
                        .updater(new Sgd(0.1))
                        .biasInit(0.0)
                        .list();
        for (Layer layer : layers) {
            list.layer(layer);
        }
        MultiLayerNetwork net = new MultiLayerNetwork(list.setInputType(input).build());
        net.init();
        return net;
    }

    private static TensorQuantization activation(QuantSpec spec, GradientEstimator estimator) {
        return TensorQuantization.activation(spec).withEstimator(estimator);
    }

    private static LayerQuantization quantization(QuantSpec weights, GradientEstimator estimator) {
        return LayerQuantization.OFF
                .withWeight(TensorQuantization.weight(weights).withEstimator(estimator))
                .withInput(activation(Quantizers.uint8PerTensor(), estimator))
                .withOutput(activation(Quantizers.uintPerTensor(5), estimator));
    }

    private static void setRange(
            org.deeplearning4j.nn.api.Layer layer, String key, double... range) {
        layer.getParam(key)
                .assign(Nd4j.createFromArray(range[0], range[1], 5).castTo(DataType.FLOAT));
    }

    private static INDArray fakeQuantized(INDArray x, QuantParams p, int axis) {
        INDArray y = x.ulike();
        TensorKernels.fakeQuantize(x, y, p, axis);
        return y;
    }

    private static INDArray backward(
            INDArray x, INDArray grad, QuantParams p, int axis, GradientEstimator estimator) {
        INDArray dx = grad.dup();
        EstimatorKernels.backward(
                x,
                dx,
                dx,
                p,
                new double[0][],
                axis,
                estimator.kernel(p.spec(), Moment.training(0, 0)));
        return dx;
    }

    private static QuantParams weightParams(INDArray w, QuantSpec spec, int axis) {
        TensorKernels.Ranges r = TensorKernels.ranges(w, spec.granularity(), axis);
        return QuantParams.fromRanges(spec, r.min(), r.max(), null);
    }

    private static INDArray bias(INDArray b, QuantParams input, QuantParams weights) {
        INDArray y = b.dup();
        for (int c = 0; c < b.length(); c++) {
            float scale = Requantizer.accumulatorScale(input.scale(), weights.scale(c));
            y.putScalar(c, Bias.quantize(b.getDouble(c), scale) * (double) scale);
        }
        return y;
    }

    private static List<GradientEstimator> estimators() {
        return List.of(GradientEstimators.identity(), GradientEstimators.clipped());
    }

    @ParameterizedTest
    @EnumSource(
            value = Activation.class,
            names = {"IDENTITY", "RELU", "TANH"})
    void denseLayer_forwardAndBackward_areTheFormulas(Activation f) {
        for (GradientEstimator estimator : estimators()) {
            for (DataType type : new DataType[] {DataType.FLOAT, DataType.DOUBLE}) {
                QuantSpec weightSpec = Quantizers.intPerChannel(4);
                MultiLayerNetwork net =
                        net(
                                type,
                                InputType.feedForward(6),
                                new QuantDenseLayer.Builder()
                                        .nOut(5)
                                        .activation(f)
                                        .quantization(
                                                quantization(weightSpec, estimator)
                                                        .withFreezeRangesAfter(1))
                                        .build(),
                                new LossLayer.Builder(LossFunction.MSE)
                                        .activation(Activation.IDENTITY)
                                        .build());
                net.setIterationCount(1);
                org.deeplearning4j.nn.api.Layer layer = net.getLayer(0);
                layer.setIterationCount(1);
                layer.getParam("b").assign(Nets.random(random, type, 1, 5));
                // Narrow ranges: a good part of the values lies outside.
                setRange(layer, "inputRange", -0.6, 0.7);
                setRange(layer, "preActivationRange", -0.5, 0.6);
                setRange(layer, "outputRange", -0.3, 0.4);
                INDArray x = Nets.random(random, type, 7, 6);
                INDArray epsilon = Nets.random(random, type, 7, 5);
                net.setInput(x);

                INDArray w = layer.getParam("W").dup();
                QuantizedLayer q = (QuantizedLayer) layer;
                QuantParams wp = weightParams(w, weightSpec, 1);
                INDArray qx = fakeQuantized(x, q.inputParams(), 0);
                INDArray qw = fakeQuantized(w, wp, 1);
                INDArray z =
                        qx.mmul(qw).addiRowVector(bias(layer.getParam("b"), q.inputParams(), wp));
                INDArray qz =
                        f == Activation.TANH ? fakeQuantized(z, q.preActivationParams(), 0) : z;
                INDArray a = f.getActivationFunction().getActivation(qz.dup(), true);
                INDArray y = fakeQuantized(a, q.outputParams(), 0);

                layer.setInput(x, NONE);
                INDArray actual = layer.activate(true, NONE);
                String what = f + " " + estimator + " " + type;
                assertThat(Nets.bits(actual)).as(what).isEqualTo(Nets.bits(y));

                INDArray da = backward(a, epsilon, q.outputParams(), 0, estimator);
                INDArray dz = f.getActivationFunction().backprop(qz.dup(), da).getFirst();
                if (f == Activation.TANH) {
                    dz = backward(z, dz, q.preActivationParams(), 0, estimator);
                }
                // No weight is outside a range that is its own, not even by rounding.
                INDArray dw = qx.transpose().mmul(dz);
                INDArray dx = backward(x, dz.mmul(qw.transpose()), q.inputParams(), 0, estimator);
                layer.setBackpropGradientsViewArray(Nd4j.zeros(type, 1, net.numParams()));
                Pair<Gradient, INDArray> back = layer.backpropGradient(epsilon, NONE);
                Map<String, INDArray> gradients = back.getFirst().gradientForVariable();
                assertClose(what + " dW", gradients.get("W"), dw);
                assertClose(what + " db", gradients.get("b").reshape(5), dz.sum(0));
                assertClose(what + " dx", back.getSecond(), dx);
                if (estimator.equals(GradientEstimators.clipped())) {
                    assertThat(countZeros(dx)).as("clipped values are in play").isGreaterThan(0);
                }
            }
        }
    }

    private static long countZeros(INDArray x) {
        return java.util.Arrays.stream(x.dup('c').data().asDouble()).filter(v -> v == 0).count();
    }

    private static void assertClose(String what, INDArray actual, INDArray expected) {
        double tolerance = expected.dataType() == DataType.DOUBLE ? 1e-12 : 2e-6;
        assertThat(actual.shape()).as(what).isEqualTo(expected.shape());
        assertThat(actual.sub(expected).amaxNumber().doubleValue())
                .as(what)
                .isLessThanOrEqualTo(tolerance * (1 + expected.amaxNumber().doubleValue()));
    }

    @Test
    void convolution_forwardAndBackward_areTheStockLayerOnFakeQuantizedNumbers() {
        for (GradientEstimator estimator : estimators()) {
            DataType type = DataType.DOUBLE;
            QuantSpec weightSpec = Quantizers.intPerTensor(3);
            MultiLayerNetwork net =
                    net(
                            type,
                            InputType.convolutional(6, 5, 2),
                            new QuantConvolutionLayer.Builder(3, 2)
                                    .nOut(3)
                                    .convolutionMode(ConvolutionMode.Same)
                                    .activation(Activation.IDENTITY)
                                    .quantization(quantization(weightSpec, estimator))
                                    .build());
            MultiLayerNetwork stock =
                    net(
                            type,
                            InputType.convolutional(6, 5, 2),
                            new ConvolutionLayer.Builder(3, 2)
                                    .nOut(3)
                                    .convolutionMode(ConvolutionMode.Same)
                                    .activation(Activation.IDENTITY)
                                    .build());
            org.deeplearning4j.nn.api.Layer layer = net.getLayer(0);
            layer.getParam("b").assign(Nets.random(random, type, 1, 3));
            INDArray x = Nets.random(random, type, 4, 2, 6, 5);
            INDArray epsilon = Nets.random(random, type, 4, 3, 6, 5);
            layer.setInput(x, NONE);
            // The first batch sets the ranges.
            INDArray actual = layer.activate(true, NONE);
            layer.setBackpropGradientsViewArray(Nd4j.zeros(type, 1, net.numParams()));
            Pair<Gradient, INDArray> back = layer.backpropGradient(epsilon.dup(), NONE);

            QuantizedLayer q = (QuantizedLayer) layer;
            INDArray w = layer.getParam("W");
            QuantParams wp = weightParams(w, weightSpec, 0);
            org.deeplearning4j.nn.api.Layer reference = stock.getLayer(0);
            reference.getParam("W").assign(fakeQuantized(w, wp, 0));
            reference.getParam("b").assign(bias(layer.getParam("b"), q.inputParams(), wp));
            reference.setInput(fakeQuantized(x, q.inputParams(), 0), NONE);
            INDArray z = reference.activate(true, NONE).dup();
            assertClose("y", actual, fakeQuantized(z, q.outputParams(), 0));
            reference.setBackpropGradientsViewArray(Nd4j.zeros(type, 1, stock.numParams()));
            Pair<Gradient, INDArray> expected =
                    reference.backpropGradient(
                            backward(z, epsilon, q.outputParams(), 0, estimator), NONE);
            Map<String, INDArray> gradients = expected.getFirst().gradientForVariable();
            Map<String, INDArray> actualGradients = back.getFirst().gradientForVariable();
            assertClose("dW", actualGradients.get("W"), gradients.get("W"));
            assertClose("db", actualGradients.get("b"), gradients.get("b"));
            assertClose(
                    "dx",
                    back.getSecond(),
                    backward(x, expected.getSecond(), q.inputParams(), 0, estimator));
        }
    }

    @Test
    void fakeQuantLayer_gradientIsOneInsideAndAtTheBounds_andZeroOutside() {
        for (GradientEstimator estimator : estimators()) {
            MultiLayerNetwork net =
                    net(
                            DataType.FLOAT,
                            InputType.feedForward(7),
                            new FakeQuantLayer.Builder()
                                    .outputQuant(Quantizers.uint8PerTensor())
                                    .estimator(estimator)
                                    .freezeRangesAfter(1)
                                    .build());
            org.deeplearning4j.nn.api.Layer layer = net.getLayer(0);
            layer.setIterationCount(1);
            setRange(layer, "outputRange", 0, 255);
            // Scale 1: the bounds are 0 and 255.
            float[] x = {-0.25f, 0, 0.5f, 1.5f, 255, 255.25f, 1000};
            float[] y = {0, 0, 0, 2, 255, 255, 255};
            float[] clipped = {0, 1, 1, 1, 1, 0, 0};
            INDArray in = Nd4j.createFromArray(new float[][] {x});
            layer.setInput(in, NONE);
            assertThat(layer.activate(true, NONE))
                    .isEqualTo(Nd4j.createFromArray(new float[][] {y}));
            layer.setBackpropGradientsViewArray(Nd4j.zeros(DataType.FLOAT, 1, net.numParams()));
            INDArray dx = layer.backpropGradient(Nd4j.ones(DataType.FLOAT, 1, 7), NONE).getSecond();
            assertThat(dx)
                    .isEqualTo(
                            estimator.equals(GradientEstimators.clipped())
                                    ? Nd4j.createFromArray(new float[][] {clipped})
                                    : Nd4j.ones(DataType.FLOAT, 1, 7));
        }
    }

    @Test
    void outputLayer_quantizesLogits_notProbabilities() {
        MultiLayerNetwork net =
                net(
                        DataType.FLOAT,
                        InputType.feedForward(6),
                        new QuantOutputLayer.Builder(LossFunction.MCXENT)
                                .nOut(4)
                                .inputQuant(Quantizers.uint8PerTensor())
                                .outputQuant(Quantizers.uintPerTensor(4))
                                .build());
        INDArray x = Nets.random(random, DataType.FLOAT, 9, 6);
        net.fit(new DataSet(x, Nets.labels(random, DataType.FLOAT, 9, 4)));
        QuantParams logits = ((QuantizedLayer) net.getLayer(0)).outputParams();
        INDArray values = ((QuantizedLogits) net.getLayer(0)).logits(x);
        assertThat(fakeQuantized(values, logits, 0)).isEqualTo(values);
        INDArray probabilities = net.output(x);
        assertThat(probabilities.sum(1).sub(1).amaxNumber().doubleValue()).isLessThan(1e-5);
        assertThat(probabilities.sub(Nd4j.nn().softmax(values, 1)).amaxNumber().doubleValue())
                .isLessThan(1e-6);
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void channelWithDeadWeightsAndALargeBias_raisesItsScale_andWarnsOnce(boolean perChannel) {
        ListAppender<ILoggingEvent> log = new ListAppender<>();
        Logger logger = (Logger) LoggerFactory.getLogger(WeightQuantizer.class);
        log.start();
        logger.addAppender(log);
        try {
            MultiLayerNetwork net =
                    net(
                            DataType.FLOAT,
                            InputType.feedForward(4),
                            new QuantDenseLayer.Builder()
                                    .name("dead")
                                    .nOut(3)
                                    .activation(Activation.IDENTITY)
                                    .weightQuant(
                                            perChannel
                                                    ? Quantizers.int8PerChannel()
                                                    : Quantizers.int8PerTensor())
                                    .inputQuant(Quantizers.uint8PerTensor())
                                    .build(),
                            new LossLayer.Builder(LossFunction.MSE)
                                    .activation(Activation.IDENTITY)
                                    .build());
            INDArray x = Nets.random(random, DataType.FLOAT, 5, 4).muli(perChannel ? 1e-3 : 1);
            net.fit(new DataSet(x, Nd4j.zeros(DataType.FLOAT, 5, 3)));
            INDArray w = net.getParam("0_W");
            w.assign(perChannel ? 0.01 : 1e-12);
            w.getColumn(1).assign(perChannel ? 0 : 1e-12);
            net.getParam("0_b").assign(Nd4j.createFromArray(0.1f, 3e6f, -0.1f));
            net.output(x);
            net.output(x);
            QuantizedWeightLayer layer = (QuantizedWeightLayer) net.getLayer(0);
            int integer = layer.integerWeights().bias()[1];
            assertThat(integer).isBetween((1 << 30) - 100, (1 << 30) + 100);
            float scale = layer.integerWeights().params().scale(1);
            assertThat(scale)
                    .isGreaterThanOrEqualTo(Bias.scaleFloor(3e6, layer.inputParams().scale()));
            assertThat(log.list)
                    .filteredOn(e -> e.getFormattedMessage().contains("overflow int32"))
                    .singleElement()
                    .satisfies(
                            e ->
                                    assertThat(e.getFormattedMessage())
                                            .contains(
                                                    "dead",
                                                    perChannel ? "channel 1" : "channel 0"));
        } finally {
            logger.detachAppender(log);
        }
    }

    @Test
    void biasIsLeftAlone_whenAskedTo() {
        MultiLayerNetwork net =
                net(
                        DataType.DOUBLE,
                        InputType.feedForward(3),
                        new QuantDenseLayer.Builder()
                                .nOut(2)
                                .activation(Activation.IDENTITY)
                                .quantization(
                                        LayerQuantization.OFF
                                                .withWeight(
                                                        TensorQuantization.weight(
                                                                Quantizers.int8PerChannel()))
                                                .withInput(
                                                        TensorQuantization.activation(
                                                                Quantizers.uintPerTensor(2)))
                                                .withQuantizeBias(false))
                                .build());
        org.deeplearning4j.nn.api.Layer layer = net.getLayer(0);
        INDArray b = Nd4j.createFromArray(0.123456789, -0.987654321);
        layer.getParam("b").assign(b);
        layer.setInput(Nd4j.zeros(DataType.DOUBLE, 1, 3), NONE);
        assertThat(layer.activate(true, NONE).reshape(2)).isEqualTo(b);
    }

    @Test
    void identityEstimatorAndLinearLoss_giveTheSameWeightGradientAtTwoAndEightBits() {
        INDArray x = Nets.random(random, DataType.FLOAT, 8, 5);
        INDArray epsilon = Nets.random(random, DataType.FLOAT, 8, 4);
        INDArray[] gradients = new INDArray[2];
        for (int i = 0; i < 2; i++) {
            MultiLayerNetwork net =
                    net(
                            DataType.FLOAT,
                            InputType.feedForward(5),
                            new QuantDenseLayer.Builder()
                                    .nOut(4)
                                    .activation(Activation.IDENTITY)
                                    .quantization(
                                            LayerQuantization.OFF.withWeight(
                                                    TensorQuantization.weight(
                                                                    Quantizers.intPerChannel(
                                                                            i == 0 ? 2 : 8))
                                                            .withEstimator(
                                                                    GradientEstimators.identity())))
                                    .build());
            org.deeplearning4j.nn.api.Layer layer = net.getLayer(0);
            layer.setInput(x, NONE);
            layer.activate(true, NONE);
            layer.setBackpropGradientsViewArray(Nd4j.zeros(DataType.FLOAT, 1, net.numParams()));
            gradients[i] =
                    layer.backpropGradient(epsilon, NONE).getFirst().gradientForVariable().get("W");
        }
        assertThat(Nets.bits(gradients[0])).isEqualTo(Nets.bits(gradients[1]));
    }

    @Test
    void constraintOnAllParameters_isForWeightsAndBias_notForRanges() {
        LayerConstraint small = new MaxNormConstraint(0.01, 1);
        List<BaseLayer> layers =
                List.of(
                        new QuantDenseLayer.Builder().constrainAllParameters(small).build(),
                        new QuantConvolutionLayer.Builder(1, 1)
                                .constrainAllParameters(small)
                                .build(),
                        new QuantOutputLayer.Builder().constrainAllParameters(small).build());
        for (BaseLayer layer : layers) {
            assertThat(((BaseConstraint) layer.getConstraints().get(0)).getParams())
                    .as(layer.toString())
                    .containsExactlyInAnyOrder("W", "b");
            LayerQuantization expected = LayerQuantization.int8();
            assertThat(((QuantLayerConfiguration) layer).getQuantization())
                    .isEqualTo(
                            layer instanceof QuantOutputLayer
                                    ? expected.withPreActivation(null)
                                    : expected);
        }
    }

    @Test
    void mask_zeroesRowsForwardAndBackward() {
        MultiLayerNetwork net =
                net(
                        DataType.FLOAT,
                        InputType.feedForward(4),
                        new QuantDenseLayer.Builder()
                                .nOut(3)
                                .activation(Activation.SIGMOID)
                                .inputQuant(Quantizers.uint8PerTensor())
                                .build());
        org.deeplearning4j.nn.api.Layer layer = net.getLayer(0);
        layer.setInput(Nets.random(random, DataType.FLOAT, 3, 4), NONE);
        layer.setMaskArray(Nd4j.createFromArray(1f, 0f, 1f).reshape(3, 1));
        INDArray y = layer.activate(true, NONE);
        assertThat(y.getRow(1).amaxNumber().doubleValue()).isZero();
        assertThat(y.getRow(0).amaxNumber().doubleValue()).isGreaterThan(0);
        layer.setBackpropGradientsViewArray(Nd4j.zeros(DataType.FLOAT, 1, net.numParams()));
        INDArray dx = layer.backpropGradient(Nd4j.ones(DataType.FLOAT, 3, 3), NONE).getSecond();
        assertThat(dx.getRow(1).amaxNumber().doubleValue()).isZero();
        assertThat(dx.getRow(2).amaxNumber().doubleValue()).isGreaterThan(0);
        INDArray exact = layer.activate(false, NONE);
        assertThat(exact.getRow(1).amaxNumber().doubleValue()).isZero();
    }

    @Test
    void maskOfANetworksData_reachesDenseLayers() {
        MultiLayerNetwork net =
                net(
                        DataType.FLOAT,
                        InputType.feedForward(4),
                        new QuantDenseLayer.Builder()
                                .nOut(3)
                                .activation(Activation.SIGMOID)
                                .inputQuant(Quantizers.uint8PerTensor())
                                .build());
        net.setLayerMaskArrays(Nd4j.createFromArray(1f, 0f, 1f).reshape(3, 1), null);
        INDArray y = net.feedForward(Nets.random(random, DataType.FLOAT, 3, 4), true).get(1);
        assertThat(y.getRow(1).amaxNumber().doubleValue()).isZero();
        assertThat(y.getRow(0).amaxNumber().doubleValue()).isGreaterThan(0);
    }

    @Test
    void inputOfTheWrongWidth_namesTheLayerAndBothNumbers() {
        MultiLayerNetwork net =
                net(
                        DataType.FLOAT,
                        InputType.feedForward(4),
                        new QuantDenseLayer.Builder().name("fc").nOut(3).build());
        org.assertj.core.api.Assertions.assertThatThrownBy(
                        () -> net.output(Nd4j.zeros(DataType.FLOAT, 2, 5)))
                .hasMessageContaining("[batch, 4]")
                .hasMessageContaining("[2, 5]")
                .hasMessageContaining("fc");
    }
}
