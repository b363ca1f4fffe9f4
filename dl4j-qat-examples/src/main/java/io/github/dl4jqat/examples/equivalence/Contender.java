package io.github.dl4jqat.examples.equivalence;

import io.github.dl4jqat.estimator.EstimatorEquivalence;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * One of the networks that train side by side, and everything that is noted of it on the way. Not
 * thread-safe.
 */
final class Contender {

    private final MultiLayerNetwork net;
    private final DataType type;
    private final boolean moved;
    private final List<QuantizedWeights> layers = new ArrayList<>();
    private final Curve losses = new Curve();
    private final Curve testLosses = new Curve();
    private final Curve testAccuracies = new Curve();

    private double[][] values;
    private LevelHistory history;
    private double travelled;
    private Predictions predictions;

    /**
     * @param moved whether it starts from {@code M} of the weights it is given
     */
    Contender(MultiLayerNetwork net, QuantizedWeights.Grids grids, boolean moved) {
        this.net = net;
        this.type = net.getLayerWiseConfigurations().getDataType();
        this.moved = moved;
        for (int i = 0; i < net.getnLayers(); i++) {
            QuantizedWeights layer = QuantizedWeights.of(net, i, grids);
            if (layer != null) {
                layers.add(layer);
            }
        }
    }

    /** Takes the weights of another network, moved if this one starts so. */
    void start(MultiLayerNetwork from, EstimatorEquivalence[] twins) {
        net.setParams(from.params().dup());
        for (int l = 0; moved && l < layers.size(); l++) {
            QuantizedWeights layer = layers.get(l);
            EstimatorEquivalence twin = twins[l];
            layer.assign(Arrays.stream(layer.values()).map(v -> layer.moved(v, twin)).toArray());
        }
        values = read();
        history = new LevelHistory(levels(values));
    }

    /** One training step. */
    void step(INDArray features, INDArray labels, int step) {
        net.fit(features, labels);
        losses.add(step, net.score());
        double[][] now = read();
        int weight = 0;
        for (int l = 0; l < now.length; l++) {
            QuantizedWeights layer = layers.get(l);
            double distance = 0;
            for (int i = 0; i < now[l].length; i++) {
                distance += Math.abs(now[l][i] - values[l][i]);
                history.note(step, weight++, layer.level(now[l][i]));
            }
            travelled += distance / layer.range();
        }
        values = now;
    }

    /** Runs the test digits. */
    void test(TestDigits digits, int step) {
        predictions = digits.run(net, type);
        testLosses.add(step, predictions.loss());
        testAccuracies.add(step, predictions.accuracy());
    }

    private double[][] read() {
        double[][] all = new double[layers.size()][];
        for (int l = 0; l < all.length; l++) {
            all[l] = layers.get(l).values();
        }
        return all;
    }

    private int[] levels(double[][] all) {
        int[] levels = new int[Arrays.stream(all).mapToInt(v -> v.length).sum()];
        int weight = 0;
        for (int l = 0; l < all.length; l++) {
            for (double v : all[l]) {
                levels[weight++] = layers.get(l).level(v);
            }
        }
        return levels;
    }

    MultiLayerNetwork net() {
        return net;
    }

    boolean moved() {
        return moved;
    }

    List<QuantizedWeights> layers() {
        return layers;
    }

    double[][] values() {
        return values;
    }

    LevelHistory history() {
        return history;
    }

    /** Sum over all steps of the L1 distance of the quantized weights, in units of their range. */
    double travelled() {
        return travelled;
    }

    Predictions predictions() {
        return predictions;
    }

    Curve losses() {
        return losses;
    }

    Curve testLosses() {
        return testLosses;
    }

    Curve testAccuracies() {
        return testAccuracies;
    }
}
