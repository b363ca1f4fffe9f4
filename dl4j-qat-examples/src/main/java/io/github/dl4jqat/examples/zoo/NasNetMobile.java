package io.github.dl4jqat.examples.zoo;

import io.github.dl4jqat.examples.zoo.NasNetCells.Tensor;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration.GraphBuilder;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.weights.WeightInit;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.learning.config.Adam;

/**
 * NASNet-A for small devices, the network that an architecture search found (Zoph, Vasudevan,
 * Shlens, Le: Learning Transferable Architectures for Scalable Image Recognition, 2018). The NASNet
 * in Deeplearning4j's zoo cannot be constructed in 1.0.0-M2.1; this one is written from the paper.
 *
 * <p>A strided convolution, two reduction cells, and three stacks of normal cells with a reduction
 * cell between them, which doubles the filters; then ReLU, the mean over all pixels, and a softmax.
 */
public final class NasNetMobile {

    /** Filters of a normal cell's output for one filter of its branches, in the last stack. */
    private static final int CHANNELS_OF_LAST_STACK = 24;

    /** The stem's cells have a quarter and half of the filters, and halving splits them in two. */
    private static final int FILTERS_DIVISOR = 4;

    private static final int STEM_FILTERS = 32;
    private static final int STACKS = 3;

    private NasNetMobile() {}

    /**
     * How large the network is.
     *
     * @param channels of an image
     * @param height of an image, at least 32
     * @param width of an image, at least 32
     * @param classes how many there are
     * @param penultimateFilters channels before the mean over all pixels, a multiple of 96
     * @param cells normal cells in each of the three stacks
     */
    public record Size(
            int channels, int height, int width, int classes, int penultimateFilters, int cells) {

        private static final int SMALLEST_IMAGE = 32;

        /** Checks the numbers. */
        public Size {
            require(channels > 0, "channels", channels, "at least 1");
            require(height >= SMALLEST_IMAGE, "height", height, "at least " + SMALLEST_IMAGE);
            require(width >= SMALLEST_IMAGE, "width", width, "at least " + SMALLEST_IMAGE);
            require(classes > 1, "classes", classes, "at least 2");
            require(cells > 0, "cells", cells, "at least 1");
            int step = CHANNELS_OF_LAST_STACK * FILTERS_DIVISOR;
            require(
                    penultimateFilters > 0 && penultimateFilters % step == 0,
                    "penultimateFilters",
                    penultimateFilters,
                    "a multiple of " + step);
        }

        /** 4 @ 1056, the paper's network for images of 224 pixels and a thousand classes. */
        public static Size mobile() {
            return new Size(3, 224, 224, 1000, 1056, 4);
        }

        private static void require(boolean right, String what, int value, String expected) {
            if (!right) {
                throw new IllegalArgumentException(
                        "NasNetMobile: " + what + "=" + value + ", expected " + expected);
            }
        }
    }

    /** The initialized network. */
    public static ComputationGraph build(Size size, long seed) {
        ComputationGraph net = new ComputationGraph(configuration(size, seed));
        net.init();
        return net;
    }

    /** The network's configuration, for images with their channels first. */
    public static ComputationGraphConfiguration configuration(Size size, long seed) {
        GraphBuilder graph =
                new NeuralNetConfiguration.Builder()
                        .seed(seed)
                        .weightInit(WeightInit.RELU)
                        .updater(new Adam(1e-3))
                        .graphBuilder()
                        .addInputs("image")
                        .setInputTypes(
                                InputType.convolutional(
                                        size.height(), size.width(), size.channels()));
        int filters = size.penultimateFilters() / CHANNELS_OF_LAST_STACK;
        Tensor last = cells(new NasNetCells(graph), size.cells(), filters);
        return graph.addLayer(
                        "mean",
                        new GlobalPoolingLayer.Builder(PoolingType.AVG).build(),
                        last.name())
                .addLayer(
                        "classes",
                        new OutputLayer.Builder()
                                .nOut(size.classes())
                                .activation(Activation.SOFTMAX)
                                .build(),
                        "mean")
                .setOutputs("classes")
                .build();
    }

    private static Tensor cells(NasNetCells cells, int each, int filters) {
        Tensor stem = cells.stem("image", STEM_FILTERS);
        Tensor previous = stem;
        Tensor x = cells.reduction("stem1", stem, null, filters / 4);
        Tensor next = cells.reduction("stem2", x, previous, filters / 2);
        previous = x;
        x = next;
        for (int stack = 0; stack < STACKS; stack++) {
            int wide = filters << stack;
            if (stack > 0) {
                next = cells.reduction("reduction" + stack, x, previous, wide);
                previous = x;
                x = next;
            }
            for (int i = 1; i <= each; i++) {
                next = cells.normal("normal" + (stack + 1) + "-" + i, x, previous, wide);
                previous = x;
                x = next;
            }
        }
        return cells.activated(x);
    }
}
