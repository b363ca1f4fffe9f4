package io.github.dl4jqat.convert;

import io.github.dl4jqat.integer.Combine;
import io.github.dl4jqat.integer.TensorType;
import java.util.ArrayList;
import java.util.List;

/**
 * What flows out of a node while its network is converted.
 *
 * <p>Where the tensor is integer, {@code tensor} names it in the integer model. The network's own
 * input, and what an island of float operations gives, is float until the first layer that
 * quantizes it; what happens to it on the way (reshaping, max pooling) is kept in {@code pending}
 * and done on the integers, which is the same: those steps commute with quantization.
 *
 * @param tensor the integers, or the floats of an island; null for a network input
 * @param networkInput name of the network input whose float values are pending, or null
 * @param rawShape shape of one example of that input, as far as a preprocessor tells; else null
 * @param pending the steps between those floats and here
 * @param shapeKept whether the pending steps leave the shape as it is
 * @param channelsLast whether DL4J's array has its channels last; the integer model's never has
 * @param parts what a vertex makes numbers of that the next layer puts on a grid; else null
 */
record Flow(
        TensorType tensor,
        String networkInput,
        List<Integer> rawShape,
        List<Step> pending,
        boolean shapeKept,
        boolean channelsLast,
        Parts parts) {

    /**
     * Integers that a vertex combines, or a function of integers.
     *
     * @param kind how they are combined; null for a function of one tensor
     * @param tensors the integers
     * @param values the function's value for every integer of the one tensor; null if combined
     */
    record Parts(Combine.Kind kind, List<TensorType> tensors, List<Float> values) {}

    /** Something that is done to integers without changing their grid. */
    interface Step {
        TensorType apply(TensorType input, ModelDraft draft);
    }

    static Flow ofInput(String name) {
        return new Flow(null, name, null, List.of(), true, false, null);
    }

    static Flow of(TensorType tensor, boolean channelsLast) {
        return new Flow(tensor, null, null, List.of(), true, channelsLast, null);
    }

    /** What a vertex makes of integers. */
    static Flow of(Parts parts, boolean channelsLast) {
        return new Flow(null, null, null, List.of(), true, channelsLast, parts);
    }

    /** Whether these are integers already. */
    boolean isInteger() {
        return tensor != null && !tensor.isFloat();
    }

    /** Does a step at once where there are integers, else when there will be. */
    Flow step(ModelDraft draft, boolean keepsShape, boolean last, Step step) {
        if (isInteger()) {
            return of(step.apply(tensor, draft), last);
        }
        List<Step> steps = new ArrayList<>(pending);
        steps.add(step);
        return new Flow(
                tensor,
                networkInput,
                rawShape,
                List.copyOf(steps),
                shapeKept && keepsShape,
                last,
                null);
    }

    /** The same with the shape of the network's input, if it is not known already. */
    Flow withRawShape(List<Integer> shape) {
        return tensor != null || rawShape != null
                ? this
                : new Flow(null, networkInput, shape, pending, shapeKept, channelsLast, null);
    }
}
