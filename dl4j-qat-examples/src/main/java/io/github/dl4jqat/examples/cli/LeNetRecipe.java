package io.github.dl4jqat.examples.cli;

import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.zoo.model.LeNet;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.linalg.schedule.MapSchedule;
import org.nd4j.linalg.schedule.ScheduleType;

/**
 * How the quickstart trains: the LeNet of Deeplearning4j's zoo with Adam and a learning rate that
 * falls in two steps, which gets the last half point of accuracy within few epochs.
 */
final class LeNetRecipe {

    static final int BATCH = 64;

    private static final double RATE = 2e-3;
    private static final double FINE_TUNING_RATE = 5e-4;

    private LeNetRecipe() {}

    /** An untrained network of stock layers for 28 x 28 pictures of ten classes. */
    static MultiLayerNetwork network(long seed, int iterations) {
        LeNet model =
                LeNet.builder()
                        .seed(seed)
                        .numClasses(10)
                        .inputShape(new int[] {1, 28, 28})
                        .updater(new Adam(training(iterations)))
                        .build();
        MultiLayerNetwork net = new MultiLayerNetwork(model.conf());
        net.init();
        return net;
    }

    /** The rate for training in float. */
    static ISchedule training(int iterations) {
        return falling(RATE, 0, iterations);
    }

    /** The rate for training on with quantization: small, the network is already good. */
    static ISchedule fineTuning(int done, int iterations) {
        return falling(FINE_TUNING_RATE, done, iterations);
    }

    /**
     * The given rate at first, a third of it after 60 % and a tenth after 85 % of the iterations.
     * (PolySchedule would say it in one number, but in 1.0.0-M2.1 it rises instead of falling.)
     */
    private static ISchedule falling(double rate, int done, int iterations) {
        return new MapSchedule.Builder(ScheduleType.ITERATION)
                .add(0, rate)
                .add(done + Math.max(1, iterations * 60 / 100), rate * 0.3)
                .add(done + Math.max(2, iterations * 85 / 100), rate * 0.1)
                .build();
    }
}
