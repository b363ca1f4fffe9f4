package io.github.dl4jqat.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.github.dl4jqat.layers.Nets;
import io.github.dl4jqat.layers.QuantDenseLayer;
import io.github.dl4jqat.layers.QuantOutputLayer;
import io.github.dl4jqat.quant.Quantizers;
import io.github.dl4jqat.report.LevelChanges.LayerChange;
import java.util.List;
import java.util.Random;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;
import org.slf4j.LoggerFactory;

class LevelChangesTest {

    /** Nothing but a weight layer without activation quantizers, so that its step is known. */
    private static Model regression(Nets.Kind kind, double rate) {
        Layer out =
                new QuantOutputLayer.Builder(LossFunction.MSE)
                        .name("out")
                        .nOut(1)
                        .hasBias(false)
                        .activation(Activation.IDENTITY)
                        .weightQuant(Quantizers.intPerTensor(3))
                        .outputQuant(null)
                        .build();
        NeuralNetConfiguration.Builder settings =
                new NeuralNetConfiguration.Builder()
                        .seed(1)
                        .dataType(DataType.DOUBLE)
                        .updater(new Sgd(rate));
        return Nets.chain(kind, settings, InputType.feedForward(4), List.of(out));
    }

    private static void set(Model net, double... weights) {
        Nets.layer(net, "out").getParam("W").assign(Nd4j.createFromArray(weights).reshape(4, 1));
    }

    private static List<LayerChange> changes(int changed, int reversed) {
        return List.of(new LayerChange("out", 4, changed, reversed));
    }

    /** Step 1 with a largest weight of 3; the levels are -3 to 3. */
    @ParameterizedTest
    @EnumSource(Nets.Kind.class)
    void countsWhatWasChangedByHand(Nets.Kind kind) {
        LevelChanges listener = new LevelChanges(1);
        Model net = regression(kind, 0);
        set(net, 3, 0.4, -0.4, 1.6);
        assertThat(listener.look(net)).as("nothing to compare with").isEmpty();
        set(net, 3, 0.2, -0.2, 1.9);
        assertThat(listener.look(net)).as("moved, but within their cells").isEqualTo(changes(0, 0));
        set(net, 3, 0.6, -0.2, 1.2);
        assertThat(listener.look(net)).as("one up, one down").isEqualTo(changes(2, 0));
        set(net, 3, 0.6, -0.2, 1.2);
        assertThat(listener.look(net)).isEqualTo(changes(0, 0));
        set(net, 3, 0.3, -1.2, 0.2);
        assertThat(listener.look(net)).as("down again is no reversal").isEqualTo(changes(3, 1));
        set(net, 3, 0.8, -0.2, 0.9);
        assertThat(listener.look(net)).as("all three back").isEqualTo(changes(3, 3));
        assertThat(listener.history()).as("looks by hand leave no record").isEmpty();
    }

    /**
     * With one feature of 1 and a label of 0.5 the weights 0 and 1 have the errors -0.5 and 0.5: a
     * rate that moves the weight across the half each time makes it jump at every iteration.
     */
    @ParameterizedTest
    @EnumSource(Nets.Kind.class)
    void seesTheKnownJumpsOfATraining(Nets.Kind kind) {
        Model net = regression(kind, 0.2);
        set(net, 3, 0.45, 2.2, -1.3);
        LevelChanges listener = new LevelChanges(1);
        net.setListeners(listener);
        listener.look(net);
        INDArray x = Nd4j.createFromArray(new double[][] {{0, 1, 0, 0}});
        INDArray y = Nd4j.createFromArray(new double[][] {{0.5}});
        DataSet data = new DataSet(x, y);
        for (int i = 0; i < 6; i++) {
            Nets.fit(net, data);
        }
        // 0.45 -> 0.65 -> 0.45 -> ...: the gradient of the squared error is twice the error.
        assertThat(listener.history())
                .extracting(LevelChanges.Look::iteration)
                .containsExactly(1, 2, 3, 4, 5, 6);
        for (LevelChanges.Look look : listener.history()) {
            assertThat(look.layers())
                    .as("iteration %d", look.iteration())
                    .isEqualTo(changes(1, look.iteration() == 1 ? 0 : 1));
            assertThat(look.changedShare()).isEqualTo(0.25);
            assertThat(look.reversedShare()).isEqualTo(look.iteration() == 1 ? 0 : 0.25);
        }
    }

