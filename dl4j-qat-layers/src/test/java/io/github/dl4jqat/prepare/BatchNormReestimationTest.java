package io.github.dl4jqat.prepare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.github.dl4jqat.Qat;
import io.github.dl4jqat.Seeds;
import io.github.dl4jqat.layers.FoldedBatchNorm;
import io.github.dl4jqat.layers.LayerQuantization;
import io.github.dl4jqat.layers.Nets;
import io.github.dl4jqat.layers.Nets.Kind;
import io.github.dl4jqat.layers.QuantBatchNormalization;
import io.github.dl4jqat.layers.QuantConvolutionLayer;
import io.github.dl4jqat.layers.QuantDenseLayer;
import io.github.dl4jqat.layers.TensorQuantization;
import io.github.dl4jqat.quant.Quantizers;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator;
import org.deeplearning4j.datasets.iterator.utilty.SingletonMultiDataSetIterator;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.dropout.Dropout;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.learning.config.Adam;

@ExtendWith(Seeds.class)
class BatchNormReestimationTest {

    private static final InputType IMAGE = InputType.convolutional(5, 4, 2);
    private static final double EPS = 1e-4;
    private static final FoldedBatchNorm NORM =
            new FoldedBatchNorm("norm", EPS, 0.9, true, false, 1, 0);

    /** Few bits, so that rounding moves the statistics. */
    private static LayerQuantization coarse() {
        return LayerQuantization.OFF
                .withWeight(TensorQuantization.weight(Quantizers.intPerChannel(3)))
                .withBatchNorm(NORM);
    }

    private static Model net(Kind kind, DataType type, Layer... layers) {
        List<Layer> all = new ArrayList<>(List.of(layers));
        all.add(
                new OutputLayer.Builder()
                        .name("out")
                        .nOut(3)
                        .activation(Activation.SOFTMAX)
                        .build());
        return Nets.chain(
                kind,
                new NeuralNetConfiguration.Builder().seed(8).dataType(type).updater(new Adam(1e-2)),
                IMAGE,
                all);
    }

    private static Layer convolution(LayerQuantization q) {
        return new QuantConvolutionLayer.Builder(3, 3)
                .name("conv")
                .nOut(4)
                .activation(Activation.IDENTITY)
                .quantization(q)
                .build();
    }

    /** Folded, stock and quantized normalization, and dropout that must not be drawn. */
    private static Model mixed(Kind kind) {
        LayerQuantization full = LayerQuantization.int8().withBatchNorm(NORM);
        Layer dense =
                new QuantDenseLayer.Builder()
                        .name("dense")
                        .nOut(5)
                        .activation(Activation.RELU)
                        .dropOut(new Dropout(0.5))
                        .quantization(full)
                        .build();
        return net(
                kind,
                DataType.FLOAT,
                convolution(
                        full.withInput(TensorQuantization.activation(Quantizers.uint8PerTensor()))),
                new BatchNormalization.Builder().name("stock").build(),
                new QuantBatchNormalization.Builder().name("alone").build(),
                dense);
    }

    private static DataSetIterator data(Random random, DataType type, int... sizes) {
        List<DataSet> batches = new ArrayList<>();
        for (int n : sizes) {
            batches.add(
                    new DataSet(
                            Nets.random(random, type, n, 2, 5, 4).muli(3).addi(1),
                            Nets.labels(random, type, n, 3)));
        }
        return new ListDataSetIterator<>(batches, 1);
    }

    private static void reestimate(Model net, DataSetIterator data, int batches) {
        if (net instanceof MultiLayerNetwork chain) {
            Qat.reestimateBatchNorm(chain, data, batches);
        } else {
            Qat.reestimateBatchNorm((ComputationGraph) net, data, batches);
        }
    }

    private static double[] means(INDArray x) {
        return x.mean(0, 2, 3).toDoubleVector();
    }

    private static double[] variances(INDArray x) {
        return x.var(false, 0, 2, 3).toDoubleVector();
    }

    /** Afterwards the layer's output on that data is normalized, whatever its weights became. */
    @Test
    void theOutputIsNormalized_withQuantizedWeights(Random random) {
        Model net = net(Kind.MULTI_LAYER, DataType.DOUBLE, convolution(coarse()));
        Map<String, INDArray> params = Nets.layer(net, "conv").paramTable();
        params.get("gamma").assign(Nets.random(random, DataType.DOUBLE, 4).addi(1.5));
        params.get("beta").assign(Nets.random(random, DataType.DOUBLE, 4));
        params.get("b").assign(Nets.random(random, DataType.DOUBLE, 4));
        DataSetIterator data = data(random, DataType.DOUBLE, 9);
        INDArray x = data.next().getFeatures();
        for (int i = 0; i < 2; i++) {
            // The second time from statistics that are right already: they stay.
            reestimate(net, data, 1);
            INDArray y = Nets.feedForward(net, x, false).get("conv");
            for (int c = 0; c < 4; c++) {
                double v = params.get("var").getDouble(c);
                double gamma = params.get("gamma").getDouble(c);
                assertThat(means(y)[c]).isCloseTo(params.get("beta").getDouble(c), within(1e-5));
                assertThat(variances(y)[c]).isCloseTo(gamma * gamma * v / (v + EPS), within(1e-5));
            }
        }
    }

