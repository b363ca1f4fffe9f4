package io.github.dl4jqat.convert;

import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The class that each position of an output names: one for a vector {@code [C]}, one for each step
 * of {@code [C, T]}, one for each pixel of {@code [C, H, W]}. Where there is one channel only, its
 * class is whether the number is above one half, as for a sigmoid.
 */
final class Labels {

    private static final float HALF = 0.5f;

    private Labels() {}

    /**
     * The classes of a batch, one position after the other.
     *
     * @param y floats with the batch first
     * @param channelsLast whether the channels are the last axis, else they are the second
     */
    static int[] of(INDArray y, boolean channelsLast) {
        boolean last = channelsLast && y.rank() > 2;
        float[] values = y.dup('c').data().asFloat();
        int channels = Math.toIntExact(y.size(last ? -1 : 1));
        int positions = Math.toIntExact(y.length() / y.size(0)) / channels;
        int[] labels = new int[Math.toIntExact(y.size(0)) * positions];
        for (int i = 0; i < labels.length; i++) {
            int first = last ? i * channels : i / positions * channels * positions + i % positions;
            labels[i] = label(values, first, channels, last ? 1 : positions);
        }
        return labels;
    }

    private static int label(float[] values, int first, int channels, int stride) {
        if (channels == 1) {
            return values[first] > HALF ? 1 : 0;
        }
        int best = 0;
        for (int c = 1; c < channels; c++) {
            if (values[first + c * stride] > values[first + best * stride]) {
                best = c;
            }
        }
        return best;
    }
}
