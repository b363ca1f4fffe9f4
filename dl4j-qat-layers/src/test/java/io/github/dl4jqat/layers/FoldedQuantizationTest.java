package io.github.dl4jqat.layers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.github.dl4jqat.Qat;
import io.github.dl4jqat.Seeds;
import io.github.dl4jqat.convert.VerificationReport;
import io.github.dl4jqat.estimator.GradientEstimators;
import io.github.dl4jqat.estimator.Knob;
import io.github.dl4jqat.estimator.OscillationControl;
import io.github.dl4jqat.estimator.QatSchedule;
import io.github.dl4jqat.integer.IntegerNetwork;
import io.github.dl4jqat.quant.Quantizers;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.transferlearning.FineTuneConfiguration;
import org.deeplearning4j.nn.transferlearning.TransferLearning;
import org.deeplearning4j.parallelism.ParallelWrapper;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** What is quantized when a batch normalization is folded in. */
@ExtendWith(Seeds.class)
class FoldedQuantizationTest {

    private static final int IN = 3;
    private static final int OUT = 2;
    private static final double EPS = 1e-3;

    private static final FoldedBatchNorm NORM =
            new FoldedBatchNorm("norm", EPS, 0.9, true, false, 1, 0);

    private static final LayerQuantization WEIGHTS_ONLY =
            LayerQuantization.OFF.withWeight(
                    TensorQuantization.weight(Quantizers.int4PerChannel())
                            .withEstimator(GradientEstimators.identity()));

    /** A dense layer, and a loss whose gradient at the layer's output is a constant. */
    private static MultiLayerNetwork dense(LayerQuantization q) {
        MultiLayerNetwork net =
                new MultiLayerNetwork(
                        new NeuralNetConfiguration.Builder()
                                .seed(1)
                                .dataType(DataType.DOUBLE)
                                .updater(new Sgd(0))
                                .list()
                                .layer(
                                        new QuantDenseLayer.Builder()
                                                .nIn(IN)
                                                .nOut(OUT)
                                                .activation(Activation.IDENTITY)
                                                .quantization(q)
                                                .build())
                                .layer(
                                        new OutputLayer.Builder(LossFunction.MSE)
                                                .nIn(OUT)
                                                .nOut(OUT)
                                                .activation(Activation.IDENTITY)
                                                .build())
                                .build());
        net.init();
        return net;
    }

    /** All numbers of a small layer, in plain Java. */
    private static final class Plain {
        private final double[][] x;
        private final double[][] w = new double[IN][OUT];
        private final double[] b = new double[OUT];
        private final double[] gamma = new double[OUT];
        private final double[] beta = new double[OUT];
        private final double[] variance = new double[OUT];

        /**
         * What rounding adds to the folded weights; held fixed while anything is differentiated.
         */
        private final double[][] rounding = new double[IN][OUT];

        Plain(Random random, int examples) {
            x = new double[examples][IN];
            for (double[][] m : new double[][][] {x, w, {b, gamma, beta}}) {
                for (double[] row : m) {
                    for (int i = 0; i < row.length; i++) {
                        row[i] = random.nextGaussian();
                    }
                }
            }
            for (int c = 0; c < OUT; c++) {
                variance[c] = 0.1 + random.nextDouble();
            }
        }

        double factor(int c) {
            return gamma[c] / Math.sqrt(variance[c] + EPS);
        }

        /** Rounds to int4 with a scale for each output, as a quantizer would. */
        void round() {
            for (int c = 0; c < OUT; c++) {
                double largest = 0;
                for (int i = 0; i < IN; i++) {
                    largest = Math.max(largest, Math.abs(w[i][c] * factor(c)));
                }
                double scale = ((float) largest / 7);
                for (int i = 0; i < IN; i++) {
                    double folded = w[i][c] * factor(c);
                    rounding[i][c] = scale == 0 ? 0 : Math.rint(folded / scale) * scale - folded;
                }
            }
        }

