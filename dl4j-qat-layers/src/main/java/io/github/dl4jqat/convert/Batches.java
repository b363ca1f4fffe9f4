package io.github.dl4jqat.convert;

import java.util.Arrays;
import java.util.Objects;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.dataset.api.iterator.MultiDataSetIterator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The features of all batches of an iterator, one array for each input of a network. Masks are left
 * out of account, with a warning the first time.
 */
abstract class Batches {

    private static final Logger LOG = LoggerFactory.getLogger(Verifier.class);

    private boolean warned;

    abstract boolean hasNext();

    abstract INDArray[] next();

    /** Goes back to the first batch, if the iterator can. */
    abstract void reset();

    /** Says that a comparison is one of all steps, if a mask leaves some out. */
    final void warnOf(INDArray... masks) {
        if (!warned && masks != null && Arrays.stream(masks).anyMatch(Objects::nonNull)) {
            warned = true;
            LOG.warn(
                    "Qat.verify compares without the masks of the features: an integer network has"
                            + " none, and computes padding like data");
        }
    }

    static Batches of(DataSetIterator data) {
        return new Batches() {
            @Override
            boolean hasNext() {
                return data.hasNext();
            }

            @Override
            INDArray[] next() {
                DataSet batch = data.next();
                warnOf(batch.getFeaturesMaskArray());
                return new INDArray[] {batch.getFeatures()};
            }

            @Override
            void reset() {
                if (data.resetSupported()) {
                    data.reset();
                }
            }
        };
    }

    static Batches of(MultiDataSetIterator data) {
        return new Batches() {
            @Override
            boolean hasNext() {
                return data.hasNext();
            }

            @Override
            INDArray[] next() {
                MultiDataSet batch = data.next();
                warnOf(batch.getFeaturesMaskArrays());
                return batch.getFeatures();
            }

            @Override
            void reset() {
                if (data.resetSupported()) {
                    data.reset();
                }
            }
        };
    }
}
