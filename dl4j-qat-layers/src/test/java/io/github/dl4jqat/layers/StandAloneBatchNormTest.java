package io.github.dl4jqat.layers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.github.dl4jqat.Qat;
import io.github.dl4jqat.Seeds;
import io.github.dl4jqat.estimator.Knob;
import io.github.dl4jqat.estimator.QatSchedule;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.Quantizers;
import io.github.dl4jqat.quant.Requantization;
import io.github.dl4jqat.quant.Requantizer;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.deeplearning4j.exception.DL4JInvalidInputException;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.activations.impl.ActivationIdentity;
import org.nd4j.linalg.activations.impl.ActivationReLU;
import org.nd4j.linalg.activations.impl.ActivationSigmoid;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;

/** A batch normalization as a layer of its own: in evaluation one product and one sum each. */
@ExtendWith(Seeds.class)
class StandAloneBatchNormTest {

    private static final int CHANNELS = 3;

    private static LayerQuantization quantization() {
        return LayerQuantization.int8()
                .withInput(TensorQuantization.activation(Quantizers.uint8PerTensor()));
    }

    private static QuantBatchNormalization layer(Activation f, LayerQuantization q) {
        QuantBatchNormalization.Builder builder =
                new QuantBatchNormalization.Builder().name("norm").decay(0.8).eps(1e-3);
        if (f != null) {
            builder.activation(f);
        }
        return builder.quantization(q).build();
    }

    private static MultiLayerNetwork net(InputType input, Layer... layers) {
        List<Layer> all = new java.util.ArrayList<>(List.of(layers));
        all.add(new OutputLayer.Builder().name("out").nOut(2).build());
        return (MultiLayerNetwork)
                Nets.chain(
                        Nets.Kind.MULTI_LAYER,
                        // The function that every layer without one gets.
                        new NeuralNetConfiguration.Builder()
                                .seed(3)
                                .activation(Activation.SIGMOID)
                                .updater(new Sgd(0.05)),
                        input,
                        all);
    }

    private static InputType input(String kind) {
        return switch (kind) {
            case "columns" -> InputType.feedForward(CHANNELS);
            case "NCHW" -> InputType.convolutional(4, 5, CHANNELS, CNN2DFormat.NCHW);
            default -> InputType.convolutional(4, 5, CHANNELS, CNN2DFormat.NHWC);
        };
    }

    private static DataSet batch(Random random, InputType input, int examples) {
        long[] shape = input.getShape(true);
        shape[0] = examples;
        return new DataSet(
                Nets.random(random, DataType.FLOAT, shape).muli(2).addi(0.5),
                Nets.labels(random, DataType.FLOAT, examples, 2));
    }

    /** The integer model's arithmetic, one number after the other. */
    @ParameterizedTest
    @ValueSource(strings = {"columns", "NCHW", "NHWC"})
    void evaluation_isOneIntegerProductAndOneSum(String kind, Random random) {
        for (Activation f : new Activation[] {null, Activation.RELU}) {
            InputType input = input(kind);
            MultiLayerNetwork net = net(input, layer(f, quantization()));
            for (int i = 0; i < 5; i++) {
                net.fit(batch(random, input, 8));
            }
            net.getParam("0_gamma").putScalar(1, -0.75);
            QuantizedWeightLayer norm = (QuantizedWeightLayer) net.getLayer(0);
            QuantizedWeightLayer.IntegerWeights w = norm.integerWeights();
            assertThat(w.values()).containsExactly(127, -127, 127);
            assertThat(norm.weightLevels()).isEqualTo(w.values());
            QuantParams in = norm.inputParams();
            QuantParams out = norm.outputParams();
            Requantizer r =
                    Requantizer.of(
                            Requantization.FLOAT,
                            in.scale(),
                            w.params().scales(),
                            out,
                            f == null ? out.spec().qMin() : out.zeroPoint(),
                            out.spec().qMax());
            INDArray x = batch(random, input, 4).getFeatures();
            INDArray y = Nets.feedForward(net, x, false).get("norm");
            assertThat(y.shape()).isEqualTo(x.shape());
            float[] xs = x.dup('c').data().asFloat();
            float[] ys = y.dup('c').data().asFloat();
            for (int i = 0; i < xs.length; i++) {
                int c = kind.equals("NCHW") ? i / 20 % CHANNELS : i % CHANNELS;
                int acc = (in.quantize(xs[i], 0) - in.zeroPoint()) * w.values()[c] + w.bias()[c];
                assertThat(ys[i]).isEqualTo(out.dequantize(r.apply(acc, c), 0));
            }
        }
    }