        double[][] y() {
            int n = x.length;
            double[][] y = new double[n][OUT];
            for (int c = 0; c < OUT; c++) {
                double[] z = new double[n];
                double[] u = new double[n];
                double mean = 0;
                for (int k = 0; k < n; k++) {
                    z[k] = b[c];
                    for (int i = 0; i < IN; i++) {
                        z[k] += x[k][i] * w[i][c];
                        u[k] += x[k][i] * (w[i][c] * factor(c) + rounding[i][c]);
                    }
                    mean += z[k] / n;
                }
                double v = 0;
                for (int k = 0; k < n; k++) {
                    v += (z[k] - mean) * (z[k] - mean) / n;
                }
                double s = Math.sqrt(v + EPS);
                double r = Math.sqrt(variance[c] + EPS);
                for (int k = 0; k < n; k++) {
                    y[k][c] = u[k] * r / s + beta[c] - gamma[c] * (mean - b[c]) / s;
                }
            }
            return y;
        }

        double loss(double[][] direction) {
            double[][] y = y();
            double sum = 0;
            for (int k = 0; k < y.length; k++) {
                for (int c = 0; c < OUT; c++) {
                    sum += direction[k][c] * y[k][c];
                }
            }
            return sum;
        }

        double derivative(double[] row, int i, double[][] direction) {
            double h = 1e-6;
            double before = row[i];
            row[i] = before + h;
            double up = loss(direction);
            row[i] = before - h;
            double down = loss(direction);
            row[i] = before;
            return (up - down) / (2 * h);
        }

        void into(MultiLayerNetwork net) {
            net.getParam("0_W").assign(Nd4j.createFromArray(w));
            net.getParam("0_b").assign(Nd4j.createFromArray(b));
            net.getParam("0_gamma").assign(Nd4j.createFromArray(gamma));
            net.getParam("0_beta").assign(Nd4j.createFromArray(beta));
            net.getParam("0_var").assign(Nd4j.createFromArray(variance));
        }
    }

    /** Against the formula in plain Java, with the rounding taken for a constant. */
    @Test
    void theGradientIsStraightThrough_atTheFoldedWeights(Random random) {
        for (int round = 0; round < 8; round++) {
            Plain plain = new Plain(random, 6);
            if (round == 5) {
                plain.gamma[1] = 0;
            }
            for (int i = 0; round >= 6 && i < IN; i++) {
                // A batch that deviates less than eps, or not at all.
                plain.w[i][0] *= round == 6 ? 1e-2 : 0;
            }
            plain.round();
            MultiLayerNetwork net = dense(WEIGHTS_ONLY.withBatchNorm(NORM));
            plain.into(net);
            INDArray x = Nd4j.createFromArray(plain.x);
            assertThat(net.feedForward(x, true).get(1).toDoubleMatrix())
                    .satisfies(y -> assertClose(y, plain.y()));
            double[][] direction = gradientAtTheOutput(net, x, random, plain.y());
            var all = net.calculateGradients(x, labels, null, null);
            Map<String, INDArray> gradients = all.getFirst().gradientForVariable();
            for (int c = 0; c < OUT; c++) {
                for (int i = 0; i < IN; i++) {
                    assertThat(gradients.get("0_W").getDouble(i, c))
                            .isCloseTo(plain.derivative(plain.w[i], c, direction), within(1e-6));
                }
                assertThat(gradients.get("0_b").getDouble(c)).isZero();
                assertThat(plain.derivative(plain.b, c, direction)).isCloseTo(0, within(1e-6));
                assertThat(gradients.get("0_gamma").getDouble(c))
                        .isCloseTo(plain.derivative(plain.gamma, c, direction), within(1e-6));
                assertThat(gradients.get("0_beta").getDouble(c))
                        .isCloseTo(plain.derivative(plain.beta, c, direction), within(1e-6));
            }
            for (int k = 0; k < plain.x.length; k++) {
                for (int i = 0; i < IN; i++) {
                    assertThat(all.getSecond().getDouble(k, i))
                            .isCloseTo(plain.derivative(plain.x[k], i, direction), within(1e-6));
                }
            }
        }
    }

