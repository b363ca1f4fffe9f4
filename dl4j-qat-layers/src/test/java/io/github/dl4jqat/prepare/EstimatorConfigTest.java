package io.github.dl4jqat.prepare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.dl4jqat.Qat;
import io.github.dl4jqat.estimator.Binary;
import io.github.dl4jqat.estimator.GradientEstimator;
import io.github.dl4jqat.estimator.GradientEstimators;
import io.github.dl4jqat.estimator.Knob;
import io.github.dl4jqat.estimator.OscillationControl;
import io.github.dl4jqat.estimator.QatSchedule;
import io.github.dl4jqat.estimator.SoftQuantization;
import io.github.dl4jqat.layers.LayerQuantization;
import io.github.dl4jqat.layers.QuantLayerConfiguration;
import io.github.dl4jqat.layers.QuantOutputLayer;
import io.github.dl4jqat.quant.Quantizers;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.activations.Activation;

/** What a configuration makes of estimators and schedules, and what it refuses. */
final class EstimatorConfigTest {

    private static final QatSchedule NOISE =
            QatSchedule.iterations().ramp(Knob.NOISE_RATE, 10, 0.1, 100, 1.0);
    private static final QatSchedule ALPHA =
            QatSchedule.iterations().ramp(Knob.ALPHA, 10, 0.4, 100, 0.01);

    private static SoftQuantization soft(boolean learnAlpha) {
        return new SoftQuantization(
                0.2, learnAlpha, SoftQuantization.Bounds.OBSERVED, null, null, false, 0, 1);
    }

    private static MultiLayerNetwork network(Activation f) {
        MultiLayerNetwork net =
                new MultiLayerNetwork(
                        new NeuralNetConfiguration.Builder()
                                .list()
                                .layer(new DenseLayer.Builder().nOut(4).activation(f).build())
                                .layer(new OutputLayer.Builder().nOut(3).build())
                                .setInputType(InputType.feedForward(5))
                                .build());
        net.init();
        return net;
    }

    private static LayerQuantization first(MultiLayerNetwork net) {
        return ((QuantLayerConfiguration) net.getLayer(0).conf().getLayer()).getQuantization();
    }

    @Test
    void ramps_of_the_knobs_that_an_estimator_has_are_accepted() {
        QatConfig noisy =
                QatConfig.builder()
                        .weightEstimator(GradientEstimators.quantNoise())
                        .schedule(NOISE)
                        .build();
        QatConfig annealed =
                QatConfig.builder().activationEstimator(soft(false)).schedule(ALPHA).build();

        assertThat(first(Qat.prepare(network(Activation.RELU), noisy)).schedule()).isEqualTo(NOISE);
        assertThat(first(Qat.prepare(network(Activation.RELU), annealed)).schedule())
                .isEqualTo(ALPHA);
    }

