package io.github.dl4jqat.layers;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.dl4jqat.Seeds;
import io.github.dl4jqat.estimator.QatSchedule;
import io.github.dl4jqat.layers.Nets.Kind;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.deeplearning4j.gradientcheck.GradientCheckUtil;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.Deconvolution2D;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.DepthwiseConvolution2D;
import org.deeplearning4j.nn.conf.layers.FeedForwardLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.activations.impl.ActivationTanH;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.NoOp;
import org.nd4j.linalg.learning.config.Sgd;

/** With nothing rounded, a folded batch normalization is the stock layers one after the other. */
@ExtendWith(Seeds.class)
class BatchNormFoldingTest {

    private static final int CLASSES = 3;
    private static final int CHANNELS = 4;

    /** What is folded into what. */
    enum Case {
        DENSE(false, null, true, 1e-5, false, true),
        DENSE_WITHOUT_BIAS(false, null, false, 1e-3, false, false),
        DENSE_LOCKED(false, null, true, 1e-5, true, true),
        IMAGE(true, CNN2DFormat.NCHW, true, 1e-3, false, false),
        IMAGE_WITHOUT_BIAS(true, CNN2DFormat.NCHW, false, 1e-5, false, true),
        IMAGE_LOCKED(true, CNN2DFormat.NCHW, true, 1e-5, true, false),
        CHANNELS_LAST(true, CNN2DFormat.NHWC, true, 1e-5, false, true),
        DEPTHWISE(true, CNN2DFormat.NCHW, true, 1e-5, false, true),
        DECONVOLUTION(true, CNN2DFormat.NCHW, false, 1e-5, false, true);

        private final boolean image;
        private final CNN2DFormat format;
        private final boolean bias;
        private final double eps;
        private final boolean locked;
        private final boolean logarithm;

        Case(
                boolean image,
                CNN2DFormat format,
                boolean bias,
                double eps,
                boolean locked,
                boolean logarithm) {
            this.image = image;
            this.format = format;
            this.bias = bias;
            this.eps = eps;
            this.locked = locked;
            this.logarithm = logarithm;
        }

        InputType inputType() {
            return image ? InputType.convolutional(6, 5, 2, format) : InputType.feedForward(5);
        }

        Layer stock() {
            if (this == DEPTHWISE) {
                return new DepthwiseConvolution2D.Builder(2, 2)
                        .name("linear")
                        .depthMultiplier(2)
                        .activation(Activation.IDENTITY)
                        .build();
            }
            if (this == DECONVOLUTION) {
                return new Deconvolution2D.Builder(2, 2)
                        .name("linear")
                        .nOut(CHANNELS)
                        .hasBias(false)
                        .activation(Activation.IDENTITY)
                        .build();
            }
            return image
                    ? new ConvolutionLayer.Builder(3, 2)
                            .name("linear")
                            .nOut(CHANNELS)
                            .stride(2, 1)
                            .hasBias(bias)
                            .dataFormat(format)
                            .activation(Activation.IDENTITY)
                            .build()
                    : new DenseLayer.Builder()
                            .name("linear")
                            .nOut(CHANNELS)
                            .hasBias(bias)
                            .activation(Activation.IDENTITY)
                            .build();
        }

        BatchNormalization normalization() {
            return new BatchNormalization.Builder()
                    .name("norm")
                    .eps(eps)
                    .decay(0.8)
                    .lockGammaBeta(locked)
                    .gamma(1.5)
                    .beta(-0.25)
                    .useLogStd(logarithm)
                    .build();
        }

        FeedForwardLayer folded(LayerQuantization quantization) {
            LayerQuantization q = quantization.withBatchNorm(FoldedBatchNorm.of(normalization()));
            FeedForwardLayer twin =
                    switch (this) {
                        case DEPTHWISE ->
                                StockTwin.of(stock(), QuantDepthwiseConvolution2D.class, q);
                        case DECONVOLUTION -> StockTwin.of(stock(), QuantDeconvolution2D.class, q);
                        default ->
                                image
                                        ? StockTwin.of(stock(), QuantConvolutionLayer.class, q)
                                        : StockTwin.of(stock(), QuantDenseLayer.class, q);
                    };
            twin.setActivationFn(new ActivationTanH());
            return twin;
        }

        DataSet batch(Random random, DataType type, int examples) {
            long[] shape = inputType().getShape(true);
            shape[0] = examples;
            return new DataSet(
                    Nets.random(random, type, shape), Nets.labels(random, type, examples, CLASSES));
        }
    }

    private static NeuralNetConfiguration.Builder settings(DataType type, IUpdater updater) {
        return new NeuralNetConfiguration.Builder().seed(11).dataType(type).updater(updater);
    }