    private INDArray labels;

    /** The gradient that mean squared error has at the first layer's output. */
    private double[][] gradientAtTheOutput(
            MultiLayerNetwork net, INDArray x, Random random, double[][] y) {
        labels = Nets.random(random, DataType.DOUBLE, x.size(0), OUT);
        INDArray out = Nd4j.createFromArray(y).mmul(net.getParam("1_W"));
        out.addiRowVector(net.getParam("1_b"));
        INDArray delta = out.sub(labels).muli(2.0 / OUT);
        return delta.mmul(net.getParam("1_W").transpose()).toDoubleMatrix();
    }

    private static void assertClose(double[][] actual, double[][] expected) {
        for (int k = 0; k < expected.length; k++) {
            assertThat(actual[k]).containsExactly(expected[k], within(1e-9));
        }
    }

    private static float[] scales(MultiLayerNetwork net) {
        return ((QuantizedWeightLayer) net.getLayer(0)).integerWeights().params().scales();
    }

    private static MultiLayerNetwork calibrated(LayerQuantization q, Random random) {
        MultiLayerNetwork net =
                dense(
                        q.withInput(TensorQuantization.activation(Quantizers.uint8PerTensor()))
                                .withOutput(
                                        TensorQuantization.activation(Quantizers.uint8PerTensor()))
                                .withBatchNorm(NORM));
        net.fit(
                Nets.random(random, DataType.DOUBLE, 8, IN),
                Nets.random(random, DataType.DOUBLE, 8, OUT));
        return net;
    }

    @Test
    void gammaAndVariance_moveTheScaleOfTheirChannelAlone(Random random) {
        MultiLayerNetwork net = calibrated(WEIGHTS_ONLY, random);
        float[] before = scales(net);
        int[] integers = ((QuantizedWeightLayer) net.getLayer(0)).weightLevels();
        net.getParam("0_gamma").putScalar(1, 4 * net.getParam("0_gamma").getDouble(1));
        assertThat(scales(net)[0]).isEqualTo(before[0]);
        assertThat(scales(net)[1] / before[1]).isCloseTo(4, within(1e-6f));
        double variance = net.getParam("0_var").getDouble(0);
        net.getParam("0_var").putScalar(0, 4 * (variance + EPS) - EPS);
        assertThat(scales(net)[0] / before[0]).isCloseTo(0.5f, within(1e-6f));
        assertThat(((QuantizedWeightLayer) net.getLayer(0)).weightLevels()).isEqualTo(integers);
        net.getParam("0_gamma").putScalar(1, -net.getParam("0_gamma").getDouble(1));
        int[] mirrored = ((QuantizedWeightLayer) net.getLayer(0)).weightLevels();
        for (int i = 0; i < mirrored.length; i++) {
            assertThat(mirrored[i]).isEqualTo(i < IN ? integers[i] : -integers[i]);
        }
    }

    @Test
    void aGammaOfZero_leavesTheShift(Random random) {
        MultiLayerNetwork net = calibrated(WEIGHTS_ONLY, random);
        net.getParam("0_gamma").putScalar(0, 0);
        net.getParam("0_beta").putScalar(0, 0.5);
        net.getParam("0_outputRange").assign(Nd4j.createFromArray(-2.0, 2.0, 5.0));
        INDArray x = Nets.random(random, DataType.DOUBLE, 7, IN);
        QuantizedWeightLayer layer = (QuantizedWeightLayer) net.getLayer(0);
        double step = layer.outputParams().scale();
        assertThat(layer.integerWeights().values()).startsWith(0, 0, 0);
        for (boolean training : new boolean[] {true, false}) {
            INDArray y = net.feedForward(x, training).get(1);
            for (int k = 0; k < 7; k++) {
                assertThat(y.getDouble(k, 0)).isCloseTo(0.5, within(step));
            }
        }
        var gradients =
                net.calculateGradients(x, Nets.random(random, DataType.DOUBLE, 7, OUT), null, null)
                        .getFirst()
                        .gradientForVariable();
        gradients.forEach((k, g) -> assertThat(g.isNaN().any()).as(k).isFalse());
        assertThat(gradients.get("0_W").getColumn(0).amaxNumber().doubleValue()).isZero();
        assertThat(gradients.get("0_gamma").getDouble(0)).as("it can recover").isNotZero();
    }

