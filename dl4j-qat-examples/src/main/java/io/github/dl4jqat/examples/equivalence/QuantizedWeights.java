package io.github.dl4jqat.examples.equivalence;

import io.github.dl4jqat.estimator.EstimatorEquivalence;
import io.github.dl4jqat.kernels.Grid;
import io.github.dl4jqat.quant.QuantParams;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The quantized weights of a layer seen from outside: their values, their levels, their range. Not
 * thread-safe.
 */
final class QuantizedWeights {

    private static final String KEY = "W";

    private final INDArray array;
    private final Grid grid;
    private final double scale;
    private final boolean single;

    private QuantizedWeights(INDArray array, QuantParams params) {
        this.array = array;
        grid = Grid.of(params);
        scale = params.scale();
        single = array.dataType() == DataType.FLOAT;
    }

    /** Of the layer with that index, if it is a convolution; else null. */
    static QuantizedWeights of(MultiLayerNetwork net, int layer, Grids grids) {
        if (!(net.getLayer(layer).conf().getLayer() instanceof ConvolutionLayer)) {
            return null;
        }
        INDArray w = net.getLayer(layer).getParam(KEY);
        return new QuantizedWeights(
                w, grids.params(Architecture.range(w.size(1) * w.size(2) * w.size(3))));
    }

    /** From the range of a layer to its grid. */
    interface Grids {
        QuantParams params(double range);
    }

    /** The values now. */
    double[] values() {
        return array.dup('c').data().asDouble();
    }

    void assign(double[] values) {
        array.assign(Nd4j.createFromArray(values).reshape(array.shape()));
    }

    /** The level of a value in steps, as the network itself computes it. */
    int level(double v) {
        return (int) grid.level(single ? (float) v / (float) scale : v / scale);
    }

    /** The largest level as a real number. */
    double range() {
        return grid.high() * scale;
    }

    /** Distance of two levels. */
    double spacing() {
        return grid.spacing() * scale;
    }

    /**
     * {@code M(v)} in the precision of the network. Rounding to it must not change the level, so a
     * value that it would carry onto a boundary stays a bit short of it.
     */
    double moved(double v, EstimatorEquivalence twin) {
        double exact = twin.map(v);
        if (!single) {
            return exact;
        }
        float rounded = (float) exact;
        int level = level(v);
        while (level(rounded) != level) {
            rounded = Math.nextAfter(rounded, v);
        }
        return rounded;
    }
}
