package io.github.dl4jqat.convert;

import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.dataset.api.iterator.MultiDataSetIterator;

/** The features of all batches of an iterator, one array for each input of a network. */
interface Batches {

    boolean hasNext();

    INDArray[] next();

    /** Goes back to the first batch, if the iterator can. */
    void reset();

    static Batches of(DataSetIterator data) {
        return new Batches() {
            @Override
            public boolean hasNext() {
                return data.hasNext();
            }

            @Override
            public INDArray[] next() {
                return new INDArray[] {data.next().getFeatures()};
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
            @Override
            public boolean hasNext() {
                return data.hasNext();
            }

            @Override
            public INDArray[] next() {
                return data.next().getFeatures();
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