    private static final InputType IMAGE = InputType.convolutional(6, 6, 2);

    private static MultiLayerNetwork images(boolean bias, IUpdater updater) {
        LayerQuantization q = LayerQuantization.int8().withBatchNorm(NORM);
        Layer first =
                new QuantConvolutionLayer.Builder(3, 3)
                        .name("first")
                        .nOut(4)
                        .hasBias(bias)
                        .convolutionMode(ConvolutionMode.Same)
                        .activation(Activation.RELU)
                        .quantization(
                                q.withInput(
                                        TensorQuantization.activation(Quantizers.uint8PerTensor())))
                        .build();
        Layer second =
                new QuantDenseLayer.Builder()
                        .name("second")
                        .nOut(5)
                        .hasBias(bias)
                        .activation(Activation.TANH)
                        .quantization(q)
                        .build();
        Layer out =
                new QuantOutputLayer.Builder(LossFunction.MCXENT)
                        .name("out")
                        .nOut(3)
                        .activation(Activation.SOFTMAX)
                        .build();
        return (MultiLayerNetwork)
                Nets.chain(
                        Nets.Kind.MULTI_LAYER,
                        new NeuralNetConfiguration.Builder().seed(4).updater(updater),
                        IMAGE,
                        List.of(first, second, out));
    }

    private static DataSetIterator data(Random random, int batches) {
        List<DataSet> list = new ArrayList<>();
        for (int i = 0; i < batches; i++) {
            list.add(
                    new DataSet(
                            Nets.random(random, DataType.FLOAT, 6, 2, 6, 6).addi(0.4),
                            Nets.labels(random, DataType.FLOAT, 6, 3)));
        }
        return new ListDataSetIterator<>(list, 6);
    }

