package io.github.dl4jqat.report;

import io.github.dl4jqat.layers.NetworkView;
import io.github.dl4jqat.layers.QuantizedBidirectionalLayer;
import io.github.dl4jqat.layers.QuantizedEncoderLayer;
import io.github.dl4jqat.layers.QuantizedRecurrentLayer;
import io.github.dl4jqat.layers.QuantizedWeightLayer;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.optimize.api.BaseTrainingListener;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A listener that counts how many weights have another integer than when it last looked, and how
 * many of these went back the way they came: the oscillations that few bits bring about. Near the
 * end of a training the first number should fall; where the second stays close to it, weights jump
 * to and fro between two levels, and {@link io.github.dl4jqat.estimator.OscillationControl} helps.
 *
 * <pre>
 *   LevelChanges changes = new LevelChanges(50, 500);
 *   net.addListeners(changes);
 *   net.fit(train, 3);
 *   changes.history().forEach(look -&gt; ...);
 * </pre>
 *
 * <p>The first look has nothing to compare with and leaves no record; call {@link #look} before
 * {@code fit} to have the start of the training as that. Only looks cost anything: one quantization
 * of all weights each, and five bytes for each weight from the first look on.
 *
 * <p>What it sees: Deeplearning4j calls listeners after an update, but before constraints, and with
 * constraints this library brings learned steps back within their bounds and frozen weights back to
 * their level. Steps out of bounds count as brought back. Weights that oscillation control froze
 * never change here. A weight frozen by incremental quantization is seen as the updater left it; a
 * momentum left over from before may show a change that has been undone a moment later.
 *
 * <p>Belongs to one training at a time; with another network it starts anew, and keeps its history.
 * Not thread-safe.
 */
public final class LevelChanges extends BaseTrainingListener {

    private static final Logger LOG = LoggerFactory.getLogger(LevelChanges.class);

    private static final double PERCENT = 100;

    private final int every;
    private final int logEvery;
    private final List<Look> history = new ArrayList<>();
    private final Map<String, Levels> last = new HashMap<>();
    private WeakReference<Model> network = new WeakReference<>(null);

    /**
     * What one look found. Immutable and thread-safe.
     *
     * @param iteration number of training iterations done
     * @param epoch number of epochs done before this one
     * @param layers one for each layer with quantized weights, in the order of the network
     */
    public record Look(int iteration, int epoch, List<LayerChange> layers) {

        /** Takes a copy. */
        public Look {
            layers = List.copyOf(layers);
        }

        /** Share of all weights that changed, 0 to 1. */
        public double changedShare() {
            long weights = layers.stream().mapToLong(LayerChange::weights).sum();
            return share(layers.stream().mapToLong(LayerChange::changed).sum(), weights);
        }

        /** Share of all weights that changed back, 0 to 1. */
        public double reversedShare() {
            long weights = layers.stream().mapToLong(LayerChange::weights).sum();
            return share(layers.stream().mapToLong(LayerChange::reversed).sum(), weights);
        }
    }

    /**
     * What one look found in one layer. Immutable and thread-safe.
     *
     * @param layer its name, or in a MultiLayerNetwork its index where it has none
     * @param weights how many there are
     * @param changed how many have another integer than at the last look
     * @param reversed how many of these changed in the direction opposite to their last change
     */
    public record LayerChange(String layer, long weights, long changed, long reversed) {

        /** Share of the weights that changed, 0 to 1. */
        public double changedShare() {
            return share(changed, weights);
        }

        /** Share of the weights that changed back, 0 to 1. */
        public double reversedShare() {
            return share(reversed, weights);
        }
    }

    private static double share(long part, long whole) {
        return whole == 0 ? 0 : part / (double) whole;
    }

    /** The integers at the last look, and for each the direction of its last change. */
    private static final class Levels {
        private int[] values;
        private final byte[] directions;

        private Levels(int[] values) {
            this.values = values;
            this.directions = new byte[values.length];
        }
    }

    /**
     * Looks after every {@code every} iterations and never logs.
     *
     * @throws IllegalArgumentException for less than 1
     */
    public LevelChanges(int every) {
        this(every, 0);
    }

    /**
     * Looks after every {@code every} iterations, and logs what it found in a line for every {@code
     * logEvery}.
     *
     * @param logEvery a multiple of {@code every}, or 0 for no lines
     */
    public LevelChanges(int every, int logEvery) {
        if (every < 1 || logEvery < 0 || logEvery % every != 0) {
            throw new IllegalArgumentException(
                    "LevelChanges: every="
                            + every
                            + ", logEvery="
                            + logEvery
                            + "; expected at least 1 iteration between looks, and for the lines a"
                            + " multiple of it, or 0 for none");
        }
        this.every = every;
        this.logEvery = logEvery;
    }

    /** All looks so far but the first, oldest first; a copy. */
    public List<Look> history() {
        return List.copyOf(history);
    }

    @Override
    public void iterationDone(Model model, int iteration, int epoch) {
        // Deeplearning4j counts the iteration only afterwards.
        int done = iteration + 1;
        if (done % every != 0) {
            return;
        }
        List<LayerChange> layers = look(model);
        if (layers.isEmpty()) {
            return;
        }
        Look found = new Look(done, epoch, layers);
        history.add(found);
        if (logEvery > 0 && done % logEvery == 0) {
            LOG.info("{}", line(found));
        }
    }

    private static String line(Look look) {
        return look.layers().stream()
                .map(
                        c ->
                                String.format(
                                        Locale.ROOT,
                                        "%s %.2f %% (%.2f %% back)",
                                        c.layer(),
                                        PERCENT * c.changedShare(),
                                        PERCENT * c.reversedShare()))
                .collect(
                        Collectors.joining(
                                ", ", "Iteration " + look.iteration() + ", changed levels: ", ""));
    }

    /**
     * Looks now, at a MultiLayerNetwork or a ComputationGraph; not written into the history.
     *
     * @return the changes since the last look at this network; empty if this is the first
     */
    public List<LayerChange> look(Model model) {
        if (network.get() != model) {
            network = new WeakReference<>(model);
            last.clear();
        }
        List<LayerChange> changes = new ArrayList<>();
        for (NetworkView.Node node : view(model).nodes()) {
            int[] now = levels(node.running());
            if (now != null) {
                changes.addAll(compare(node.name(), now));
            }
        }
        return List.copyOf(changes);
    }

    private static int[] levels(Layer running) {
        if (running instanceof QuantizedBidirectionalLayer layer) {
            int[] forward = layer.forward().weightLevels();
            return forward == null ? null : joined(forward, layer.backward().weightLevels());
        }
        if (running instanceof QuantizedEncoderLayer layer) {
            return layer.weightLevels();
        }
        if (running instanceof QuantizedRecurrentLayer layer) {
            return layer.weightLevels();
        }
        return running instanceof QuantizedWeightLayer layer ? layer.weightLevels() : null;
    }

    private static int[] joined(int[] first, int[] second) {
        int[] all = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, all, first.length, second.length);
        return all;
    }

    private static NetworkView view(Model model) {
        if (model instanceof MultiLayerNetwork net) {
            return NetworkView.of(net);
        }
        if (model instanceof ComputationGraph graph) {
            return NetworkView.of(graph);
        }
        throw new IllegalArgumentException(
                "LevelChanges: a "
                        + (model == null ? null : model.getClass().getName())
                        + "; it looks at a MultiLayerNetwork or a ComputationGraph");
    }

    private List<LayerChange> compare(String layer, int[] now) {
        Levels before = last.get(layer);
        if (before == null || before.values.length != now.length) {
            last.put(layer, new Levels(now));
            return Collections.emptyList();
        }
        long changed = 0;
        long reversed = 0;
        byte[] directions = before.directions;
        for (int i = 0; i < now.length; i++) {
            int direction = Integer.signum(now[i] - before.values[i]);
            if (direction != 0) {
                changed++;
                reversed += directions[i] == -direction ? 1 : 0;
                directions[i] = (byte) direction;
            }
        }
        before.values = now;
        return List.of(new LayerChange(layer, now.length, changed, reversed));
    }
}
