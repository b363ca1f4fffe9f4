package io.github.dl4jqat.examples.zoo;

import java.util.Arrays;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration.GraphBuilder;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.graph.MergeVertex;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.SeparableConvolution2D;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.conf.layers.ZeroPaddingLayer;
import org.deeplearning4j.nn.conf.layers.convolutional.Cropping2D;
import org.nd4j.linalg.activations.Activation;

/**
 * The two kinds of cells of NASNet-A, added to a graph. Each reads the two cells before it, brings
 * both to its own number of filters, combines them by five sums, and gives the sums side by side.
 *
 * <p>Every convolution stands between a ReLU and a batch normalization and has no bias.
 */
final class NasNetCells {

    private static final double DECAY = 0.9997;
    private static final double EPSILON = 1e-3;

    /**
     * What a layer or vertex of the graph gives.
     *
     * @param name of the layer or vertex
     * @param halvings how often height and width have been halved on the way
     * @param channels how many it has
     */
    record Tensor(String name, int halvings, int channels) {}

    private final GraphBuilder graph;

    NasNetCells(GraphBuilder graph) {
        this.graph = graph;
    }

    /** The image's first convolution: no ReLU before it, and no padding. */
    Tensor stem(String input, int filters) {
        graph.addLayer("stem", convolution(filters, 3, 2, ConvolutionMode.Truncate), input);
        return normalized(new Tensor("stem", 1, filters));
    }

    /**
     * A cell that keeps height and width.
     *
     * @param name prefix of the names of its layers
     * @param x what the cell before gives
     * @param previous what the one before that gives
     * @return six times as many channels as filters
     */
    Tensor normal(String name, Tensor x, Tensor previous, int filters) {
        Tensor p = fitted(name + "-previous", previous, x, filters);
        Tensor h = projected(name + "-current", x, filters);
        return concatenated(
                name,
                p,
                sum(
                        name + "-1",
                        separable(name + "-1-left", h, filters, 5, 1),
                        separable(name + "-1-right", p, filters, 3, 1)),
                sum(
                        name + "-2",
                        separable(name + "-2-left", p, filters, 5, 1),
                        separable(name + "-2-right", p, filters, 3, 1)),
                sum(name + "-3", pooled(name + "-3-left", h, PoolingType.AVG, 1), p),
                sum(
                        name + "-4",
                        pooled(name + "-4-left", p, PoolingType.AVG, 1),
                        pooled(name + "-4-right", p, PoolingType.AVG, 1)),
                sum(name + "-5", separable(name + "-5-left", h, filters, 3, 1), h));
    }

    /**
     * A cell that halves height and width.
     *
     * @param name prefix of the names of its layers
     * @param x what the cell before gives
     * @param previous what the one before that gives; null if there is none, then x as it is
     * @return four times as many channels as filters
     */
    Tensor reduction(String name, Tensor x, Tensor previous, int filters) {
        Tensor p = previous == null ? x : fitted(name + "-previous", previous, x, filters);
        Tensor h = projected(name + "-current", x, filters);
        Tensor first =
                sum(
                        name + "-1",
                        separable(name + "-1-left", h, filters, 5, 2),
                        separable(name + "-1-right", p, filters, 7, 2));
        Tensor second =
                sum(
                        name + "-2",
                        pooled(name + "-2-left", h, PoolingType.MAX, 2),
                        separable(name + "-2-right", p, filters, 7, 2));
        Tensor third =
                sum(
                        name + "-3",
                        pooled(name + "-3-left", h, PoolingType.AVG, 2),
                        separable(name + "-3-right", p, filters, 5, 2));
        Tensor fourth =
                sum(name + "-4", pooled(name + "-4-left", first, PoolingType.AVG, 1), second);
        Tensor fifth =
                sum(
                        name + "-5",
                        separable(name + "-5-left", first, filters, 3, 1),
                        pooled(name + "-5-right", h, PoolingType.MAX, 2));
        return concatenated(name, second, third, fourth, fifth);
    }

    /** A tensor behind a ReLU. */
    Tensor activated(Tensor x) {
        return then(x, x.name() + "-relu", new ActivationLayer(Activation.RELU));
    }

    /** Brings what comes from two cells before to the height, width and channels of this cell. */
    private Tensor fitted(String name, Tensor previous, Tensor x, int filters) {
        if (previous.halvings() != x.halvings()) {
            return halved(name, previous, filters);
        }
        return previous.channels() == filters ? previous : projected(name, previous, filters);
    }

