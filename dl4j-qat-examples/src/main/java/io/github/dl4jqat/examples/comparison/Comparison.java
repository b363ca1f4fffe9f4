package io.github.dl4jqat.examples.comparison;

import io.github.dl4jqat.Qat;
import io.github.dl4jqat.examples.data.DigitData;
import io.github.dl4jqat.examples.data.DigitSetIterator;
import io.github.dl4jqat.integer.IntegerNetwork;
import io.github.dl4jqat.layers.LayerQuantization;
import io.github.dl4jqat.layers.QuantConvolutionLayer;
import io.github.dl4jqat.layers.StockTwin;
import java.util.ArrayList;
import java.util.List;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.optimize.api.TrainingListener;

/**
 * Trains one float network for each seed and, from each, one quantized network for every estimator
 * and width: all with the same digits in the same order, for the same number of iterations. Holds
 * two networks at a time. Accuracies are those of the simulation on all test digits, which are the
 * integer model's too.
 */
public final class Comparison {

    private static final int TEST_BATCH = 250;

    private final DigitData data;
    private final Protocol protocol;
    private final List<EstimatorRecipe> recipes;
    private final List<Integer> bits;
    private final Start start;
    private final Watcher watcher;

    /** Makes the network that all begin with. */
    @FunctionalInterface
    public interface Start {
        /**
         * An untrained network with its learning rate set.
         *
         * @param seed of its weights
         * @param iterations how long it will be trained
         */
        MultiLayerNetwork untrained(long seed, int iterations);
    }

    /** Hears how far it has come. */
    public interface Watcher {
        /** A listener for the training of a float network, which takes that many iterations. */
        TrainingListener floatTraining(long seed, int iterations);

        /**
         * A network has been measured.
         *
         * @param row with a single accuracy, that of this seed
         * @param done how many networks there are by now
         * @param all how many there will be
         */
        void measured(ComparisonRow row, long seed, int done, int all);
    }

    /**
     * One network of the comparison.
     *
     * @param recipe how it is quantized; null for the float network
     * @param accuracies for each seed so far
     */
    private record Cell(
            String estimator,
            int bits,
            EstimatorRecipe recipe,
            boolean trained,
            List<Double> accuracies) {

        static Cell of(String estimator, int bits, EstimatorRecipe recipe) {
            boolean trained = !estimator.equals(ComparisonRow.PTQ);
            return new Cell(estimator, bits, recipe, trained, new ArrayList<>());
        }

        ComparisonRow row(List<Double> of) {
            return new ComparisonRow(
                    estimator,
                    bits,
                    recipe == null ? ComparisonRow.FLOAT : recipe.describeWeights(bits),
                    recipe == null ? ComparisonRow.FLOAT : recipe.describeActivations(bits),
                    of);
        }
    }

    /**
     * @param data the digits
     * @param protocol how to train
     * @param recipes which estimators
     * @param bits which widths, in the order of the rows
     */
    public Comparison(
            DigitData data,
            Protocol protocol,
            List<EstimatorRecipe> recipes,
            List<Integer> bits,
            Start start,
            Watcher watcher) {
        this.data = data;
        this.protocol = protocol;
        this.recipes = List.copyOf(recipes);
        this.bits = List.copyOf(bits);
        this.start = start;
        this.watcher = watcher;
    }

    /** The rows: float, without training, then each estimator. */
    public List<ComparisonRow> run() {
        List<Cell> cells = cells();
        int all = cells.size() * protocol.seeds().size();
        int done = 0;
        for (long seed : protocol.seeds()) {
            MultiLayerNetwork floating = floating(seed);
            for (Cell cell : cells) {
                double accuracy =
                        cell.recipe() == null
                                ? accuracy(floating)
                                : integerAccuracy(quantized(floating, cell, seed));
                cell.accuracies().add(accuracy);
                watcher.measured(cell.row(List.of(accuracy)), seed, ++done, all);
            }
        }
        return cells.stream().map(c -> c.row(c.accuracies())).toList();
    }

    private List<Cell> cells() {
        List<Cell> cells = new ArrayList<>();
        cells.add(Cell.of(ComparisonRow.FLOAT, ComparisonRow.FLOAT_BITS, null));
        for (int b : bits) {
            cells.add(Cell.of(ComparisonRow.PTQ, b, EstimatorRecipes.withoutTraining()));
        }
        for (EstimatorRecipe recipe : recipes) {
            for (int b : bits) {
                if (recipe.serves(b)) {
                    cells.add(Cell.of(recipe.name(), b, recipe));
                }
            }
        }
        return cells;
    }

    private MultiLayerNetwork floating(long seed) {
        DigitSetIterator batches = data.trainBatches(protocol.floatBatch(), seed);
        int iterations = protocol.floatEpochs() * batches.batches();
        MultiLayerNetwork stock = start.untrained(seed, iterations);
        MultiLayerNetwork net = withFastConvolutions(stock);
        net.setListeners(watcher.floatTraining(seed, iterations));
        for (int epoch = 0; epoch < protocol.floatEpochs(); epoch++) {
            batches.reset();
            net.fit(batches);
        }
        stock.setParams(net.params());
        return stock;
    }

    /**
     * The same network with the library's convolutions, their quantization off: the numbers of a
     * float network, several times faster than the stock layers.
     */
    private static MultiLayerNetwork withFastConvolutions(MultiLayerNetwork stock) {
        MultiLayerConfiguration conf = stock.getLayerWiseConfigurations().clone();
        for (NeuralNetConfiguration layer : conf.getConfs()) {
            if (layer.getLayer().getClass() == ConvolutionLayer.class) {
                layer.clearVariables();
                layer.setLayer(
                        StockTwin.of(
                                layer.getLayer(),
                                QuantConvolutionLayer.class,
                                LayerQuantization.OFF));
            }
        }
        MultiLayerNetwork net = new MultiLayerNetwork(conf);
        net.init();
        net.setParams(stock.params());
        return net;
    }

    private MultiLayerNetwork quantized(MultiLayerNetwork floating, Cell cell, long seed) {
        MultiLayerNetwork net = Qat.prepare(floating, cell.recipe().config(cell.bits()));
        DigitSetIterator batches =
                data.limit(protocol.digits(cell.bits()), data.test().size())
                        .trainBatches(protocol.batch(), seed);
        Qat.calibrate(net, batches, Math.min(Protocol.CALIBRATION_BATCHES, batches.batches()));
        if (cell.trained()) {
            int iterations = protocol.epochs() * batches.batches();
            net.setLearningRate(
                    Protocol.schedule(cell.bits(), net.getIterationCount(), iterations));
            for (int epoch = 0; epoch < protocol.epochs(); epoch++) {
                batches.reset();
                net.fit(batches);
            }
        }
        return net;
    }

    /**
     * Of the integer model, which says what the network says, to the last bit, and on ONNX Runtime
     * in a fraction of the time.
     */
    private double integerAccuracy(MultiLayerNetwork net) {
        try (IntegerNetwork integer = Qat.convert(net)) {
            return integer.evaluate(data.testBatches(TEST_BATCH)).accuracy();
        }
    }

    private double accuracy(MultiLayerNetwork net) {
        return net.evaluate(data.testBatches(TEST_BATCH)).accuracy();
    }
}
