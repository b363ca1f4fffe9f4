package io.github.dl4jqat.layers;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.dl4jqat.Seeds;
import io.github.dl4jqat.estimator.GradientEstimator;
import io.github.dl4jqat.estimator.GradientEstimators;
import io.github.dl4jqat.estimator.Knob;
import io.github.dl4jqat.estimator.OscillationControl;
import io.github.dl4jqat.estimator.QatSchedule;
import io.github.dl4jqat.estimator.TensorRole;
import io.github.dl4jqat.quant.QuantSpec;
import io.github.dl4jqat.quant.Quantizers;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.weightnoise.WeightNoise;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;

/** A quantized variational autoencoder trains as the chain of dense layers that it is. */
@ExtendWith(Seeds.class)
class EncoderChainTest {

    private static final List<String> PREFIXES = List.of("e0", "e1", "pZXMean");
    private static final int FEATURES = 6;
    private static final int CLASSES = 3;
    private static final int EXAMPLES = 7;

    /** Those that draw random numbers, which are others at another place. */
    private static final Set<String> RANDOM = Set.of("quant-noise", "stochastic");

    private static Layer encoder(LayerQuantization q) {
        return new QuantVariationalAutoencoder.Builder()
                .name("codes")
                .encoderLayerSizes(5, 4)
                .decoderLayerSizes(3)
                .nOut(3)
                .activation(Activation.TANH)
                .pzxActivationFunction(Activation.RELU)
                .quantization(q)
                .build();
    }

    private static Layer dense(String name, int nOut, Activation f, LayerQuantization q) {
        return new QuantDenseLayer.Builder()
                .name(name)
                .nOut(nOut)
                .activation(f)
                .quantization(q)
                .build();
    }

    private static MultiLayerNetwork network(DataType type, Layer... layers) {
        List<Layer> all = new ArrayList<>(List.of(layers));
        all.add(
                new OutputLayer.Builder()
                        .name("out")
                        .nOut(CLASSES)
                        .activation(Activation.SOFTMAX)
                        .build());
        return (MultiLayerNetwork)
                Nets.chain(
                        Nets.Kind.MULTI_LAYER,
                        new NeuralNetConfiguration.Builder()
                                .seed(3)
                                .dataType(type)
                                .l2(0.01)
                                .updater(new Adam(0.02, 0.9, 0.999, 1e-3)),
                        InputType.feedForward(FEATURES),
                        all);
    }

    /** One network with the whole, and one with its parts, with the same parameters. */
    private record Pair(MultiLayerNetwork whole, MultiLayerNetwork chain) {

        static Pair of(DataType type, LayerQuantization q) {
            LayerQuantization behind = q.withInput(null);
            Pair pair =
                    new Pair(
                            network(type, encoder(q)),
                            network(
                                    type,
                                    dense("first", 5, Activation.TANH, q),
                                    dense("second", 4, Activation.TANH, behind),
                                    dense("codes", 3, Activation.RELU, behind)));
            pair.both(
                    (whole, part) -> {
                        assertThat(part.shape()).isEqualTo(whole.shape());
                        part.assign(whole);
                    });
            return pair;
        }

        private void both(java.util.function.BiConsumer<INDArray, INDArray> action) {
            for (int i = 0; i < PREFIXES.size(); i++) {
                String prefix = PREFIXES.get(i);
                chain.getLayer(i)
                        .paramTable()
                        .forEach(
                                (key, value) ->
                                        action.accept(
                                                whole.getLayer(0).getParam(outside(prefix, key)),
                                                value));
            }
            whole.getLayer(1)
                    .paramTable()
                    .forEach((key, value) -> action.accept(value, chain.getLayer(3).getParam(key)));
        }

        private static String outside(String prefix, String key) {
            return key.length() == 1
                    ? prefix + key
                    : prefix + Character.toUpperCase(key.charAt(0)) + key.substring(1);
        }

        void fit(DataSet data) {
            whole.fit(data);
            chain.fit(data);
        }

        void assertSame(String what, INDArray x) {
            assertThat(whole.score()).as(what).isEqualTo(chain.score());
            both((a, b) -> assertThat(Nets.bits(a)).as(what).isEqualTo(Nets.bits(b)));
            assertThat(Nets.bits(whole.output(x))).as(what).isEqualTo(Nets.bits(chain.output(x)));
        }
    }

    private static LayerQuantization int8() {
        return LayerQuantization.int8()
                .withInput(TensorQuantization.activation(Quantizers.uint8PerTensor()));
    }

