package io.github.dl4jqat.layers;

import java.util.Arrays;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.INDArrayIndex;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * A dilated convolution as a plain one whose kernel has zeros between its taps. ND4J's oneDNN
 * natives refuse every dilated convolution: they compute the padding as if there were no dilation.
 * The zeros add nothing to a sum, so the result is the same to the last bit.
 *
 * <p>The axes of the kernel are the last ones of an array. Immutable and thread-safe.
 */
final class DilatedKernel {

    private final int[] distance;

    private DilatedKernel(int[] distance) {
        this.distance = distance;
    }

    /** With that distance of two taps on each axis. */
    static DilatedKernel of(int... dilation) {
        return new DilatedKernel(dilation.clone());
    }

    /** How far that many taps reach on one axis. */
    int extent(int axis, long taps) {
        return Math.toIntExact((taps - 1) * distance[axis] + 1);
    }

    /** {@code w [.., .., kH, kW]} with zeros between; the array itself where there are none. */
    INDArray spread(INDArray w) {
        if (isDense(w)) {
            return w;
        }
        INDArray spread = empty(w);
        spread.get(taps(spread)).assign(w);
        return spread;
    }

    /** Room for the gradient of a spread kernel; the array itself where there are no zeros. */
    INDArray spreadLike(INDArray gradient) {
        return isDense(gradient) ? gradient : empty(gradient);
    }

    /** Takes the taps' part of a gradient. */
    void gather(INDArray spreadGradient, INDArray gradient) {
        if (spreadGradient != gradient) {
            gradient.assign(spreadGradient.get(taps(spreadGradient)));
        }
    }

    /** One tap has no distance to another. */
    private boolean isDense(INDArray w) {
        for (int axis = 0; axis < distance.length; axis++) {
            if (distance[axis] > 1 && taps(w, axis) > 1) {
                return false;
            }
        }
        return true;
    }

    private long taps(INDArray w, int axis) {
        return w.size(w.rank() - distance.length + axis);
    }

    private INDArray empty(INDArray w) {
        long[] shape = w.shape().clone();
        for (int axis = 0; axis < distance.length; axis++) {
            shape[shape.length - distance.length + axis] = extent(axis, taps(w, axis));
        }
        return Nd4j.zeros(w.dataType(), shape);
    }

    private INDArrayIndex[] taps(INDArray spread) {
        INDArrayIndex[] index = new INDArrayIndex[spread.rank()];
        Arrays.fill(index, NDArrayIndex.all());
        for (int axis = 0; axis < distance.length; axis++) {
            long size = taps(spread, axis);
            if (size > 1) {
                index[index.length - distance.length + axis] =
                        NDArrayIndex.interval(0, distance[axis], size);
            }
        }
        return index;
    }
}
