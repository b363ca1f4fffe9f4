package io.github.dl4jqat.export.tflite;

import io.github.dl4jqat.integer.TensorType;
import java.util.ArrayList;
import java.util.List;

/**
 * Where elements lie in TFLite. An integer model has the channels first, {@code [C, H, W]}, TFLite
 * has the batch first and the channels last, {@code [N, H, W, C]}; the same holds for sequences
 * {@code [C, T]} and volumes.
 */
final class Layout {

    private Layout() {}

    /** The shape of one example in TFLite. */
    static List<Integer> shape(TensorType tensor) {
        return lastly(tensor.shape());
    }

    /** A list with one entry for each axis in the order of TFLite, without the batch. */
    static List<Integer> lastly(List<Integer> perAxis) {
        List<Integer> moved = new ArrayList<>(perAxis.subList(1, perAxis.size()));
        moved.add(perAxis.get(0));
        return moved;
    }

    /** Which axis of TFLite's tensor, batch included, an axis of the model is. */
    static int axis(int rank, int axis) {
        return axis == 0 ? rank : axis;
    }

    /** Whether the elements of an example lie in the same order in both. */
    static boolean sameOrder(TensorType tensor) {
        return tensor.size(0) == 1 || tensor.elements() == tensor.size(0);
    }

    /** The permutation that brings a tensor of TFLite to the order of the model. */
    static int[] toModel(int rank) {
        int[] permutation = new int[rank + 1];
        for (int axis = 0; axis < rank; axis++) {
            permutation[axis + 1] = axis(rank, axis);
        }
        return permutation;
    }

    /** The permutation that brings a tensor in the order of the model to that of TFLite. */
    static int[] fromModel(int rank) {
        int[] permutation = new int[rank + 1];
        for (int axis = 0; axis < rank; axis++) {
            permutation[axis(rank, axis)] = axis + 1;
        }
        return permutation;
    }

    /** What TFLite must permute where the model permutes its axes. */
    static int[] permutation(List<Integer> ofModel) {
        int rank = ofModel.size();
        int[] permutation = new int[rank + 1];
        for (int axis = 0; axis < rank; axis++) {
            permutation[axis(rank, axis)] = axis(rank, ofModel.get(axis));
        }
        return permutation;
    }

    /** The index in the model of each element of an example in the order of TFLite. */
    static int[] order(TensorType tensor) {
        int channels = tensor.size(0);
        int positions = tensor.elements() / channels;
        int[] order = new int[tensor.elements()];
        for (int p = 0; p < positions; p++) {
            for (int c = 0; c < channels; c++) {
                order[p * channels + c] = c * positions + p;
            }
        }
        return order;
    }
}
