package io.github.dl4jqat.layers;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.dl4jqat.estimator.GradientEstimators;
import io.github.dl4jqat.observer.RangeObserver;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.Quantizers;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.assertj.core.data.Offset;
import org.deeplearning4j.gradientcheck.GradientCheckUtil;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.WorkspaceMode;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.EmbeddingLayer;
import org.deeplearning4j.nn.conf.layers.EmbeddingSequenceLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.NoOp;

/**
 * {@link QuantEmbeddingLayer} and {@link QuantEmbeddingSequenceLayer}. They read indices, so they
 * are always first and cannot stand where the contract of layers has its subject.
 */
class QuantEmbeddingLayersTest {

    private static final int ROWS = 7;
    private static final int STEPS = 4;

    /** What is embedded, and how. */
    enum Kind {
        ONE,
        ONE_WITH_BIAS_AND_FUNCTION,
        SEQUENCE,
        SEQUENCE_WITH_BIAS_NWC;

        boolean sequence() {
            return this == SEQUENCE || this == SEQUENCE_WITH_BIAS_NWC;
        }

        RNNFormat format() {
            return this == SEQUENCE ? RNNFormat.NCW : RNNFormat.NWC;
        }

        Layer stock() {
            boolean more = this == ONE_WITH_BIAS_AND_FUNCTION || this == SEQUENCE_WITH_BIAS_NWC;
            Activation f = more ? Activation.TANH : Activation.IDENTITY;
            return sequence()
                    ? new EmbeddingSequenceLayer.Builder()
                            .nIn(ROWS)
                            .nOut(5)
                            .inputLength(STEPS)
                            .hasBias(more)
                            .outputDataFormat(format())
                            .activation(f)
                            .build()
                    : new EmbeddingLayer.Builder()
                            .nIn(ROWS)
                            .nOut(5)
                            .hasBias(more)
                            .activation(f)
                            .build();
        }

        Layer twin(LayerQuantization q) {
            return sequence()
                    ? QuantEmbeddingSequenceLayer.of((EmbeddingSequenceLayer) stock(), q)
                    : QuantEmbeddingLayer.of((EmbeddingLayer) stock(), q);
        }
    }

    private static MultiLayerNetwork net(
            Kind kind, Layer subject, DataType type, IUpdater updater) {
        return net(kind, subject, type, updater, WorkspaceMode.ENABLED);
    }

    private static MultiLayerNetwork net(
            Kind kind, Layer subject, DataType type, IUpdater updater, WorkspaceMode mode) {
        List<Layer> layers = new ArrayList<>(List.of(subject));
        if (kind.sequence()) {
            GlobalPoolingLayer pool = new GlobalPoolingLayer(PoolingType.AVG);
            pool.setPoolingDimensions(new int[] {kind.format() == RNNFormat.NCW ? 2 : 1});
            layers.add(pool);
        }
        layers.add(new OutputLayer.Builder().nIn(5).nOut(3).activation(Activation.SOFTMAX).build());
        NeuralNetConfiguration.ListBuilder list =
                new NeuralNetConfiguration.Builder()
                        .seed(5)
                        .dataType(type)
                        .updater(updater)
                        .trainingWorkspaceMode(mode)
                        .inferenceWorkspaceMode(mode)
                        .list();
        layers.forEach(list::layer);
        MultiLayerNetwork net = new MultiLayerNetwork(list.build());
        net.init();
        return net;
    }