    @Test
    void integersLoseNextToNothing(Random random) {
        InputType input = input("columns");
        MultiLayerNetwork net = net(input, layer(null, quantization()));
        for (int i = 0; i < 5; i++) {
            net.fit(batch(random, input, 8));
        }
        Map<String, INDArray> params = net.getLayer(0).paramTable();
        double[] variance = FoldedBatchNorm.variances(params);
        QuantizedWeightLayer norm = (QuantizedWeightLayer) net.getLayer(0);
        for (int c = 0; c < CHANNELS; c++) {
            double a = params.get("gamma").getDouble(c) / Math.sqrt(variance[c] + 1e-3);
            double shift = params.get("beta").getDouble(c) - a * params.get("mean").getDouble(c);
            double scale = norm.integerWeights().params().scale(c);
            assertThat(127 * scale).isCloseTo(a, within(1e-6));
            double step = scale * norm.inputParams().scale();
            assertThat(norm.integerWeights().bias()[c] * step).isCloseTo(shift, within(step));
        }
    }

    @Test
    void aGammaOfZero_givesAFactorOfZero(Random random) {
        InputType input = input("NCHW");
        MultiLayerNetwork net = net(input, layer(null, quantization()));
        net.fit(batch(random, input, 8));
        net.getParam("0_gamma").putScalar(2, 0);
        net.getParam("0_beta").putScalar(2, 0.25);
        QuantizedWeightLayer norm = (QuantizedWeightLayer) net.getLayer(0);
        assertThat(norm.integerWeights().values()[2]).isZero();
        INDArray y =
                Nets.feedForward(net, batch(random, input, 4).getFeatures(), false).get("norm");
        double step = norm.outputParams().scale();
        INDArray channel = y.tensorAlongDimension(2, 0, 2, 3);
        assertThat(channel.sub(0.25).amaxNumber().doubleValue()).isLessThanOrEqualTo(step);
        net.fit(batch(random, input, 8));
        assertThat(net.params().isNaN().any()).isFalse();
    }

    /** Step by step with stock batch normalization and an activation layer, nothing rounded. */
    @ParameterizedTest
    @ValueSource(strings = {"columns", "NCHW", "NHWC"})
    void training_followsTheStockLayer_statisticsToo(String kind, Random random) {
        InputType input = input(kind);
        MultiLayerNetwork stock =
                net(
                        input,
                        new BatchNormalization.Builder().name("norm").decay(0.8).eps(1e-3).build(),
                        new ActivationLayer.Builder().activation(Activation.TANH).build());
        MultiLayerNetwork own =
                net(
                        input,
                        layer(Activation.TANH, LayerQuantization.OFF),
                        new ActivationLayer.Builder().activation(Activation.IDENTITY).build());
        own.params().assign(stock.params());
        for (int i = 0; i < 6; i++) {
            DataSet data = batch(random, input, 7);
            stock.fit(data);
            own.fit(data);
        }
        for (String key : new String[] {"0_gamma", "0_beta", "0_mean", "0_log10stdev", "2_W"}) {
            INDArray difference = own.getParam(key).sub(stock.getParam(key));
            assertThat(difference.amaxNumber().doubleValue()).as(key).isLessThan(1e-5);
        }
        INDArray x = batch(random, input, 3).getFeatures();
        assertThat(own.output(x).sub(stock.output(x)).amaxNumber().doubleValue()).isLessThan(1e-5);
    }