    private Tensor projected(String name, Tensor x, int filters) {
        return normalized(
                with(
                        then(
                                rectified(name, x),
                                name,
                                convolution(filters, 1, 1, ConvolutionMode.Same)),
                        filters));
    }

    /**
     * Halves height and width without losing half of the pixels: two projections, of the pixels
     * with even coordinates and of those with odd ones, side by side.
     */
    private Tensor halved(String name, Tensor x, int filters) {
        Tensor rectified = rectified(name, x);
        Tensor even = everySecond(name + "-even", rectified, filters / 2);
        // One row and column of zeros at the end, and those at the beginning away.
        Tensor padded =
                then(
                        rectified,
                        name + "-odd-pad",
                        new ZeroPaddingLayer.Builder(0, 1, 0, 1).build());
        Tensor shifted =
                then(padded, name + "-odd-crop", new Cropping2D.Builder(1, 0, 1, 0).build());
        Tensor odd = everySecond(name + "-odd", shifted, filters / 2);
        return normalized(concatenated(name, even, odd));
    }

    private Tensor everySecond(String name, Tensor x, int filters) {
        // The largest of one pixel is that pixel.
        SubsamplingLayer pick =
                new SubsamplingLayer.Builder(PoolingType.MAX).kernelSize(1, 1).stride(2, 2).build();
        Tensor picked = then(x, name + "-pick", pick);
        Tensor y = then(picked, name, convolution(filters, 1, 1, ConvolutionMode.Same));
        return new Tensor(y.name(), x.halvings() + 1, filters);
    }

    /** Two separable convolutions, each between ReLU and normalization; the first may stride. */
    private Tensor separable(String name, Tensor x, int filters, int kernel, int stride) {
        Tensor y = x;
        for (String part : new String[] {"-a", "-b"}) {
            int step = part.equals("-a") ? stride : 1;
            SeparableConvolution2D layer =
                    new SeparableConvolution2D.Builder(kernel, kernel)
                            .stride(step, step)
                            .convolutionMode(ConvolutionMode.Same)
                            .nOut(filters)
                            .hasBias(false)
                            .activation(Activation.IDENTITY)
                            .build();
            y = then(rectified(name + part, y), name + part, layer);
            y = normalized(new Tensor(y.name(), y.halvings() + step - 1, filters));
        }
        return y;
    }

    private Tensor pooled(String name, Tensor x, PoolingType type, int stride) {
        SubsamplingLayer layer =
                new SubsamplingLayer.Builder(type)
                        .kernelSize(3, 3)
                        .stride(stride, stride)
                        .convolutionMode(ConvolutionMode.Same)
                        .build();
        Tensor y = then(x, name, layer);
        return new Tensor(y.name(), x.halvings() + stride - 1, x.channels());
    }

    private Tensor sum(String name, Tensor a, Tensor b) {
        graph.addVertex(name, new ElementWiseVertex(ElementWiseVertex.Op.Add), a.name(), b.name());
        return new Tensor(name, a.halvings(), a.channels());
    }

    private Tensor concatenated(String name, Tensor... parts) {
        graph.addVertex(
                name,
                new MergeVertex(),
                Arrays.stream(parts).map(Tensor::name).toArray(String[]::new));
        int channels = Arrays.stream(parts).mapToInt(Tensor::channels).sum();
        return new Tensor(name, parts[0].halvings(), channels);
    }

    private Tensor rectified(String name, Tensor x) {
        return then(x, name + "-relu", new ActivationLayer(Activation.RELU));
    }

    private Tensor normalized(Tensor x) {
        return then(
                x,
                x.name() + "-bn",
                new BatchNormalization.Builder().decay(DECAY).eps(EPSILON).build());
    }

    private Tensor then(Tensor x, String name, Layer layer) {
        graph.addLayer(name, layer, x.name());
        return new Tensor(name, x.halvings(), x.channels());
    }

    private static Tensor with(Tensor x, int channels) {
        return new Tensor(x.name(), x.halvings(), channels);
    }

    private static ConvolutionLayer convolution(
            int filters, int kernel, int stride, ConvolutionMode mode) {
        return new ConvolutionLayer.Builder(kernel, kernel)
                .stride(stride, stride)
                .convolutionMode(mode)
                .nOut(filters)
                .hasBias(false)
                .activation(Activation.IDENTITY)
                .build();
    }
}