    private static Model classifier(Nets.Kind kind) {
        NeuralNetConfiguration.Builder settings =
                new NeuralNetConfiguration.Builder().seed(1).updater(new Sgd(0.3));
        return Nets.chain(
                kind,
                settings,
                InputType.feedForward(5),
                List.of(
                        new QuantDenseLayer.Builder()
                                .name("first")
                                .nOut(6)
                                .activation(Activation.RELU)
                                .weightQuant(Quantizers.int4PerChannel())
                                .inputQuant(Quantizers.uint8PerTensor())
                                .outputQuant(Quantizers.uint8PerTensor())
                                .build(),
                        new QuantDenseLayer.Builder()
                                .name("float weights")
                                .nOut(3)
                                .activation(Activation.RELU)
                                .weightQuant(null)
                                .outputQuant(Quantizers.uint8PerTensor())
                                .build(),
                        new OutputLayer.Builder(LossFunction.MCXENT)
                                .name("end")
                                .nOut(3)
                                .activation(Activation.SOFTMAX)
                                .build()));
    }

    @ParameterizedTest
    @EnumSource(Nets.Kind.class)
    void looksWhenItShouldAndLogsALine(Nets.Kind kind) {
        Logger logger = (Logger) LoggerFactory.getLogger(LevelChanges.class);
        Level level = logger.getLevel();
        ListAppender<ILoggingEvent> lines = new ListAppender<>();
        lines.start();
        logger.setLevel(Level.INFO);
        logger.addAppender(lines);
        try {
            Random random = new Random(3);
            DataSet data =
                    new DataSet(
                            Nets.random(random, DataType.FLOAT, 8, 5),
                            Nets.labels(random, DataType.FLOAT, 8, 3));
            Model net = classifier(kind);
            Model alone = classifier(kind);
            LevelChanges listener = new LevelChanges(3, 6);
            net.setListeners(listener);
            for (int i = 0; i < 14; i++) {
                Nets.fit(net, data);
                Nets.fit(alone, data);
            }
            assertThat(listener.history())
                    .as("iteration 3 has nothing to compare with")
                    .extracting(LevelChanges.Look::iteration)
                    .containsExactly(6, 9, 12);
            assertThat(listener.history().get(0).layers())
                    .extracting(LayerChange::layer)
                    .as("only layers with quantized weights")
                    .containsExactly("first");
            assertThat(listener.history().get(0).layers().get(0).weights()).isEqualTo(30);
            assertThat(listener.history().get(0).layers().get(0).changed()).isBetween(1L, 29L);
            assertThat(lines.list)
                    .extracting(ILoggingEvent::getFormattedMessage)
                    .hasSize(2)
                    .allMatch(l -> l.matches("Iteration (6|12), changed levels: first .* back\\)"));
            assertThat(Nets.bits(net.params()))
                    .as("a look moves nothing")
                    .isEqualTo(Nets.bits(alone.params()));
        } finally {
            logger.detachAppender(lines);
            logger.setLevel(level);
        }
    }

    @Test
    void otherNetworkStartsAnew() {
        LevelChanges listener = new LevelChanges(1);
        Model first = regression(Nets.Kind.MULTI_LAYER, 0);
        Model second = regression(Nets.Kind.GRAPH, 0);
        set(first, 3, 0, 0, 0);
        set(second, 3, 1, 1, 1);
        assertThat(listener.look(first)).isEmpty();
        assertThat(listener.look(second)).isEmpty();
        assertThat(listener.look(second)).isEqualTo(changes(0, 0));
    }

    @Test
    void namesWhatIsWrong() {
        assertThatThrownBy(() -> new LevelChanges(0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("every=0, logEvery=0; expected at least 1");
        assertThatThrownBy(() -> new LevelChanges(3, 10))
                .hasMessageContaining("every=3, logEvery=10")
                .hasMessageContaining("a multiple of it, or 0 for none");
        assertThatThrownBy(() -> new LevelChanges(3).look(null))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("MultiLayerNetwork or a ComputationGraph");
    }
}
