package io.github.dl4jqat.layers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.dl4jqat.Qat;
import io.github.dl4jqat.Seeds;
import io.github.dl4jqat.convert.UnsupportedLayerException;
import io.github.dl4jqat.prepare.QatConfig;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.LayerVertex;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayerWithBackprop;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.transferlearning.FineTuneConfiguration;
import org.deeplearning4j.nn.transferlearning.TransferLearning;
import org.deeplearning4j.nn.weights.WeightInit;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** Prepared networks that are cut, frozen and extended. */
@ExtendWith(Seeds.class)
class TransferTest {

    private static final int STEPS = 3;

    private final Random random = new Random(Seeds.current());

    static Stream<TrainingSubject> subjects() {
        return TrainingSubject.all();
    }

    private Model trained(TrainingSubject subject) {
        return trained(subject, QatConfig.int8());
    }

    private Model trained(TrainingSubject subject, QatConfig config) {
        Model net =
                subject.prepared(
                        new NeuralNetConfiguration.Builder().seed(4).updater(new Adam(1e-2)),
                        config);
        for (int i = 0; i < STEPS; i++) {
            Nets.fit(net, subject.batch(random, 5));
        }
        return net;
    }

    private static FineTuneConfiguration fineTuning() {
        return new FineTuneConfiguration.Builder().updater(new Sgd(0.05)).seed(9).build();
    }

    /** An edit in the words of either builder. */
    private interface Edit {
        default MultiLayerNetwork of(MultiLayerNetwork net, TransferLearning.Builder builder) {
            throw new UnsupportedOperationException(net + " with " + builder);
        }

        default ComputationGraph of(TransferLearning.GraphBuilder builder) {
            throw new UnsupportedOperationException("with " + builder);
        }
    }

    private static Model edited(Model net, Edit edit) {
        return net instanceof MultiLayerNetwork chain
                ? edit.of(
                        chain,
                        new TransferLearning.Builder(chain).fineTuneConfiguration(fineTuning()))
                : edit.of(
                        new TransferLearning.GraphBuilder((ComputationGraph) net)
                                .fineTuneConfiguration(fineTuning()));
    }

    private static int index(MultiLayerNetwork net, String layer) {
        return net.getLayerNames().indexOf(layer);
    }

    private static Map<String, INDArray> params(Model net, String layer) {
        Map<String, INDArray> copy = new LinkedHashMap<>();
        Nets.layer(net, layer).paramTable().forEach((k, v) -> copy.put(k, v.dup()));
        return copy;
    }

    private static void assertRangesAreUnset(Model net, String layer) {
        Nets.layer(net, layer)
                .paramTable()
                .forEach(
                        (k, v) -> {
                            if (k.endsWith("Range")) {
                                assertThat(v.sumNumber().doubleValue()).as(k).isZero();
                            }
                        });
    }

    private void assertTrainsAndIsExact(TrainingSubject subject, Model net) {
        DataSet batch = subject.batch(random, 8);
        Nets.fit(net, batch);
        double first = net.score();
        for (int i = 0; i < 25; i++) {
            Nets.fit(net, batch);
        }
        assertThat(net.score()).isLessThan(first);
        assertThat(TrainingSubject.verify(net, subject.data(random, 2, 6)).exact()).isTrue();
    }

    @ParameterizedTest
    @MethodSource("subjects")
    void otherNumberOfOutputs_startsThatLayerAnew_andKeepsThoseBefore(TrainingSubject subject) {
        Model net = trained(subject);
        int outputs = 11;
        Model changed =
                edited(
                        net,
                        new Edit() {
                            @Override
                            public MultiLayerNetwork of(
                                    MultiLayerNetwork chain, TransferLearning.Builder builder) {
                                return builder.nOutReplace(
                                                index(chain, subject.hidden()),
                                                outputs,
                                                WeightInit.XAVIER)
                                        .build();
                            }

                            @Override
                            public ComputationGraph of(TransferLearning.GraphBuilder builder) {
                                return builder.nOutReplace(
                                                subject.hidden(), outputs, WeightInit.XAVIER)
                                        .build();
                            }
                        });
        assertThat(params(changed, subject.first())).isEqualTo(params(net, subject.first()));
        assertThat(params(changed, subject.hidden()).get("b").length()).isEqualTo(outputs);
        assertRangesAreUnset(changed, subject.hidden());
        assertThat(((QuantizedLayer) Nets.layer(changed, subject.hidden())).quantization())
                .isEqualTo(((QuantizedLayer) Nets.layer(net, subject.hidden())).quantization());
        assertTrainsAndIsExact(subject, changed);
    }

