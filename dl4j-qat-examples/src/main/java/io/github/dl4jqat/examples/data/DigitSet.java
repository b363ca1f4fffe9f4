package io.github.dl4jqat.examples.data;

import java.io.Serializable;
import java.util.Arrays;

/**
 * Labelled 28 x 28 grey pictures, one byte per pixel (0 is paper, 255 is ink), picture after
 * picture, row after row.
 *
 * <p>Bytes are a quarter of the size of floats; {@link DigitSetIterator} converts them batch by
 * batch.
 */
public final class DigitSet implements Serializable {

    private static final long serialVersionUID = 1L;

    /** Rows and columns of a picture. */
    public static final int SIDE = 28;

    /** Pixels of a picture. */
    public static final int PIXELS = SIDE * SIDE;

    /** Number of classes: the digits 0 to 9. */
    public static final int CLASSES = 10;

    private final byte[] pixels;
    private final byte[] labels;

    /**
     * Takes ownership of both arrays: the caller must not write to them any more.
     *
     * @param pixels {@link #PIXELS} bytes for every picture
     * @param labels one class from 0 to 9 for every picture
     * @throws IllegalArgumentException if the lengths do not fit each other or a label is not a
     *     digit
     */
    public DigitSet(byte[] pixels, byte[] labels) {
        if (pixels.length != (long) labels.length * PIXELS) {
            throw new IllegalArgumentException(
                    labels.length
                            + " labels need "
                            + (long) labels.length * PIXELS
                            + " pixels, got "
                            + pixels.length);
        }
        for (int i = 0; i < labels.length; i++) {
            if (labels[i] < 0 || labels[i] >= CLASSES) {
                throw new IllegalArgumentException(
                        "label " + i + " is " + (labels[i] & 0xFF) + ", expected 0 to 9");
            }
        }
        this.pixels = pixels;
        this.labels = labels;
    }

    /** Number of pictures. */
    public int size() {
        return labels.length;
    }

    /** The digit that picture {@code index} shows. */
    public int label(int index) {
        return labels[index];
    }

    /** One pixel's grey value, 0 to 255. */
    public int pixel(int index, int row, int column) {
        return pixels[index * PIXELS + row * SIDE + column] & 0xFF;
    }

    /**
     * Writes one picture as floats between 0 and 1, scaled as Deeplearning4j's own MNIST iterator
     * does it (grey value / 255).
     */
    public void copyScaled(int index, float[] target, int offset) {
        int start = index * PIXELS;
        for (int i = 0; i < PIXELS; i++) {
            target[offset + i] = (pixels[start + i] & 0xFF) / 255f;
        }
    }

    /**
     * The first {@code count} pictures, or this set when it has no more than that.
     *
     * @throws IllegalArgumentException if {@code count} is less than 1
     */
    public DigitSet first(int count) {
        if (count < 1) {
            throw new IllegalArgumentException("expected at least 1 picture, got " + count);
        }
        if (count >= size()) {
            return this;
        }
        return new DigitSet(Arrays.copyOf(pixels, count * PIXELS), Arrays.copyOf(labels, count));
    }
}