    /** Trained, with normalization in the weights, and the same integers in the integer model. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void convertsToTheVeryIntegersOfEvaluation(boolean bias, Random random) throws IOException {
        MultiLayerNetwork net = images(bias, new Adam(1e-2));
        DataSetIterator data = data(random, 4);
        net.fit(data, 2);
        for (MultiLayerNetwork each :
                List.of(net, (MultiLayerNetwork) Nets.saved(net), net.clone())) {
            data.reset();
            try (IntegerNetwork integer = Qat.convert(each)) {
                VerificationReport report = Qat.verify(each, integer, data);
                assertThat(report.exact()).as("%s", report).isTrue();
                assertThat(report.layers()).hasSizeGreaterThan(2);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void stripsToTheStockLayer_withWhatIsFolded(boolean bias, Random random) {
        MultiLayerNetwork net = images(bias, new Adam(1e-2));
        DataSetIterator data = data(random, 4);
        net.fit(data, 2);
        MultiLayerNetwork stock = Qat.strip(net);
        QuantizedWeightLayer.IntegerWeights integers =
                ((QuantizedWeightLayer) net.getLayer(1)).integerWeights();
        INDArray w = stock.getParam("1_W");
        assertThat(stock.getLayer(1).paramTable()).containsOnlyKeys("W", "b");
        for (int c = 0; c < 5; c++) {
            double scale = integers.params().scale(c);
            for (int i = 0; i < w.size(0); i++) {
                assertThat(w.getDouble(i, c))
                        .isCloseTo(
                                integers.values()[(int) (c * w.size(0) + i)] * scale, within(1e-6));
            }
            double input = ((QuantizedLayer) net.getLayer(1)).inputParams().scale();
            assertThat(stock.getParam("1_b").getDouble(c))
                    .isCloseTo(integers.bias()[c] * scale * input, within(1e-6));
        }
        data.reset();
        INDArray x = data.next().getFeatures();
        assertThat(stock.output(x).sub(net.output(x)).amaxNumber().doubleValue()).isLessThan(0.1);
    }

    @Test
    void transferLearning_takesTheStatisticsAlong(Random random) {
        MultiLayerNetwork net = images(true, new Sgd(0.05));
        net.fit(data(random, 4));
        MultiLayerNetwork tuned =
                new TransferLearning.Builder(net)
                        .fineTuneConfiguration(
                                new FineTuneConfiguration.Builder().updater(new Sgd(0.01)).build())
                        .setFeatureExtractor(0)
                        .build();
        for (String key : new String[] {"gamma", "beta", "mean", "var"}) {
            assertThat(tuned.getParam("0_" + key)).isEqualTo(net.getParam("0_" + key));
            assertThat(tuned.getParam("1_" + key)).isEqualTo(net.getParam("1_" + key));
        }
        INDArray frozen = tuned.getParam("0_mean").dup();
        INDArray free = tuned.getParam("1_mean").dup();
        tuned.fit(data(random, 2));
        assertThat(tuned.getParam("0_mean")).isEqualTo(frozen);
        assertThat(tuned.getParam("1_mean")).isNotEqualTo(free);
    }

    @ParameterizedTest
    @EnumSource(
            value = ParallelWrapper.TrainingMode.class,
            names = {"AVERAGING", "SHARED_GRADIENTS"})
    void parallelTraining_movesStatisticsAsFarAsASingleThread(
            ParallelWrapper.TrainingMode mode, Random random) {
        MultiLayerNetwork single = images(true, new Sgd(0));
        MultiLayerNetwork parallel = images(true, new Sgd(0));
        DataSet batch = data(random, 1).next();
        List<DataSet> same = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            same.add(batch);
        }
        // Nothing learns, and all batches are alike: each worker sees half as many.
        single.fit(new ListDataSetIterator<>(same.subList(0, 6), 1));
        // The second worker copies the model when its thread starts, and may find what the first
        // one has done with its first batch in it: it is then a batch ahead.
        MultiLayerNetwork ahead = single.clone();
        ahead.fit(batch);
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
        for (String key : new String[] {"0_mean", "0_var"}) {
            INDArray difference = parallel.getParam(key).sub(single.getParam(key));
            INDArray aBatch = ahead.getParam(key).sub(single.getParam(key));
            assertThat(difference.amaxNumber().doubleValue())
                    .as(mode + key)
                    .isLessThan(aBatch.amaxNumber().doubleValue() + 1e-3);
            assertThat(parallel.getParam(key).isNaN().any()).isFalse();
        }
        assertThat(parallel.getParam("0_var").getDouble(0)).isBetween(0.0, 0.99);
    }

    /** An estimator that holds its weights within 1 means those that it sees. */
    @Test
    void aBoundOnWeights_isOneOnTheFoldedOnes(Random random) {
        MultiLayerNetwork net =
                dense(
                        LayerQuantization.OFF
                                .withWeight(
                                        TensorQuantization.weight(Quantizers.binaryPerChannel())
                                                .withEstimator(GradientEstimators.binary()))
                                .withBatchNorm(NORM));
        Plain plain = new Plain(random, 6);
        plain.gamma[0] = 0;
        plain.gamma[1] = -3;
        plain.variance[1] = 1 - EPS;
        plain.into(net);
        net.getParam("0_W").muli(5);
        INDArray before = net.getParam("0_W").dup();
        net.fit(
                Nets.random(random, DataType.DOUBLE, 6, IN),
                Nets.random(random, DataType.DOUBLE, 6, OUT));
        double r = Math.sqrt(net.getParam("0_var").getDouble(1) + EPS);
        INDArray after = net.getParam("0_W");
        for (int i = 0; i < IN; i++) {
            assertThat(after.getDouble(i, 0)).isEqualTo(before.getDouble(i, 0));
            double bound = r / 3;
            double expected = Math.max(-bound, Math.min(bound, before.getDouble(i, 1)));
            assertThat(after.getDouble(i, 1)).isCloseTo(expected, within(1e-12));
        }
    }