    @Test
    void batchesCountByTheirSize_andOnlySoMany(Random random) {
        Model net =
                net(
                        Kind.MULTI_LAYER,
                        DataType.DOUBLE,
                        convolution(LayerQuantization.OFF.withBatchNorm(NORM)));
        Map<String, INDArray> params = Nets.layer(net, "conv").paramTable();
        DataSetIterator data = data(random, DataType.DOUBLE, 6, 2, 50);
        List<INDArray> z = new ArrayList<>();
        // Nothing is normalized yet: gamma 1, beta 0, mean 0, and this variance.
        params.get("var").assign(1 - EPS);
        while (data.hasNext()) {
            INDArray x = data.next().getFeatures();
            z.add(Nets.feedForward(net, x, false).get("conv").dup());
        }
        reestimate(net, data, 2);
        for (int c = 0; c < 4; c++) {
            double mean = 0.75 * means(z.get(0))[c] + 0.25 * means(z.get(1))[c];
            double variance = 0.75 * variances(z.get(0))[c] + 0.25 * variances(z.get(1))[c];
            assertThat(params.get("mean").getDouble(c)).isCloseTo(mean, within(1e-9));
            assertThat(params.get("var").getDouble(c)).isCloseTo(variance, within(1e-9));
        }
    }

    @Test
    void channelsWithoutAnEffect_keepToFloatWeights(Random random) {
        Model net = net(Kind.MULTI_LAYER, DataType.DOUBLE, convolution(coarse()));
        Map<String, INDArray> params = Nets.layer(net, "conv").paramTable();
        params.get("gamma").putScalar(0, 0);
        // So small beside the others that nothing is left of it: see the floor of scales.
        params.get("gamma").putScalar(1, 1e-6);
        Model real =
                net(
                        Kind.MULTI_LAYER,
                        DataType.DOUBLE,
                        convolution(LayerQuantization.OFF.withBatchNorm(NORM)));
        Nets.layer(real, "conv").paramTable().get("W").assign(params.get("W"));
        Map<String, INDArray> ofFloats = Nets.layer(real, "conv").paramTable();
        DataSetIterator data = data(random, DataType.DOUBLE, 6);
        reestimate(net, data, 3);
        reestimate(real, data, 3);
        for (String key : new String[] {"mean", "var"}) {
            for (int c = 0; c < 4; c++) {
                double difference = params.get(key).getDouble(c) - ofFloats.get(key).getDouble(c);
                assertThat(Math.abs(difference) < 1e-9).as(key + c).isEqualTo(c < 2);
            }
        }
    }

