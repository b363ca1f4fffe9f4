package io.github.dl4jqat.layers;

import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.INDArrayIndex;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * A dilated convolution as a plain one whose kernel has zeros between its taps. ND4J's oneDNN
 * natives refuse every dilated convolution: they compute the padding as if there were no dilation.
 * The zeros add nothing to a sum, so the result is the same to the last bit.
 *
 * @param height distance of two taps in a column
 * @param width distance of two taps in a row
 */
record DilatedKernel(int height, int width) {

    static DilatedKernel of(int[] dilation) {
        return new DilatedKernel(dilation[0], dilation[1]);
    }

    /** Extent of that many taps in a column. */
    int spreadHeight(long taps) {
        return Math.toIntExact((taps - 1) * height + 1);
    }

    /** Extent of that many taps in a row. */
    int spreadWidth(long taps) {
        return Math.toIntExact((taps - 1) * width + 1);
    }

    /** {@code w [o, i, kH, kW]} with zeros between; the array itself where there is no dilation. */
    INDArray spread(INDArray w) {
        if (height == 1 && width == 1) {
            return w;
        }
        INDArray spread = empty(w);
        spread.get(taps(spread)).assign(w);
        return spread;
    }

    /** Room for the gradient of a spread kernel; the array itself where there is no dilation. */
    INDArray spreadLike(INDArray gradient) {
        return height == 1 && width == 1 ? gradient : empty(gradient);
    }

    /** Takes the taps' part of a gradient. */
    void gather(INDArray spreadGradient, INDArray gradient) {
        if (spreadGradient != gradient) {
            gradient.assign(spreadGradient.get(taps(spreadGradient)));
        }
    }

    private INDArray empty(INDArray w) {
        return Nd4j.zeros(
                w.dataType(),
                w.size(0),
                w.size(1),
                spreadHeight(w.size(2)),
                spreadWidth(w.size(3)));
    }

    private INDArrayIndex[] taps(INDArray spread) {
        return new INDArrayIndex[] {
            NDArrayIndex.all(),
            NDArrayIndex.all(),
            NDArrayIndex.interval(0, height, spread.size(2)),
            NDArrayIndex.interval(0, width, spread.size(3))
        };
    }
}
