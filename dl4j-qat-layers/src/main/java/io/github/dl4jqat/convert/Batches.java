package io.github.dl4jqat.convert;

import java.util.Arrays;
import java.util.Objects;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.dataset.api.iterator.MultiDataSetIterator;
import org.slf4j.LoggerFactory;

/** The features of all batches of an iterator, one array for each input of a network. */
interface Batches {

    boolean hasNext();

    INDArray[] next();

    /** Goes back to the first batch, if the iterator can. */
    void reset();

    /** Says that a comparison is one of all steps, if a mask leaves some out. */
    private static void warnOfMasks(boolean masked) {
        if (masked) {
            LoggerFactory.getLogger(Verifier.class)
                    .warn(
                            "Qat.verify compares without the masks of the features: an integer"
                                    + " network has none, and computes padding like data");
        }
    }

    private static boolean isMasked(INDArray[] masks) {
        return masks != null && Arrays.stream(masks).anyMatch(Objects::nonNull);
    }

    static Batches of(DataSetIterator data) {
        return new Batches() {

            private boolean warned;

            @Override
            public boolean hasNext() {
                return data.hasNext();
            }

            @Override
            public INDArray[] next() {
                DataSet batch = data.next();
                warnOfMasks(!warned && batch.getFeaturesMaskArray() != null);
                warned |= batch.getFeaturesMaskArray() != null;
                return new INDArray[] {batch.getFeatures()};
            }

            @Override
            public void reset() {
                if (data.resetSupported()) {
                    data.reset();
                }
            }
        };
    }

    static Batches of(MultiDataSetIterator data) {
        return new Batches() {

            private boolean warned;

            @Override
            public boolean hasNext() {
                return data.hasNext();
            }

            @Override
            public INDArray[] next() {
                MultiDataSet batch = data.next();
                boolean masked = isMasked(batch.getFeaturesMaskArrays());
                warnOfMasks(!warned && masked);
                warned |= masked;
                return batch.getFeatures();
            }

            @Override
            public void reset() {
                if (data.resetSupported()) {
                    data.reset();
                }
            }
        };
    }
}
