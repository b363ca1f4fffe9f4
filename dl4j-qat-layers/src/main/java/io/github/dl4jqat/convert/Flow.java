package io.github.dl4jqat.convert;

import io.github.dl4jqat.integer.TensorType;
import java.util.List;

/**
 * What flows out of a node while its network is converted.
 *
 * <p>Where the tensor is integer, {@code tensor} names it in the integer model. The network's own
 * input is float until the first layer that quantizes it; what happens to it on the way (reshaping,
 * max pooling) is kept in {@code pending} and done on the integers, which is the same: those steps
 * commute with quantization.
 *
 * @param tensor the integers, or null while they are pending
 * @param networkInput name of the network input whose float values are pending, or null
 * @param rawShape shape of one example of that input, as far as a preprocessor tells; else null
 * @param pending the steps between that input and here
 * @param shapeKept whether the pending steps leave the shape as it is
 * @param channelsLast whether DL4J's array has its channels last; the integer model's never has
 */
record Flow(
        TensorType tensor,
        String networkInput,
        List<Integer> rawShape,
        List<Step> pending,
        boolean shapeKept,
        boolean channelsLast) {

    /** Something that is done to integers without changing their grid. */
    interface Step {
        TensorType apply(TensorType input, ModelDraft draft);
    }

    static Flow ofInput(String name) {
        return new Flow(null, name, null, List.of(), true, false);
    }

    static Flow of(TensorType tensor, boolean channelsLast) {
        return new Flow(tensor, null, null, List.of(), true, channelsLast);
    }

    /** The same with the shape of the network's input, if it is not known already. */
    Flow withRawShape(List<Integer> shape) {
        return tensor != null || rawShape != null
                ? this
                : new Flow(null, networkInput, shape, pending, shapeKept, channelsLast);
    }
}