    @Test
    void weightsFrozenOneByOne_areRefused() {
        LayerQuantization folded = LayerQuantization.int8().withBatchNorm(NORM);
        assertThatThrownBy(
                        () ->
                                folded.withSchedule(
                                        QatSchedule.iterations().steps(Knob.PORTION, 5, 0.5, 1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(Knob.PORTION.word())
                .hasMessageContaining("folded batch normalization 'norm'")
                .hasMessageContaining("QuantBatchNormalization");
        assertThatThrownBy(() -> folded.withOscillation(new OscillationControl(0.1, 0.2, 0.3)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("folded batch normalization 'norm'");
        assertThat(folded.withSchedule(QatSchedule.iterations().freezeBatchNormAt(4)).batchNorm())
                .isEqualTo(NORM);
    }

    @Test
    void layersWithoutAPlaceForIt_refuseIt() {
        LayerQuantization q =
                LayerQuantization.OFF
                        .withOutput(TensorQuantization.activation(Quantizers.uint8PerTensor()))
                        .withBatchNorm(NORM);
        for (QuantLayerConfiguration layer :
                new QuantLayerConfiguration[] {
                    new QuantOutputLayer.Builder(LossFunction.MSE).nOut(2).build(),
                    new FakeQuantLayer.Builder().build(),
                    QuantActivationLayer.of(
                            new org.deeplearning4j.nn.conf.layers.ActivationLayer(Activation.TANH),
                            LayerQuantization.OFF),
                    new QuantBatchNormalization.Builder().build()
                }) {
            assertThatThrownBy(() -> layer.setQuantization(q))
                    .as(layer.getClass().getSimpleName())
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("folded batch normalization 'norm'")
                    .hasMessageContaining("QuantBatchNormalization");
        }
    }

    @Test
    void settingsOutsideTheirRange_areRefused() {
        for (double bad : new double[] {-0.1, 1.1, Double.NaN}) {
            assertThatThrownBy(() -> new FoldedBatchNorm("n", 1e-5, bad, true, false, 1, 0))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("decay=" + bad);
        }
        assertThatThrownBy(() -> new FoldedBatchNorm("n", -1, 0.9, true, false, 1, 0))
                .hasMessageContaining("eps=-1.0");
    }

    /** Bytes of a mask are no part of a convolution; dense layers behind sequences have them. */
    @Test
    void maskedRows_countAsInTheStockLayers_andStayZero(Random random) {
        MultiLayerNetwork net = dense(LayerQuantization.OFF.withBatchNorm(NORM));
        Plain plain = new Plain(random, 4);
        plain.into(net);
        INDArray x = Nd4j.createFromArray(plain.x);
        org.deeplearning4j.nn.api.Layer layer = net.getLayer(0);
        layer.setMaskArray(Nd4j.createFromArray(1.0, 0, 1, 1).reshape(4, 1));
        INDArray y =
                layer.activate(
                        x.dup(),
                        true,
                        org.deeplearning4j.nn.workspace.LayerWorkspaceMgr.noWorkspaces());
        double[][] z =
                x.mmul(net.getParam("0_W")).addiRowVector(net.getParam("0_b")).toDoubleMatrix();
        for (int c = 0; c < OUT; c++) {
            z[1][c] = 0;
            double mean = 0;
            double v = 0;
            for (double[] row : z) {
                mean += row[c] / 4;
            }
            for (double[] row : z) {
                v += (row[c] - mean) * (row[c] - mean) / 4;
            }
            for (int k = 0; k < 4; k++) {
                double expected =
                        plain.gamma[c] * (z[k][c] - mean) / Math.sqrt(v + EPS) + plain.beta[c];
                assertThat(y.getDouble(k, c)).isCloseTo(k == 1 ? 0 : expected, within(1e-10));
            }
        }
    }
}
