package io.github.dl4jqat.layers;

/**
 * Which numbers of an image each position of a locally connected layer reads. Deeplearning4j lists
 * the positions column by column, and lays the list out row by row: position {@code p} of the
 * output reads the window {@code (p % H', p / H')}, and weights {@code p} are for it. Both layers
 * do the same here, so that weights mean the same in both. A sequence is an image of one column.
 */
final class LocalWindows {

    private final int pixels;
    private final int[] sources;
    private final int positions;

    private LocalWindows(int pixels, int[] sources, int positions) {
        this.pixels = pixels;
        this.sources = sources;
        this.positions = positions;
    }

    /**
     * The windows of a layer.
     *
     * @param image channels, height, width
     * @param kernel height and width, as all others here
     * @param before padding in front; mode Same may say less than none, which means none
     * @param output how many windows
     */
    static LocalWindows of(int[] image, int[] kernel, int[] stride, int[] before, int[] output) {
        int positions = output[0] * output[1];
        int area = kernel[0] * kernel[1];
        int features = image[0] * area;
        int pixels = image[0] * image[1] * image[2];
        int[] sources = new int[positions * features];
        for (int p = 0; p < positions; p++) {
            int top = p % output[0] * stride[0] - Math.max(0, before[0]);
            int left = p / output[0] * stride[1] - Math.max(0, before[1]);
            for (int f = 0; f < features; f++) {
                int row = top + f % area / kernel[1];
                int column = left + f % kernel[1];
                boolean inside = row >= 0 && row < image[1] && column >= 0 && column < image[2];
                int channel = f / area;
                sources[p * features + f] =
                        inside ? (channel * image[1] + row) * image[2] + column : pixels;
            }
        }
        return new LocalWindows(pixels, sources, positions);
    }

    /** How many numbers an example has. */
    int pixels() {
        return pixels;
    }

    /** How many positions there are. */
    int positions() {
        return positions;
    }

    /** How many numbers each position reads. */
    int features() {
        return sources.length / positions;
    }

    /**
     * For each position, and each number that it reads (channel, row, column), where it lies in the
     * row-major image; {@link #pixels()} for padding.
     */
    int[] sources() {
        return sources.clone();
    }

    /**
     * The transposed way: adds up what has come back for each number of the images.
     *
     * @param values for each source, one for each example
     * @return for each pixel, one for each example
     */
    double[] collected(double[] values, int examples) {
        double[] sums = new double[pixels * examples];
        for (int s = 0; s < sources.length; s++) {
            int to = sources[s] * examples;
            for (int n = 0; sources[s] < pixels && n < examples; n++) {
                sums[to + n] += values[s * examples + n];
            }
        }
        return sums;
    }
}