    /** Statistics of each layer are of inputs that the layers before have normalized anew. */
    @ParameterizedTest
    @EnumSource(Kind.class)
    void stockAndQuantizedLayers_seeNormalizedInputs(Kind kind, Random random) {
        Model net = mixed(kind);
        DataSetIterator data = data(random, DataType.FLOAT, 8);
        Nets.fit(net, data.next());
        // Wrong by far.
        for (String name : new String[] {"conv", "stock", "alone", "dense"}) {
            Map<String, INDArray> params = Nets.layer(net, name).paramTable();
            params.get("mean").addi(3);
            params.getOrDefault("var", params.get("log10stdev")).addi(2);
        }
        net.getParam((kind == Kind.MULTI_LAYER ? "0" : "conv") + "_outputRange").muli(50);
        reestimate(net, data, 1);
        data.reset();
        INDArray x = data.next().getFeatures();
        Map<String, INDArray> all = Nets.feedForward(net, x, false);
        Map<String, INDArray> stock = Nets.layer(net, "stock").paramTable();
        Map<String, INDArray> alone = Nets.layer(net, "alone").paramTable();
        for (int c = 0; c < 4; c++) {
            assertThat(stock.get("mean").getDouble(c))
                    .isCloseTo(means(all.get("conv"))[c], within(1e-4));
            assertThat(Math.pow(10, 2 * stock.get("log10stdev").getDouble(c)))
                    .isCloseTo(variances(all.get("conv"))[c], within(1e-4));
            assertThat(alone.get("mean").getDouble(c))
                    .isCloseTo(means(all.get("stock"))[c], within(1e-4));
            assertThat(variances(all.get("stock"))[c]).isCloseTo(1, within(0.03));
        }
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void nothingElseChanges(Kind kind, Random random) {
        Model net = mixed(kind);
        DataSetIterator data = data(random, DataType.FLOAT, 8, 8, 8);
        Nets.fit(net, data.next());
        if (net instanceof ComputationGraph graph) {
            // Tells layers where their inputs come from, as conversion would.
            Qat.calibrate(graph, data, 1);
        }
        Map<String, INDArray> before = new LinkedHashMap<>();
        net.paramTable().forEach((k, v) -> before.put(k, v.dup()));
        List<long[]> updater = Nets.state(net);
        String conf = Nets.json(net);
        reestimate(net, data, 2);
        net.paramTable()
                .forEach(
                        (k, v) -> {
                            boolean statistic =
                                    k.endsWith("_mean")
                                            || k.endsWith("_var")
                                            || k.endsWith("_log10stdev");
                            assertThat(v.equals(before.get(k))).as(k).isEqualTo(!statistic);
                        });
        assertThat(Nets.state(net).get(1)).isEqualTo(updater.get(1));
        assertThat(Nets.json(net)).isEqualTo(conf);
        assertThat(data.hasNext()).as("the data is reset").isTrue();
        Model again = Nets.copy(net);
        assertThat(Nets.bits(Nets.output(again, data.next().getFeatures()))).hasSize(24);
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void afterAFailure_everythingIsAsBefore(Kind kind, Random random) {
        Model net = mixed(kind);
        DataSetIterator good = data(random, DataType.FLOAT, 8);
        Nets.fit(net, good.next());
        List<long[]> before = Nets.state(net);
        org.deeplearning4j.nn.api.Layer stock = Nets.layer(net, "stock");
        DataSet bad =
                new DataSet(
                        Nets.random(random, DataType.FLOAT, 2, 3, 5, 4),
                        Nets.labels(random, DataType.FLOAT, 2, 3));
        good.reset();
        DataSetIterator data = new ListDataSetIterator<>(List.of(good.next(), bad), 1);
        assertThatThrownBy(() -> reestimate(net, data, 2)).isInstanceOf(RuntimeException.class);
        assertThat(Nets.state(net)).usingRecursiveComparison().isEqualTo(before);
        assertThat(Nets.layer(net, "stock")).isSameAs(stock);
        good.reset();
        Nets.fit(net, good.next());
    }

    @Test
    void aGraphTakesSeveralInputsToo(Random random) {
        ComputationGraph one = (ComputationGraph) mixed(Kind.GRAPH);
        ComputationGraph two = (ComputationGraph) mixed(Kind.GRAPH);
        DataSetIterator data = data(random, DataType.FLOAT, 8);
        Qat.reestimateBatchNorm(one, data, 5);
        Qat.reestimateBatchNorm(
                two, new SingletonMultiDataSetIterator(data.next().toMultiDataSet()), 5);
        assertThat(Nets.state(two)).usingRecursiveComparison().isEqualTo(Nets.state(one));
    }

    @Test
    void frozenLayersKeepTheirs(Random random) {
        Layer frozen = new FrozenLayer(convolution(coarse()));
        frozen.setLayerName("conv");
        Model net =
                net(
                        Kind.MULTI_LAYER,
                        DataType.FLOAT,
                        frozen,
                        new BatchNormalization.Builder().name("stock").build());
        INDArray before = Nets.layer(net, "conv").paramTable().get("mean").dup();
        INDArray free = Nets.layer(net, "stock").paramTable().get("mean").dup();
        reestimate(net, data(random, DataType.FLOAT, 8), 1);
        assertThat(Nets.layer(net, "conv").paramTable().get("mean")).isEqualTo(before);
        assertThat(Nets.layer(net, "stock").paramTable().get("mean")).isNotEqualTo(free);
    }

    @Test
    void refusesWhatHasNothingToEstimate(Random random) {
        Model none =
                net(
                        Kind.MULTI_LAYER,
                        DataType.FLOAT,
                        new DenseLayer.Builder().name("d").nOut(4).build());
        DataSetIterator data = data(random, DataType.FLOAT, 2);
        assertThatThrownBy(() -> reestimate(none, data, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("Qat.reestimateBatchNorm")
                .hasMessageContaining("no batch normalization");
        Model net = mixed(Kind.MULTI_LAYER);
        assertThatThrownBy(() -> reestimate(net, data, 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("Qat.reestimateBatchNorm: batches=0");
        assertThatThrownBy(
                        () -> reestimate(net, new ListDataSetIterator<>(List.<DataSet>of(), 1), 3))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("Qat.reestimateBatchNorm: the data has no batch");
    }
}