    @ParameterizedTest
    @MethodSource("subjects")
    void featureExtractor_keepsEveryParameter_whileTheRestTrains(TrainingSubject subject) {
        Model net = trained(subject);
        Model frozen = frozenUpTo(net, subject.first());
        assertThat(
                        (frozen instanceof MultiLayerNetwork chain
                                        ? NetworkView.of(chain)
                                        : NetworkView.of((ComputationGraph) frozen))
                                .byName()
                                .get(subject.first())
                                .frozen())
                .isTrue();
        Map<String, INDArray> before = params(net, subject.first());
        Map<String, INDArray> later = params(net, subject.hidden());
        assertTrainsAndIsExact(subject, frozen);
        assertThat(params(frozen, subject.first())).isEqualTo(before);
        assertThat(params(frozen, subject.hidden()).get("W")).isNotEqualTo(later.get("W"));
        assertThat(params(frozen, subject.hidden()).get("outputRange"))
                .isNotEqualTo(later.get("outputRange"));
    }

    private static Model frozenUpTo(Model net, String layer) {
        return edited(
                net,
                new Edit() {
                    @Override
                    public MultiLayerNetwork of(
                            MultiLayerNetwork chain, TransferLearning.Builder builder) {
                        return builder.setFeatureExtractor(index(chain, layer)).build();
                    }

                    @Override
                    public ComputationGraph of(TransferLearning.GraphBuilder builder) {
                        return builder.setFeatureExtractor(layer).build();
                    }
                });
    }

    /** The network without its output layer, and two others in its place. */
    private static Model withNewHead(Model net, TrainingSubject subject, Layer dense, Layer out) {
        long width = Nets.layer(net, subject.hidden()).getParam("b").length();
        ((DenseLayer) dense).setNIn(width);
        return edited(
                net,
                new Edit() {
                    @Override
                    public MultiLayerNetwork of(
                            MultiLayerNetwork chain, TransferLearning.Builder builder) {
                        return builder.removeOutputLayer().addLayer(dense).addLayer(out).build();
                    }

                    @Override
                    public ComputationGraph of(TransferLearning.GraphBuilder builder) {
                        return builder.removeVertexAndConnections(subject.output())
                                .addLayer("extra", dense, subject.hidden())
                                .addLayer("newOut", out, "extra")
                                .setOutputs("newOut")
                                .build();
                    }
                });
    }

    @ParameterizedTest
    @MethodSource("subjects")
    void newHead_ofQuantizedLayers_findsTheScalesOfTheOldBody(TrainingSubject subject) {
        Model net = trained(subject);
        Model changed =
                withNewHead(
                        net,
                        subject,
                        new QuantDenseLayer.Builder()
                                .name("extra")
                                .nOut(5)
                                .activation(Activation.TANH)
                                .weightInit(WeightInit.XAVIER)
                                .build(),
                        new QuantOutputLayer.Builder(LossFunction.MCXENT)
                                .name("newOut")
                                .nIn(5)
                                .nOut(TrainingSubject.CLASSES)
                                .weightInit(WeightInit.XAVIER)
                                .build());
        assertThat(params(changed, subject.hidden())).isEqualTo(params(net, subject.hidden()));
        assertThat(((QuantizedLayer) Nets.layer(changed, "extra")).inputParams())
                .isEqualTo(((QuantizedLayer) Nets.layer(net, subject.hidden())).outputParams())
                .isNotNull();
        assertTrainsAndIsExact(subject, changed);
    }

    @ParameterizedTest
    @MethodSource("subjects")
    void newHead_ofStockLayers_trains_isNamedByConvert_andCanBeStripped(TrainingSubject subject) {
        Model changed =
                withNewHead(
                        trained(subject),
                        subject,
                        new DenseLayer.Builder()
                                .name("extra")
                                .nOut(5)
                                .activation(Activation.TANH)
                                .weightInit(WeightInit.XAVIER)
                                .build(),
                        new OutputLayer.Builder(LossFunction.MCXENT)
                                .name("newOut")
                                .nIn(5)
                                .nOut(TrainingSubject.CLASSES)
                                .activation(Activation.SOFTMAX)
                                .weightInit(WeightInit.XAVIER)
                                .build());
        DataSet batch = subject.batch(random, 8);
        Nets.fit(changed, batch);
        double first = changed.score();
        for (int i = 0; i < 25; i++) {
            Nets.fit(changed, batch);
        }
        assertThat(changed.score()).isLessThan(first);
        assertThatThrownBy(() -> TrainingSubject.verify(changed, subject.data(random, 1, 2)))
                .isInstanceOf(UnsupportedLayerException.class)
                .hasMessageContaining("'extra'");
        Model stripped =
                changed instanceof MultiLayerNetwork chain
                        ? Qat.strip(chain)
                        : Qat.strip((ComputationGraph) changed);
        assertThat(Nets.json(stripped)).doesNotContain("dl4jqat");
        assertThat(params(stripped, "newOut")).isEqualTo(params(changed, "newOut"));
        INDArray x = batch.getFeatures();
        assertThat(Nets.output(stripped, x).sub(Nets.output(changed, x)).amaxNumber().doubleValue())
                .isLessThan(0.05);
    }

