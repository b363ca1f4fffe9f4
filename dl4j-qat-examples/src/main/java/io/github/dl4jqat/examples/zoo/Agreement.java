package io.github.dl4jqat.examples.zoo;

import org.deeplearning4j.nn.conf.layers.objdetect.Yolo2OutputLayer;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * How often two networks name the same class: for an example, a step of a sequence, a pixel, or a
 * box.
 */
final class Agreement {

    /** What precedes the classes of a box: its place, its size, its confidence. */
    private static final int BEFORE_CLASSES = 5;

    private final int boxes;
    private long equal;
    private long all;

    /** For networks that end in that layer. */
    Agreement(org.deeplearning4j.nn.conf.layers.Layer last) {
        boxes =
                last instanceof Yolo2OutputLayer yolo
                        ? Math.toIntExact(yolo.getBoundingBoxes().size(0))
                        : 0;
    }

    /** Counts a batch; classes are on the second axis. */
    void add(INDArray one, INDArray other) {
        int[] a = labels(one);
        int[] b = labels(other);
        if (a.length != b.length) {
            throw new IllegalArgumentException(
                    "expected outputs of one shape, got "
                            + one.shapeInfoToString()
                            + " and "
                            + other.shapeInfoToString());
        }
        for (int i = 0; i < a.length; i++) {
            equal += a[i] == b[i] ? 1 : 0;
        }
        all += a.length;
    }

    /** The share of equal ones. */
    double share() {
        return all == 0 ? 1 : (double) equal / all;
    }

    private int[] labels(INDArray y) {
        float[] values = y.dup('c').data().asFloat();
        int groups = Math.toIntExact(y.size(0)) * Math.max(1, boxes);
        int rows = Math.toIntExact(y.size(1)) / Math.max(1, boxes);
        int first = boxes > 0 ? BEFORE_CLASSES : 0;
        int places = values.length / groups / rows;
        int[] labels = new int[groups * places];
        for (int g = 0; g < groups; g++) {
            for (int p = 0; p < places; p++) {
                labels[g * places + p] = label(values, g * rows * places + p, first, rows, places);
            }
        }
        return labels;
    }

    /** The row of the largest value; of a single row, whether it says yes. */
    private static int label(float[] values, int from, int first, int rows, int places) {
        if (rows - first == 1) {
            return values[from + first * places] > 0.5f ? 1 : 0;
        }
        int best = first;
        for (int row = first + 1; row < rows; row++) {
            if (values[from + row * places] > values[from + best * places]) {
                best = row;
            }
        }
        return best;
    }
}
