package io.github.dl4jqat.layers;

import org.deeplearning4j.nn.api.MaskState;
import org.deeplearning4j.nn.layers.wrapper.BaseWrapperLayer;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The running layer behind {@link QuantGravesBidirectionalLSTM}: a {@link BidirectionalRuntime}
 * that Deeplearning4j does not take for one of a {@code Bidirectional}, whose configuration it
 * would look for, and that treats masks as the stock layer does.
 */
final class GravesBidirectionalRuntime extends BaseWrapperLayer {

    GravesBidirectionalRuntime(BidirectionalRuntime underlying) {
        super(underlying);
    }

    /** Applies a mask that layers before it have passed by, and makes it one to be applied. */
    @Override
    public Pair<INDArray, MaskState> feedForwardMaskArray(
            INDArray mask, MaskState current, int minibatchSize) {
        underlying.setMaskArray(mask);
        return new Pair<>(mask, MaskState.Active);
    }
}