    private static Layer out() {
        return new OutputLayer.Builder()
                .name("out")
                .nOut(CLASSES)
                .activation(Activation.SOFTMAX)
                .build();
    }

    private static MultiLayerNetwork stock(Case c, DataType type, IUpdater updater) {
        return (MultiLayerNetwork)
                Nets.chain(
                        Kind.MULTI_LAYER,
                        settings(type, updater),
                        c.inputType(),
                        List.of(
                                c.stock(),
                                c.normalization(),
                                new ActivationLayer.Builder()
                                        .name("tanh")
                                        .activation(Activation.TANH)
                                        .build(),
                                out()));
    }

    private static MultiLayerNetwork folded(
            Case c, DataType type, IUpdater updater, LayerQuantization quantization) {
        return (MultiLayerNetwork)
                Nets.chain(
                        Kind.MULTI_LAYER,
                        settings(type, updater),
                        c.inputType(),
                        List.of(c.folded(quantization), out()));
    }

    /** Everything random, then the same in both. */
    private static void fill(Random random, MultiLayerNetwork stock, MultiLayerNetwork folded) {
        stock.params()
                .assign(
                        Nets.random(random, stock.params().dataType(), stock.numParams())
                                .reshape(stock.params().shape()));
        Map<String, INDArray> norm = stock.getLayer("norm").paramTable();
        double[] variances = new double[CHANNELS];
        for (int c = 0; c < variances.length; c++) {
            variances[c] = 0.05 + 3 * random.nextDouble();
        }
        FoldedBatchNorm.writeVariances(variances, norm);
        copy(stock.getLayer("linear"), folded.getLayer("linear"));
        copy(stock.getLayer("out"), folded.getLayer("out"));
        FoldedBatchNorm.copyParameters(norm, folded.getLayer("linear").paramTable());
    }

    private static void copy(
            org.deeplearning4j.nn.api.Layer from, org.deeplearning4j.nn.api.Layer to) {
        from.paramTable().forEach((k, v) -> to.getParam(k).assign(v));
    }

    private static void assertClose(String what, INDArray actual, INDArray expected) {
        assertClose(what, actual, expected, 1e-6);
    }

    private static void assertClose(
            String what, INDArray actual, INDArray expected, double ofFloats) {
        double tolerance = expected.dataType() == DataType.DOUBLE ? 1e-10 : ofFloats;
        double size = Math.max(1, expected.amaxNumber().doubleValue());
        assertThat(actual.reshape(expected.shape()).sub(expected).amaxNumber().doubleValue() / size)
                .as(what)
                .isLessThanOrEqualTo(tolerance);
    }

    private static void assertSameStatistics(
            String what, MultiLayerNetwork folded, MultiLayerNetwork stock) {
        Map<String, INDArray> norm = stock.getLayer("norm").paramTable();
        Map<String, INDArray> own = folded.getLayer("linear").paramTable();
        assertClose(what + " mean", own.get("mean"), norm.get("mean"));
        INDArray variance = Nd4j.createFromArray(FoldedBatchNorm.variances(norm));
        assertClose(what + " var", own.get("var"), variance.castTo(own.get("var").dataType()));
    }

    private static final DataType[] TYPES = {DataType.FLOAT, DataType.DOUBLE};

    @ParameterizedTest
    @EnumSource(Case.class)
    void evaluation_equalsTheTwoStockLayers(Case c, Random random) {
        for (DataType type : TYPES) {
            MultiLayerNetwork stock = stock(c, type, new NoOp());
            MultiLayerNetwork folded = folded(c, type, new NoOp(), LayerQuantization.OFF);
            fill(random, stock, folded);
            INDArray x = c.batch(random, type, 5).getFeatures();
            assertClose(
                    c + " " + type,
                    Nets.feedForward(folded, x, false).get("linear"),
                    Nets.feedForward(stock, x, false).get("tanh"));
        }
    }

    @ParameterizedTest
    @EnumSource(Case.class)
    void training_equalsTheTwoStockLayers_forwardAndEveryGradient(Case c, Random random) {
        for (DataType type : TYPES) {
            for (int examples : new int[] {6, 1}) {
                if (examples == 1 && c == Case.DENSE_WITHOUT_BIAS) {
                    // The stock layer fails on it.
                    continue;
                }
                MultiLayerNetwork stock = stock(c, type, new NoOp());
                MultiLayerNetwork folded = folded(c, type, new NoOp(), LayerQuantization.OFF);
                fill(random, stock, folded);
                DataSet data = c.batch(random, type, examples);
                assertSameTraining(c + " " + type + " " + examples, stock, folded, data);
            }
        }
    }