    /** DL4J's stock layer ignores the function in its configuration; this one must not. */
    @Test
    void hasAFunction_onlyIfToldSo(Random random) {
        InputType input = input("columns");
        MultiLayerNetwork plain = net(input, layer(null, LayerQuantization.OFF));
        assertThat(((QuantBatchNormalization) plain.getLayer(0).conf().getLayer()))
                .extracting(QuantBatchNormalization::getActivationFn)
                .isInstanceOf(ActivationIdentity.class);
        INDArray x = batch(random, input, 5).getFeatures();
        assertThat(Nets.feedForward(plain, x, false).get("norm").minNumber().doubleValue())
                .isNegative();
        MultiLayerNetwork relu = net(input, layer(Activation.RELU, LayerQuantization.OFF));
        assertThat(Nets.feedForward(relu, x, false).get("norm").minNumber().doubleValue()).isZero();
        QuantBatchNormalization back =
                (QuantBatchNormalization)
                        org.deeplearning4j.nn.conf.MultiLayerConfiguration.fromJson(
                                        relu.getLayerWiseConfigurations().toJson())
                                .getConf(0)
                                .getLayer();
        assertThat(back.getActivationFn()).isInstanceOf(ActivationReLU.class);
        assertThat(back).isNotEqualTo(plain.getLayer(0).conf().getLayer());
    }

    @Test
    void aFunctionByTable_hasItsOwnQuantizerBefore(Random random) {
        InputType input = input("columns");
        MultiLayerNetwork net = net(input, layer(Activation.SIGMOID, quantization()));
        for (int i = 0; i < 4; i++) {
            net.fit(batch(random, input, 16));
        }
        QuantizedWeightLayer norm = (QuantizedWeightLayer) net.getLayer(0);
        assertThat(norm.preActivationParams()).isNotNull();
        int[] table =
                ActivationTable.table(
                        new ActivationSigmoid(), norm.preActivationParams(), norm.outputParams());
        INDArray y =
                Nets.feedForward(net, batch(random, input, 9).getFeatures(), false).get("norm");
        for (double v : y.dup().data().asDouble()) {
            int q = norm.outputParams().quantize((float) v, 0);
            assertThat(table).contains(q);
        }
        assertThat(y.maxNumber().doubleValue()).isBetween(0.5, 1.01);
    }

    @Test
    void statisticsFreeze_andTrainingIsEvaluationThen(Random random) {
        InputType input = input("NCHW");
        MultiLayerNetwork net =
                net(
                        input,
                        layer(
                                null,
                                LayerQuantization.OFF.withSchedule(
                                        QatSchedule.iterations().freezeBatchNormAt(2))));
        INDArray previous = null;
        for (int step = 0; step < 4; step++) {
            DataSet data = batch(random, input, 6);
            INDArray training = Nets.feedForward(net, data.getFeatures(), true).get("norm");
            INDArray evaluation = Nets.feedForward(net, data.getFeatures(), false).get("norm");
            double difference = training.sub(evaluation).amaxNumber().doubleValue();
            assertThat(difference < 1e-6).as("step %s", step).isEqualTo(step >= 2);
            INDArray gamma = net.getParam("0_gamma").dup();
            net.fit(data);
            assertThat(net.getParam("0_gamma")).as("gamma trains on").isNotEqualTo(gamma);
            INDArray mean = net.getParam("0_mean").dup();
            assertThat(mean.equals(previous)).as("step %s", step).isEqualTo(step >= 2);
            previous = mean;
        }
    }