    @Test
    void ramps_that_would_move_nothing_are_refused() {
        assertThatThrownBy(() -> QatConfig.builder().schedule(NOISE).build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("noise rate")
                .hasMessageContaining("'clipped'");
        assertThatThrownBy(() -> QatConfig.builder().estimator(soft(true)).schedule(ALPHA).build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("alpha");
        assertThatThrownBy(
                        () ->
                                QatConfig.builder()
                                        .schedule(
                                                QatSchedule.epochs()
                                                        .ramp(Knob.DAMPENING, 0, 0, 9, 0.1))
                                        .build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("OscillationControl");
    }

    @Test
    void a_rule_with_a_ramp_of_its_estimator_counts() {
        QatConfig config =
                QatConfig.builder()
                        .layer("layer0", LayerRule.estimator(GradientEstimators.quantNoise()))
                        .schedule(NOISE)
                        .build();

        assertThat(first(Qat.prepare(network(Activation.RELU), config)).weight().estimator())
                .isEqualTo(GradientEstimators.quantNoise());
    }

    @Test
    void an_estimator_that_cannot_serve_is_refused_where_it_is_named() {
        GradientEstimator binary = new Binary(Binary.Surrogate.CLIPPED, 5);
        assertThatThrownBy(() -> QatConfig.builder().weightEstimator(binary).build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("binary");
        assertThatThrownBy(() -> LayerRule.weights(Quantizers.int8PerChannel(), binary))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("binaryPerChannel()");
        assertThatThrownBy(() -> QatConfig.builder().estimator(GradientEstimators.pact()).build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("pact")
                .hasMessageContaining("uintPerTensor");
    }

    @Test
    void one_bit_of_weights_is_binary_and_eight_of_a_mid_rise_spec_are_not() {
        QatConfig config =
                QatConfig.builder()
                        .weightQuant(Quantizers.midRisePerChannel(2))
                        .weightEstimator(GradientEstimators.lsq())
                        .layer("layer1", LayerRule.weightBits(8))
                        .build();
        MultiLayerNetwork net = Qat.prepare(network(Activation.RELU), config);

        assertThat(first(net).weight().spec()).isEqualTo(Quantizers.midRisePerChannel(2));
        assertThat(
                        ((QuantOutputLayer) net.getLayer(1).conf().getLayer())
                                .getQuantization()
                                .weight()
                                .spec())
                .isEqualTo(Quantizers.int8PerChannel());
        assertThat(
                        first(
                                        Qat.prepare(
                                                network(Activation.RELU),
                                                QatConfig.builder().weightBits(1).build()))
                                .weight()
                                .spec())
                .isEqualTo(Quantizers.binaryPerChannel());
    }

    @Test
    void the_value_before_a_table_keeps_an_observed_range() {
        QatConfig config =
                QatConfig.builder().activationEstimator(GradientEstimators.dorefa()).build();
        LayerQuantization q = first(Qat.prepare(network(Activation.SIGMOID), config));

        assertThat(q.output().estimator()).isEqualTo(GradientEstimators.dorefa());
        assertThat(q.preActivation().estimator()).isEqualTo(GradientEstimators.clipped());
    }

    @Test
    void the_ends_of_a_network_are_never_mid_rise() {
        assertThatThrownBy(() -> QatConfig.builder().logitsQuant(Quantizers.binaryPerTensor()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("logitsQuant")
                .hasMessageContaining("uint8PerTensor()");
        assertThatThrownBy(() -> QatConfig.builder().inputQuant(Quantizers.binaryPerTensor()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("inputQuant");
        assertThatThrownBy(
                        () ->
                                new QuantOutputLayer.Builder()
                                        .nOut(3)
                                        .outputQuant(Quantizers.binaryPerTensor())
                                        .build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("consecutive");
    }

    @Test
    void two_ways_to_freeze_do_not_go_together() {
        assertThatThrownBy(
                        () ->
                                QatConfig.builder()
                                        .oscillation(OscillationControl.track())
                                        .schedule(
                                                QatSchedule.iterations()
                                                        .steps(Knob.PORTION, 5, 0.5, 1))
                                        .build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("both freeze weights");
        assertThatThrownBy(
                        () ->
                                QatConfig.builder()
                                        .weightBits(4)
                                        .weightEstimator(GradientEstimators.powerOfTwo())
                                        .oscillation(OscillationControl.track())
                                        .build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("power-of-two")
                .hasMessageContaining("portion");
        assertThatThrownBy(
                        () ->
                                QatConfig.builder()
                                        .freezeRangesAfter(500)
                                        .schedule(QatSchedule.epochs().freezeAt(3))
                                        .build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("freezeRangesAfter=500");
        assertThat(
                        first(
                                        Qat.prepare(
                                                network(Activation.RELU),
                                                QatConfig.builder()
                                                        .freezeRangesAfter(500)
                                                        .schedule(
                                                                QatSchedule.iterations()
                                                                        .freezeAt(900))
                                                        .build()))
                                .schedule())
                .isEqualTo(QatSchedule.iterations().freezeRangesAt(500).freezeAt(900));
    }

    @Test
    void an_input_that_several_layers_read_follows_the_schedule_too() {
        ComputationGraph net =
                new ComputationGraph(
                        new NeuralNetConfiguration.Builder()
                                .graphBuilder()
                                .addInputs("in")
                                .setInputTypes(InputType.convolutional(6, 6, 1))
                                .addLayer("a", conv(), "in")
                                .addLayer("b", conv(), "in")
                                .addLayer("outA", new OutputLayer.Builder().nOut(2).build(), "a")
                                .addLayer("outB", new OutputLayer.Builder().nOut(2).build(), "b")
                                .setOutputs("outA", "outB")
                                .build());
        net.init();
        QatSchedule schedule = QatSchedule.iterations().calibrateUntil(3).freezeRangesAt(7);
        ComputationGraph quantized =
                Qat.prepare(net, QatConfig.builder().schedule(schedule).build());

        for (org.deeplearning4j.nn.api.Layer layer : quantized.getLayers()) {
            if (layer.conf().getLayer() instanceof QuantLayerConfiguration conf) {
                assertThat(conf.getQuantization().schedule())
                        .as(layer.conf().getLayer().getLayerName())
                        .isEqualTo(schedule);
            }
        }
        assertThat(quantized.getLayers()).hasSizeGreaterThan(4);
    }

    private static ConvolutionLayer conv() {
        return new ConvolutionLayer.Builder(3, 3).nOut(2).activation(Activation.RELU).build();
    }
}
