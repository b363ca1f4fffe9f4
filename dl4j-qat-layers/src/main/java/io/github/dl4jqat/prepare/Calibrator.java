package io.github.dl4jqat.prepare;

import io.github.dl4jqat.layers.InputLinks;
import io.github.dl4jqat.layers.NetworkView;
import io.github.dl4jqat.layers.QuantizedLayer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.dataset.api.iterator.MultiDataSetIterator;

/**
 * Ranges from real data: runs batches forward, with quantized weights and float activations, and
 * lets every observer look. Changes ranges and nothing else.
 */
public final class Calibrator {

    private Calibrator() {}

    /** Calibrates with at most that many batches. */
    public static void calibrate(MultiLayerNetwork net, DataSetIterator data, int batches) {
        run(
                NetworkView.of(net),
                data.resetSupported() ? data::reset : () -> {},
                data::hasNext,
                batches,
                () -> {
                    DataSet d = data.next();
                    net.output(
                            d.getFeatures(),
                            false,
                            d.getFeaturesMaskArray(),
                            d.getLabelsMaskArray());
                });
    }

    /** Calibrates a graph with one input. */
    public static void calibrate(ComputationGraph net, DataSetIterator data, int batches) {
        NetworkView view = NetworkView.of(net);
        InputLinks.link(view);
        run(
                view,
                data.resetSupported() ? data::reset : () -> {},
                data::hasNext,
                batches,
                () -> {
                    DataSet d = data.next();
                    net.output(false, d.getFeatures());
                });
    }

    /** Calibrates a graph with any number of inputs. */
    public static void calibrate(ComputationGraph net, MultiDataSetIterator data, int batches) {
        NetworkView view = NetworkView.of(net);
        InputLinks.link(view);
        run(
                view,
                data.resetSupported() ? data::reset : () -> {},
                data::hasNext,
                batches,
                () -> {
                    MultiDataSet d = data.next();
                    net.output(
                            false,
                            d.getFeatures(),
                            d.getFeaturesMaskArrays(),
                            d.getLabelsMaskArrays());
                });
    }

    private interface Source {
        boolean hasNext();
    }

    private static void run(
            NetworkView view, Runnable reset, Source source, int batches, Runnable forward) {
        if (batches < 1) {
            throw new IllegalArgumentException(
                    "Qat.calibrate: batches=" + batches + "; at least one is needed");
        }
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
        reset.run();
        if (!source.hasNext()) {
            throw new IllegalArgumentException("Qat.calibrate: the data has no batch");
        }
        Consumer<Boolean> mode = on -> layers.forEach(l -> l.setCalibrating(on));
        mode.accept(true);
        try {
            for (int i = 0; i < batches && source.hasNext(); i++) {
                forward.run();
            }
        } finally {
            mode.accept(false);
            reset.run();
        }
    }
}