    private static DataSet data(Kind kind, DataType type) {
        Random random = new Random(3);
        int columns = kind.sequence() ? STEPS : 1;
        INDArray x = Nd4j.zeros(type, 6, columns);
        for (int i = 0; i < x.length(); i++) {
            x.putScalar(i, random.nextInt(ROWS));
        }
        return new DataSet(x, Nets.labels(random, type, 6, 3));
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void off_itIsTheStockLayer(Kind kind) {
        for (DataType type : new DataType[] {DataType.FLOAT, DataType.DOUBLE}) {
            MultiLayerNetwork off = net(kind, kind.twin(LayerQuantization.OFF), type, new NoOp());
            MultiLayerNetwork stock = net(kind, kind.stock(), type, new NoOp());
            off.params().assign(stock.params());
            DataSet data = data(kind, type);
            assertThat(Nets.bits(off.output(data.getFeatures())))
                    .isEqualTo(Nets.bits(stock.output(data.getFeatures())));
            off.fit(data);
            stock.fit(data);
            assertThat(Nets.bits(off.gradient().gradient()))
                    .isEqualTo(Nets.bits(stock.gradient().gradient()));
        }
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void gradientsAreTrue_withQuantizationOff(Kind kind) {
        DataType before = Nd4j.defaultFloatingPointType();
        Nd4j.setDefaultDataTypes(DataType.DOUBLE, DataType.DOUBLE);
        try {
            MultiLayerNetwork net =
                    net(kind, kind.twin(LayerQuantization.OFF), DataType.DOUBLE, new NoOp());
            DataSet data = data(kind, DataType.DOUBLE);
            assertThat(
                            GradientCheckUtil.checkGradients(
                                    new GradientCheckUtil.MLNConfig()
                                            .net(net)
                                            .epsilon(1e-6)
                                            .maxRelError(1e-3)
                                            .minAbsoluteError(1e-8)
                                            .input(data.getFeatures())
                                            .labels(data.getLabels())))
                    .isTrue();
        } finally {
            Nd4j.setDefaultDataTypes(before, before);
        }
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void configuration_survivesJson(Kind kind) {
        LayerQuantization q =
                LayerQuantization.OFF
                        .withOutput(TensorQuantization.activation(Quantizers.uintPerTensor(6)))
                        .withPreActivation(null)
                        .withFreezeRangesAfter(9);
        MultiLayerNetwork net = net(kind, kind.twin(q), DataType.FLOAT, new Adam(1e-2));
        Layer before = net.getLayerWiseConfigurations().getConf(0).getLayer();
        MultiLayerConfiguration back =
                MultiLayerConfiguration.fromJson(net.getLayerWiseConfigurations().toJson());
        Layer after = back.getConf(0).getLayer();
        assertThat(after).isEqualTo(before).hasSameHashCodeAs(before).isNotEqualTo(kind.stock());
        assertThat(((QuantLayerConfiguration) after).getQuantization()).isEqualTo(q);
        assertThat(after.toString()).contains(after.getClass().getSimpleName(), "int6");
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void weightsAndInputOfAQuantization_areLeftOut(Kind kind) {
        LayerQuantization q =
                LayerQuantization.int8()
                        .withInput(TensorQuantization.activation(Quantizers.uint8PerTensor()));
        LayerQuantization kept = ((QuantLayerConfiguration) kind.twin(q)).getQuantization();
        assertThat(kept.weight()).isNull();
        assertThat(kept.input()).isNull();
        assertThat(kept.preActivation()).isNull();
        assertThat(kept.output()).isEqualTo(q.output());
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void output_isOnItsGrid_andTheTableHasItsIntegers(Kind kind) {
        for (DataType type : new DataType[] {DataType.FLOAT, DataType.DOUBLE}) {
            MultiLayerNetwork net =
                    net(kind, kind.twin(LayerQuantization.int8()), type, new Adam(1e-2));
            DataSet data = data(kind, type);
            net.fit(data);
            QuantizedEmbedding layer = (QuantizedEmbedding) net.getLayer(0);
            QuantParams p = layer.outputParams();
            int[][] table = layer.integerTable();
            assertThat(table).hasNumberOfRows(ROWS);
            INDArray y = net.feedForward(data.getFeatures(), false).get(1);
            for (int example = 0; example < 6; example++) {
                for (int step = 0; step < (kind.sequence() ? STEPS : 1); step++) {
                    int index = data.getFeatures().getInt(example, step);
                    for (int column = 0; column < 5; column++) {
                        double value =
                                !kind.sequence()
                                        ? y.getDouble(example, column)
                                        : kind.format() == RNNFormat.NCW
                                                ? y.getDouble(example, column, step)
                                                : y.getDouble(example, step, column);
                        assertThat(value / p.scale() + p.zeroPoint())
                                .isCloseTo(table[index][column], Offset.offset(1e-4));
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void training_lowersTheLoss_inAllWorkspaceModes_andSurvivesSaving(Kind kind) throws Exception {
        List<MultiLayerNetwork> nets = new ArrayList<>();
        LayerQuantization q =
                LayerQuantization.OFF.withOutput(
                        new TensorQuantization(
                                Quantizers.uint8PerTensor(),
                                GradientEstimators.pact(),
                                RangeObserver.minMax()));
        for (WorkspaceMode mode : new WorkspaceMode[] {WorkspaceMode.NONE, WorkspaceMode.ENABLED}) {
            nets.add(net(kind, kind.twin(q), DataType.FLOAT, new Adam(5e-2), mode));
        }
        DataSet data = data(kind, DataType.FLOAT);
        nets.forEach(n -> n.fit(data));
        double first = nets.get(0).score();
        for (int i = 0; i < 20; i++) {
            nets.forEach(n -> n.fit(data));
        }
        assertThat(nets.get(0).score()).isLessThan(first);
        assertThat(Nets.state(nets.get(1)))
                .usingRecursiveComparison()
                .isEqualTo(Nets.state(nets.get(0)));
        MultiLayerNetwork saved = (MultiLayerNetwork) Nets.saved(nets.get(0));
        assertThat(Nets.bits(saved.output(data.getFeatures())))
                .isEqualTo(Nets.bits(nets.get(0).output(data.getFeatures())));
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void rowsThatAreNotRead_stayAsTheyAre(Kind kind) {
        MultiLayerNetwork net =
                net(kind, kind.twin(LayerQuantization.int8()), DataType.FLOAT, new Adam(1e-2));
        DataSet data = data(kind, DataType.FLOAT);
        data.getFeatures().assign(2);
        INDArray before = net.getLayer(0).getParam("W").dup();
        net.fit(data);
        INDArray moved = net.getLayer(0).getParam("W").sub(before);
        assertThat(moved.getRow(2).amaxNumber().doubleValue()).isPositive();
        for (int row = 0; row < ROWS; row++) {
            if (row != 2) {
                assertThat(moved.getRow(row).amaxNumber().doubleValue()).isZero();
            }
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = Kind.class,
            names = {"SEQUENCE"})
    void networksWithInputTypes_work(Kind kind) {
        MultiLayerNetwork net =
                new MultiLayerNetwork(
                        new NeuralNetConfiguration.Builder()
                                .seed(5)
                                .updater(new Adam(1e-2))
                                .list()
                                .layer(kind.twin(LayerQuantization.int8()))
                                .layer(new GlobalPoolingLayer(PoolingType.MAX))
                                .layer(
                                        new OutputLayer.Builder()
                                                .nOut(3)
                                                .activation(Activation.SOFTMAX)
                                                .build())
                                .setInputType(InputType.recurrent(ROWS))
                                .build());
        net.init();
        net.fit(data(kind, DataType.FLOAT));
        assertThat(net.summary(InputType.recurrent(ROWS))).contains("EmbeddingSequence");
    }
}
