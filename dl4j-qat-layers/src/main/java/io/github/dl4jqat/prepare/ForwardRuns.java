package io.github.dl4jqat.prepare;

import java.util.function.BooleanSupplier;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.dataset.api.iterator.MultiDataSetIterator;

/**
 * Evaluation passes of a network over the first batches of some data.
 *
 * @param reset puts the data back to its beginning, where that can be
 * @param hasNext whether there is another batch
 * @param next runs it forward
 */
record ForwardRuns(Runnable reset, BooleanSupplier hasNext, Runnable next) {

    static ForwardRuns of(MultiLayerNetwork net, DataSetIterator data) {
        return new ForwardRuns(
                data.resetSupported() ? data::reset : () -> {},
                data::hasNext,
                () -> {
                    DataSet d = data.next();
                    net.output(
                            d.getFeatures(),
                            false,
                            d.getFeaturesMaskArray(),
                            d.getLabelsMaskArray());
                });
    }

    static ForwardRuns of(ComputationGraph net, DataSetIterator data) {
        return new ForwardRuns(
                data.resetSupported() ? data::reset : () -> {},
                data::hasNext,
                () -> net.output(false, data.next().getFeatures()));
    }

    static ForwardRuns of(ComputationGraph net, MultiDataSetIterator data) {
        return new ForwardRuns(
                data.resetSupported() ? data::reset : () -> {},
                data::hasNext,
                () -> {
                    MultiDataSet d = data.next();
                    net.output(
                            false,
                            d.getFeatures(),
                            d.getFeaturesMaskArrays(),
                            d.getLabelsMaskArrays());
                });
    }

    /**
     * Runs at most that many batches; the data is reset before and after.
     *
     * @param verb what is going on, for messages
     * @param within gets the work to do, between what it has to set up and take down
     */
    void run(String verb, int batches, Within within) {
        if (batches < 1) {
            throw new IllegalArgumentException(
                    "Qat." + verb + ": batches=" + batches + "; at least one is needed");
        }
        reset.run();
        if (!hasNext.getAsBoolean()) {
            throw new IllegalArgumentException("Qat." + verb + ": the data has no batch");
        }
        try {
            within.run(
                    () -> {
                        for (int i = 0; i < batches && hasNext.getAsBoolean(); i++) {
                            next.run();
                        }
                    });
        } finally {
            reset.run();
        }
    }

    /** Surrounds the passes with something. */
    interface Within {
        void run(Runnable passes);
    }
}
