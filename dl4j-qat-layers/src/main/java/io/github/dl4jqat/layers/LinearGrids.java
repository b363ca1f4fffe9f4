package io.github.dl4jqat.layers;

import io.github.dl4jqat.quant.QuantParams;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The grids around one linear op. Mostly those of its layer; an op inside a layer has the tensor
 * inside it on one side.
 */
interface LinearGrids {

    /** The grid of what comes in, or null as long as it is not known. */
    QuantParams inputParams(boolean training);

    /** That of the value before a table, or null. */
    QuantParams preActivationParams(boolean training);

    /** That of the result, or null as long as it is not known. */
    QuantParams outputParams(boolean training);

    /** Whether a table stands between accumulator and output. */
    boolean needsTable(IActivation f);

    /** What comes in as steps in an array of its own; null if it is not on that grid. */
    INDArray inputSteps(INDArray x, QuantParams p);

    /** What time it is. */
    TrainingClock clock();

    /** The layer's input to the tensor inside it: a sum without a function of its own. */
    static LinearGrids beforeInner(LayerQuantizers quantizers) {
        return new BeforeInner(quantizers);
    }

    /** The tensor inside a layer to the layer's output. */
    static LinearGrids behindInner(LayerQuantizers quantizers) {
        return new BehindInner(quantizers);
    }

    private static QuantParams inner(LayerQuantizers quantizers, boolean training) {
        return quantizers.inner() == null ? null : quantizers.inner().params(training);
    }

    /** See {@link #beforeInner}. */
    record BeforeInner(LayerQuantizers quantizers) implements LinearGrids {

        @Override
        public QuantParams inputParams(boolean training) {
            return quantizers.inputParams(training);
        }

        @Override
        public QuantParams preActivationParams(boolean training) {
            return null;
        }

        @Override
        public QuantParams outputParams(boolean training) {
            return inner(quantizers, training);
        }

        @Override
        public boolean needsTable(IActivation f) {
            return false;
        }

        @Override
        public INDArray inputSteps(INDArray x, QuantParams p) {
            return quantizers.inputSteps(x, p);
        }

        @Override
        public TrainingClock clock() {
            return quantizers.clock();
        }
    }

    /** See {@link #behindInner}. */
    record BehindInner(LayerQuantizers quantizers) implements LinearGrids {

        @Override
        public QuantParams inputParams(boolean training) {
            return inner(quantizers, training);
        }

        @Override
        public QuantParams preActivationParams(boolean training) {
            return quantizers.preActivationParams(training);
        }

        @Override
        public QuantParams outputParams(boolean training) {
            return quantizers.outputParams(training);
        }

        @Override
        public boolean needsTable(IActivation f) {
            return quantizers.needsTable(f);
        }

        @Override
        public INDArray inputSteps(INDArray x, QuantParams p) {
            return LayerQuantizers.stepsOnGrid(x, p);
        }

        @Override
        public TrainingClock clock() {
            return quantizers.clock();
        }
    }
}