    /** The same network with a layer in a wrapper that freezes it and lets gradients pass. */
    private static Model frozenWithBackprop(Model net, String layer) {
        if (net instanceof MultiLayerNetwork chain) {
            MultiLayerConfiguration conf = chain.getLayerWiseConfigurations().clone();
            wrap(conf.getConf(index(chain, layer)));
            MultiLayerNetwork frozen = new MultiLayerNetwork(conf);
            frozen.init(chain.params().dup(), false);
            return frozen;
        }
        ComputationGraphConfiguration old = ((ComputationGraph) net).getConfiguration();
        ComputationGraphConfiguration conf = old.clone();
        // Ranges freeze at an iteration, and DL4J's clone of a graph starts counting anew.
        conf.setIterationCount(old.getIterationCount());
        wrap(((LayerVertex) conf.getVertices().get(layer)).getLayerConf());
        ComputationGraph frozen = new ComputationGraph(conf);
        frozen.init(net.params().dup(), false);
        return frozen;
    }

    private static void wrap(NeuralNetConfiguration conf) {
        Layer inside = conf.getLayer();
        conf.setLayer(new FrozenLayerWithBackprop(inside));
        conf.getLayer().setLayerName(inside.getLayerName());
    }

    @ParameterizedTest
    @MethodSource("subjects")
    void frozenWithBackprop_keepsEveryParameter_andLetsTheGradientPass(TrainingSubject subject) {
        // Ranges that stay, so that the same values are clipped in both networks.
        Model net = trained(subject, QatConfig.builder().freezeRangesAfter(STEPS).build());
        Model frozen = frozenWithBackprop(net, subject.hidden());
        INDArray firstBefore = params(net, subject.first()).get("W");
        Map<String, INDArray> before = params(net, subject.hidden());
        DataSet batch = subject.batch(random, 8);
        // A frozen layer computes as in evaluation, which rounds in another order.
        INDArray gradient = gradient(Nets.copy(net), subject.first(), batch);
        INDArray behind = gradient(Nets.copy(frozen), subject.first(), batch);
        assertThat(gradient.norm2Number().doubleValue()).isPositive();
        assertThat(behind.distance2(gradient))
                .isLessThan(0.02 * gradient.norm2Number().doubleValue());
        Nets.fit(frozen, batch);
        assertThat(params(frozen, subject.hidden())).isEqualTo(before);
        assertThat(params(frozen, subject.first()).get("W")).isNotEqualTo(firstBefore);
        assertTrainsAndIsExact(subject, frozen);
        assertThat(params(frozen, subject.hidden())).isEqualTo(before);
    }

    private static INDArray gradient(Model net, String layer, DataSet batch) {
        if (net instanceof MultiLayerNetwork chain) {
            chain.setInput(batch.getFeatures());
            chain.setLabels(batch.getLabels());
            chain.computeGradientAndScore();
            return net.gradient().getGradientFor(index(chain, layer) + "_W").dup();
        }
        ComputationGraph graph = (ComputationGraph) net;
        graph.setInput(0, batch.getFeatures());
        graph.setLabel(0, batch.getLabels());
        graph.computeGradientAndScore();
        return net.gradient().getGradientFor(layer + "_W").dup();
    }

    @ParameterizedTest
    @MethodSource("subjects")
    void editedNetwork_survivesSaving(TrainingSubject subject) throws Exception {
        Model frozen = frozenUpTo(trained(subject), subject.first());
        Nets.fit(frozen, subject.batch(random, 5));
        Model loaded = Nets.saved(frozen);
        ListDataSetIterator<DataSet> data = subject.data(random, 1, 6);
        INDArray x = data.next().getFeatures();
        assertThat(Nets.bits(Nets.output(loaded, x))).isEqualTo(Nets.bits(Nets.output(frozen, x)));
        assertTrainsAndIsExact(subject, loaded);
    }
}
