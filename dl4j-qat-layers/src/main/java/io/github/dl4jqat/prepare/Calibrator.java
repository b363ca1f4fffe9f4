package io.github.dl4jqat.prepare;

import io.github.dl4jqat.layers.InputLinks;
import io.github.dl4jqat.layers.NetworkView;
import io.github.dl4jqat.layers.OneGrid;
import io.github.dl4jqat.layers.QuantizedLayer;
import java.util.ArrayList;
import java.util.List;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.dataset.api.iterator.MultiDataSetIterator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ranges from real data: runs batches forward, with quantized weights and float activations, and
 * lets every observer look. Changes ranges and nothing else.
 */
public final class Calibrator {

    private static final Logger LOG = LoggerFactory.getLogger(Calibrator.class);

    private Calibrator() {}

    /** Calibrates with at most that many batches. */
    public static void calibrate(MultiLayerNetwork net, DataSetIterator data, int batches) {
        run(NetworkView.of(net), ForwardRuns.of(net, data), batches);
    }

    /** Calibrates a graph with one input. */
    public static void calibrate(ComputationGraph net, DataSetIterator data, int batches) {
        NetworkView view = NetworkView.of(net);
        link(view);
        run(view, ForwardRuns.of(net, data), batches);
    }

    /** Calibrates a graph with any number of inputs. */
    public static void calibrate(ComputationGraph net, MultiDataSetIterator data, int batches) {
        NetworkView view = NetworkView.of(net);
        link(view);
        run(view, ForwardRuns.of(net, data), batches);
    }

    /** Tells the layers of a graph what they need to know of each other. */
    private static void link(NetworkView view) {
        InputLinks.link(view);
        OneGrid.join(view)
                .forEach(
                        problem ->
                                LOG.warn("{}. As it is, the network cannot be converted", problem));
    }

    private static void run(NetworkView view, ForwardRuns runs, int batches) {
        List<QuantizedLayer> layers = new ArrayList<>();
        view.nodes()
                .forEach(
                        n -> {
                            if (n.running() instanceof QuantizedLayer) {
                                layers.add((QuantizedLayer) n.running());
                            }
                        });
        if (layers.isEmpty()) {
            throw new IllegalArgumentException(
                    "Qat.calibrate: the network has no quantized layer; call Qat.prepare first. If"
                            + " you did, it has warned of the layers that stay float, which are all"
                            + " of them");
        }
        runs.run(
                "calibrate",
                batches,
                passes -> {
                    layers.forEach(l -> l.setCalibrating(true));
                    try {
                        passes.run();
                    } finally {
                        layers.forEach(l -> l.setCalibrating(false));
                    }
                });
    }
}