    private static void assertSameTraining(
            String what, MultiLayerNetwork stock, MultiLayerNetwork folded, DataSet data) {
        // A batch without variance divides the rounding of float weights by the root of eps.
        double ofFloats = what.startsWith("flat") || data.numExamples() == 1 ? 1e-3 : 1e-6;
        assertClose(
                what,
                Nets.feedForward(folded, data.getFeatures(), true).get("linear"),
                Nets.feedForward(stock, data.getFeatures(), true).get("tanh"),
                ofFloats);
        var expected = stock.calculateGradients(data.getFeatures(), data.getLabels(), null, null);
        var actual = folded.calculateGradients(data.getFeatures(), data.getLabels(), null, null);
        assertClose(what + " x", actual.getSecond(), expected.getSecond(), ofFloats);
        Map<String, INDArray> of = expected.getFirst().gradientForVariable();
        Map<String, INDArray> own = actual.getFirst().gradientForVariable();
        Map<String, String> names = new LinkedHashMap<>();
        names.put("0_W", "0_W");
        names.put("0_b", "0_b");
        names.put("0_gamma", "1_gamma");
        names.put("0_beta", "1_beta");
        names.put("1_W", "3_W");
        names.forEach(
                (ours, theirs) -> {
                    if (of.containsKey(theirs) && own.containsKey(ours)) {
                        // The stock bias gets the rounding of a sum that would be zero.
                        double tolerance = ours.equals("0_b") ? 10 * ofFloats : ofFloats;
                        assertClose(what + " " + ours, own.get(ours), of.get(theirs), tolerance);
                    }
                });
        assertThat(own.containsKey("0_b")).isEqualTo(of.containsKey("0_b"));
        assertThat(own.get("0_mean").amaxNumber().doubleValue()).isZero();
        assertThat(own.get("0_var").amaxNumber().doubleValue()).isZero();
    }

