package io.github.dl4jqat.examples.equivalence;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.weights.WeightInit;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;
import org.nd4j.linalg.schedule.FixedSchedule;

final class MomentumTest {

    /** One weight and one bias, y = w x + b, squared error: every step by hand. */
    @Test
    void a_network_takes_the_steps_of_plain_momentum() {
        WarmupCosine schedule = new WarmupCosine(0.05, 2, 20);
        MultiLayerNetwork net =
                new MultiLayerNetwork(
                        new NeuralNetConfiguration.Builder()
                                .dataType(DataType.DOUBLE)
                                .updater(new Momentum(0.9, schedule))
                                .list()
                                .layer(
                                        new OutputLayer.Builder(LossFunction.SQUARED_LOSS)
                                                .nIn(1)
                                                .nOut(1)
                                                .activation(Activation.IDENTITY)
                                                .weightInit(WeightInit.ONES)
                                                .build())
                                .build());
        net.init();
        INDArray x = Nd4j.createFromArray(1.0, 2.0).reshape(2, 1);
        INDArray y = Nd4j.createFromArray(0.5, -1.0).reshape(2, 1);
        double w = 1;
        double b = 0;
        double vw = 0;
        double vb = 0;
        for (int t = 0; t < 10; t++) {
            net.fit(x, y);
            double e1 = w * 1 + b - 0.5;
            double e2 = w * 2 + b + 1.0;
            vw = 0.9 * vw + (2 * e1 * 1 + 2 * e2 * 2) / 2;
            vb = 0.9 * vb + (2 * e1 + 2 * e2) / 2;
            w -= schedule.valueAt(t, 0) * vw;
            b -= schedule.valueAt(t, 0) * vb;
            assertThat(net.getParam("0_W").getDouble(0))
                    .as("w, step %s", t)
                    .isCloseTo(w, within(1e-12));
            assertThat(net.getParam("0_b").getDouble(0))
                    .as("b, step %s", t)
                    .isCloseTo(b, within(1e-12));
        }
    }

    @Test
    void a_copy_is_equal_and_on_its_own() {
        Momentum momentum = new Momentum(0.9, new FixedSchedule(0.1));
        Momentum copy = momentum.clone();
        assertThat(copy).isEqualTo(momentum).hasSameHashCodeAs(momentum);
        copy.setLrAndSchedule(Double.NaN, new FixedSchedule(0.2));
        assertThat(momentum.getLearningRate(0, 0)).isEqualTo(0.1);
        assertThat(copy).isNotEqualTo(momentum);
    }

    @Test
    void bad_settings_are_refused() {
        for (double bad : new double[] {-0.1, 1, Double.NaN}) {
            assertThatThrownBy(() -> new Momentum(bad, new FixedSchedule(1)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("momentum=" + bad);
        }
        Momentum momentum = new Momentum(0.5, new FixedSchedule(1));
        assertThatThrownBy(() -> momentum.setLrAndSchedule(0.3, null))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("0.3 without a schedule");
    }
}