    private static boolean serves(GradientEstimator estimator, QuantSpec spec, TensorRole role) {
        try {
            estimator.requireServes(spec, role);
            return true;
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    private static LayerQuantization with(GradientEstimator estimator) {
        LayerQuantization q = int8();
        for (QuantSpec spec :
                List.of(
                        Quantizers.int4PerChannel(),
                        Quantizers.ternaryPerChannel(),
                        Quantizers.binaryPerChannel())) {
            if (serves(estimator, spec, TensorRole.WEIGHT)) {
                q = q.withWeight(TensorQuantization.weight(spec).withEstimator(estimator));
                break;
            }
        }
        for (QuantSpec spec : List.of(Quantizers.uint8PerTensor(), Quantizers.uintPerTensor(4))) {
            if (serves(estimator, spec, TensorRole.ACTIVATION)) {
                q = q.withOutput(TensorQuantization.activation(spec).withEstimator(estimator));
                break;
            }
        }
        assertThat(
                        q.weight().estimator().equals(estimator)
                                || q.output().estimator().equals(estimator))
                .as("%s is used somewhere", estimator.name())
                .isTrue();
        return q;
    }

    private static DataSet batch(Random random, DataType type) {
        return new DataSet(
                Nets.random(random, type, EXAMPLES, FEATURES),
                Nets.labels(random, type, EXAMPLES, CLASSES));
    }

    static Stream<String> estimators() {
        return GradientEstimators.names().stream();
    }

    @ParameterizedTest
    @MethodSource("estimators")
    void everyEstimator_trainsAsInTheChain(String name, Random random) {
        Pair pair = Pair.of(DataType.FLOAT, with(GradientEstimators.named(name)));
        Map<String, INDArray> before = new LinkedHashMap<>();
        pair.whole().getLayer(0).paramTable().forEach((k, v) -> before.put(k, v.dup()));
        for (int i = 0; i < 4; i++) {
            pair.fit(batch(random, DataType.FLOAT));
            if (!RANDOM.contains(name)) {
                pair.assertSame(name + " " + i, batch(random, DataType.FLOAT).getFeatures());
            }
        }
        assertThat(pair.whole().params().isNaN().any()).isFalse();
        before.forEach(
                (key, value) -> {
                    if (key.matches("(e.|pZXMean)(W|.*(Scale|Clip|Alpha|Offset))")) {
                        assertThat(pair.whole().getLayer(0).getParam(key))
                                .as(key)
                                .isNotEqualTo(value);
                    }
                });
    }

    @ParameterizedTest
    @EnumSource(
            value = DataType.class,
            names = {"HALF", "FLOAT", "DOUBLE"})
    void everyDataType_trainsAsInTheChain(DataType type, Random random) {
        Pair pair = Pair.of(type, int8());
        for (int i = 0; i < 4; i++) {
            pair.fit(batch(random, type));
            pair.assertSame(type + " " + i, batch(random, type).getFeatures());
        }
    }

    @Test
    void schedulesAndOscillationControl_actAsInTheChain(Random random) {
        QatSchedule schedule =
                QatSchedule.iterations().calibrateUntil(1).freezeRangesAt(4).freezeAt(6);
        List<LayerQuantization> kinds =
                List.of(
                        int8().withSchedule(schedule),
                        with(GradientEstimators.named("power-of-two"))
                                .withSchedule(
                                        QatSchedule.iterations().ramp(Knob.PORTION, 0, 0.2, 5, 1)),
                        int8().withWeight(TensorQuantization.weight(Quantizers.int4PerChannel()))
                                .withOscillation(new OscillationControl(0.5, 0.01, 0.1)));
        for (LayerQuantization q : kinds) {
            Pair pair = Pair.of(DataType.FLOAT, q);
            for (int i = 0; i < 8; i++) {
                pair.fit(batch(random, DataType.FLOAT));
                pair.assertSame(q + " " + i, batch(random, DataType.FLOAT).getFeatures());
            }
        }
    }

    /** What a mask hides may be anything: no range and no gradient follows it. */
    @Test
    void masks_actAsInTheChain(Random random) {
        Pair pair = Pair.of(DataType.FLOAT, int8());
        Pair huge = Pair.of(DataType.FLOAT, int8().withInput(null));
        Pair small = Pair.of(DataType.FLOAT, int8().withInput(null));
        huge.whole().params().assign(small.whole().params());
        INDArray mask = Nd4j.ones(EXAMPLES, 1);
        mask.putScalar(2, 0);
        for (int i = 0; i < 3; i++) {
            DataSet data = batch(random, DataType.FLOAT);
            data.setFeaturesMaskArray(mask);
            pair.fit(data);
            pair.assertSame("masked " + i, data.getFeatures());
            INDArray y = pair.whole().output(data.getFeatures(), false, mask, null);
            assertThat(y)
                    .isEqualTo(pair.chain().output(data.getFeatures(), false, mask, null))
                    .isNotEqualTo(pair.whole().output(data.getFeatures()));
            small.whole().fit(data);
            data.getFeatures().getRow(2).muli(100);
            huge.whole().fit(data);
            assertThat(huge.whole().getLayer(0).params())
                    .isEqualTo(small.whole().getLayer(0).params());
        }
    }

    @Test
    void partsDrawTheirOwnRandomNumbers() {
        MultiLayerNetwork net = network(DataType.FLOAT, encoder(int8()), encoder(int8()));
        List<Long> streams = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            NetworkView.Node node = NetworkView.of(net).nodes().get(i);
            for (NetworkView.Node part : ((EncoderRuntime) node.running()).parts(node)) {
                TrainingClock clock = ((StatefulLayer) part.running()).state().quantizers().clock();
                streams.add(clock.moment(true, TrainingClock.WEIGHT).stream());
                streams.add(clock.moment(true, TrainingClock.OUTPUT).stream());
            }
        }
        assertThat(streams).hasSize(12).doesNotHaveDuplicates();
    }

    /** Noise is drawn once for a step, and by the weights' stock names for them. */
    @Test
    void weightNoise_isDrawnForEveryPart(Random random) {
        QuantVariationalAutoencoder subject = (QuantVariationalAutoencoder) encoder(int8());
        subject.setWeightNoise(
                new WeightNoise(
                        new org.deeplearning4j.nn.conf.distribution.NormalDistribution(0, 0.5)));
        MultiLayerNetwork net = network(DataType.FLOAT, subject);
        MultiLayerNetwork quiet = network(DataType.FLOAT, encoder(int8()));
        DataSet data = batch(random, DataType.FLOAT);
        net.fit(data);
        quiet.fit(data);
        for (String prefix : PREFIXES) {
            assertThat(net.getLayer(0).getParam(prefix + "OutputRange"))
                    .as(prefix)
                    .isNotEqualTo(quiet.getLayer(0).getParam(prefix + "OutputRange"));
        }
        assertThat(Nets.bits(net.output(data.getFeatures())))
                .isEqualTo(Nets.bits(net.output(data.getFeatures())));
    }
}