    @ParameterizedTest
    @EnumSource(Case.class)
    void manySteps_followTheStockLayers_statisticsToo(Case c, Random random) {
        MultiLayerNetwork stock = stock(c, DataType.DOUBLE, new Sgd(0.1));
        MultiLayerNetwork folded = folded(c, DataType.DOUBLE, new Sgd(0.1), LayerQuantization.OFF);
        fill(random, stock, folded);
        for (int step = 0; step < 8; step++) {
            DataSet data = c.batch(random, DataType.DOUBLE, 3 + step % 3);
            stock.fit(data);
            folded.fit(data);
            assertSameStatistics("step " + step, folded, stock);
        }
        assertClose("W", folded.getParam("0_W"), stock.getParam("0_W"));
        assertClose("out", folded.getParam("1_W"), stock.getParam("3_W"));
        if (!c.locked) {
            assertClose("gamma", folded.getParam("0_gamma"), stock.getParam("1_gamma"));
            assertClose("beta", folded.getParam("0_beta"), stock.getParam("1_beta"));
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = Case.class,
            names = {"DENSE", "IMAGE", "CHANNELS_LAST"})
    void gammaOfZero_andVarianceOfZero_areAsInTheStockLayers(Case c, Random random) {
        for (DataType type : TYPES) {
            MultiLayerNetwork stock = stock(c, type, new NoOp());
            MultiLayerNetwork folded = folded(c, type, new NoOp(), LayerQuantization.OFF);
            fill(random, stock, folded);
            stock.getParam("1_gamma").putScalar(0, 0);
            // Weights of zero: each batch has the same value in that channel everywhere.
            INDArray w = stock.getParam("0_W");
            (c.image ? w.slice(1) : w.getColumn(1)).assign(0);
            FoldedBatchNorm.writeVariances(
                    new double[] {1, 0, 2, 1e-12}, stock.getLayer("norm").paramTable());
            copy(stock.getLayer("linear"), folded.getLayer("linear"));
            FoldedBatchNorm.copyParameters(
                    stock.getLayer("norm").paramTable(), folded.getLayer("linear").paramTable());
            DataSet data = c.batch(random, type, 6);
            if (type == DataType.DOUBLE) {
                assertClose(
                        c + " evaluation",
                        Nets.feedForward(folded, data.getFeatures(), false).get("linear"),
                        Nets.feedForward(stock, data.getFeatures(), false).get("tanh"));
            }
            assertSameTraining("flat " + c + " " + type, stock, folded, data);
        }
    }

    @ParameterizedTest
    @EnumSource(Case.class)
    void gradientsAreTrue_beforeAndAfterTheFreeze(Case c, Random random) {
        DataType before = Nd4j.defaultFloatingPointType();
        Nd4j.setDefaultDataTypes(DataType.DOUBLE, DataType.DOUBLE);
        try {
            for (boolean frozen : new boolean[] {false, true}) {
                MultiLayerNetwork net =
                        folded(
                                c,
                                DataType.DOUBLE,
                                new NoOp(),
                                LayerQuantization.OFF.withSchedule(
                                        QatSchedule.iterations().freezeBatchNormAt(1)));
                fill(random, stock(c, DataType.DOUBLE, new NoOp()), net);
                net.setIterationCount(frozen ? 1 : 0);
                DataSet data = c.batch(random, DataType.DOUBLE, 4);
                boolean passed =
                        GradientCheckUtil.checkGradients(
                                new GradientCheckUtil.MLNConfig()
                                        .net(net)
                                        .epsilon(1e-6)
                                        .maxRelError(1e-4)
                                        .minAbsoluteError(1e-9)
                                        .print(GradientCheckUtil.PrintMode.FAILURES_ONLY)
                                        .input(data.getFeatures())
                                        .labels(data.getLabels())
                                        // Constants, though the output depends on them.
                                        .excludeParams(frozen ? Set.of("0_mean", "0_var") : null));
                assertThat(passed).as("frozen: %s", frozen).isTrue();
            }
        } finally {
            Nd4j.setDefaultDataTypes(before, before);
        }
    }

    @ParameterizedTest
    @EnumSource(Case.class)
    void afterTheFreeze_trainingEqualsEvaluation_andStatisticsStay(Case c, Random random) {
        MultiLayerNetwork net =
                folded(
                        c,
                        DataType.DOUBLE,
                        new Sgd(0.1),
                        LayerQuantization.OFF.withSchedule(
                                QatSchedule.iterations().freezeBatchNormAt(2)));
        fill(random, stock(c, DataType.DOUBLE, new Sgd(0.1)), net);
        List<INDArray> means = new ArrayList<>();
        for (int step = 0; step < 5; step++) {
            DataSet data = c.batch(random, DataType.DOUBLE, 4);
            INDArray training = Nets.feedForward(net, data.getFeatures(), true).get("linear");
            INDArray evaluation = Nets.feedForward(net, data.getFeatures(), false).get("linear");
            double difference = training.sub(evaluation).amaxNumber().doubleValue();
            if (step < 2) {
                assertThat(difference).as("step %s", step).isGreaterThan(1e-3);
            } else {
                assertThat(difference).as("step %s", step).isLessThan(1e-12);
            }
            net.fit(data);
            means.add(net.getParam("0_mean").dup());
        }
        assertThat(means.get(0)).isNotEqualTo(means.get(1));
        assertThat(means.get(2)).isEqualTo(means.get(1));
        assertThat(means.get(4)).isEqualTo(means.get(1));
    }

    /** Without this Adam would make a random walk of rounding errors. */
    @ParameterizedTest
    @EnumSource(
            value = Case.class,
            names = {"DENSE", "IMAGE"})
    void theBiasGetsNoGradient_whileTheMeanTakesItAway(Case c, Random random) {
        MultiLayerNetwork net = folded(c, DataType.FLOAT, new Sgd(0.1), LayerQuantization.OFF);
        fill(random, stock(c, DataType.FLOAT, new Sgd(0.1)), net);
        INDArray before = net.getParam("0_b").dup();
        net.fit(c.batch(random, DataType.FLOAT, 5));
        assertThat(net.getParam("0_b")).isEqualTo(before);
    }

    @Test
    void settingsAndParameters_comeFromTheStockLayer() {
        FoldedBatchNorm folded =
                FoldedBatchNorm.of(
                        new BatchNormalization.Builder()
                                .name("n")
                                .eps(0.5)
                                .decay(0.25)
                                .minibatch(false)
                                .lockGammaBeta(true)
                                .gamma(3)
                                .beta(4)
                                .build());
        assertThat(folded).isEqualTo(new FoldedBatchNorm("n", 0.5, 0.25, false, true, 3, 4));
    }

    @Test
    void aNewNetwork_startsWhereStockBatchNormalizationDoes() {
        for (Case c : new Case[] {Case.DENSE, Case.IMAGE_LOCKED}) {
            Model net = folded(c, DataType.FLOAT, new NoOp(), LayerQuantization.OFF);
            Map<String, INDArray> params = Nets.layer(net, "linear").paramTable();
            assertThat(params.get("mean").toDoubleVector()).containsOnly(0).hasSize(CHANNELS);
            assertThat(params.get("var").toDoubleVector()).containsOnly(1).hasSize(CHANNELS);
            assertThat(params.containsKey("gamma")).isEqualTo(!c.locked);
            if (!c.locked) {
                assertThat(params.get("gamma").toDoubleVector()).containsOnly(1.5);
                assertThat(params.get("beta").toDoubleVector()).containsOnly(-0.25);
            }
        }
    }
}