    @Test
    void lockedConstants_areConstants(Random random) {
        InputType input = input("columns");
        QuantBatchNormalization locked =
                new QuantBatchNormalization.Builder()
                        .name("norm")
                        .lockGammaBeta(true)
                        .gamma(2)
                        .beta(0.5)
                        .useLogStd(false)
                        .eps(0)
                        .quantization(LayerQuantization.OFF)
                        .build();
        MultiLayerNetwork net = net(input, locked);
        assertThat(net.getLayer(0).paramTable()).containsOnlyKeys("mean", "var");
        INDArray x = batch(random, input, 4).getFeatures();
        INDArray y = Nets.feedForward(net, x, false).get("norm");
        assertThat(y.sub(x.mul(2).addi(0.5)).amaxNumber().doubleValue()).isLessThan(1e-6);
        net.fit(batch(random, input, 8));
        assertThat(net.getParam("0_mean").amaxNumber().doubleValue()).isPositive();
    }

    @Test
    void whatIsAskedForItsWeights_isInt8PerChannel() {
        QuantBatchNormalization norm = layer(null, LayerQuantization.OFF);
        norm.setQuantization(
                LayerQuantization.int8()
                        .withWeight(TensorQuantization.weight(Quantizers.intPerTensor(3)))
                        .withSchedule(
                                QatSchedule.iterations()
                                        .steps(Knob.PORTION, 5, 0.5, 1)
                                        .freezeRangesAt(7)));
        LayerQuantization q = norm.getQuantization();
        assertThat(q.weight()).isEqualTo(TensorQuantization.weight(Quantizers.int8PerChannel()));
        assertThat(q.schedule()).isEqualTo(QatSchedule.iterations().freezeRangesAt(7));
        assertThat(q.freezesWeights()).isFalse();
        norm.setQuantization(q.withWeight(null));
        assertThat(norm.getQuantization().weight()).isNull();
    }

    @ParameterizedTest
    @EnumSource(
            value = CNN2DFormat.class,
            names = {"NCHW", "NHWC"})
    void inputsThatDoNotFit_areRefusedWithBothNumbers(CNN2DFormat format) {
        MultiLayerNetwork net =
                net(InputType.convolutional(4, 5, CHANNELS, format), layer(null, quantization()));
        assertThatThrownBy(
                        () ->
                                net.getLayer(0)
                                        .activate(
                                                Nd4j.ones(2, 4, 6, 4),
                                                false,
                                                org.deeplearning4j.nn.workspace.LayerWorkspaceMgr
                                                        .noWorkspaces()))
                .isInstanceOf(DL4JInvalidInputException.class)
                .hasMessageContaining("Expected 3 channels")
                .hasMessageContaining("[2, 4, 6, 4]");
    }

    /** What was taken over from an activation layer goes back to it. */
    @Test
    void strips_withTheFunctionBackInItsLayer(Random random) {
        InputType input = input("columns");
        MultiLayerNetwork net =
                net(
                        input,
                        new DenseLayer.Builder().nOut(CHANNELS).activation(Activation.TANH).build(),
                        layer(Activation.RELU, quantization()),
                        new ActivationLayer.Builder().activation(Activation.IDENTITY).build());
        for (int i = 0; i < 4; i++) {
            net.fit(batch(random, input, 8));
        }
        MultiLayerNetwork stock = Qat.strip(net);
        assertThat(stock.getLayer(1).conf().getLayer().getClass())
                .isEqualTo(BatchNormalization.class);
        assertThat(((ActivationLayer) stock.getLayer(2).conf().getLayer()).getActivationFn())
                .isInstanceOf(ActivationReLU.class);
        INDArray x = batch(random, input, 6).getFeatures();
        assertThat(stock.output(x).sub(net.output(x)).amaxNumber().doubleValue()).isLessThan(0.05);
        MultiLayerNetwork nowhere = net(input, layer(Activation.RELU, quantization()));
        assertThatThrownBy(() -> Qat.strip(nowhere))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'norm'")
                .hasMessageContaining("no identity ActivationLayer follows");
    }
}
