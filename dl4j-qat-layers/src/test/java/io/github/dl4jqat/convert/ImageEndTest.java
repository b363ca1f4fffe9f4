package io.github.dl4jqat.convert;

import static io.github.dl4jqat.GraphNets.SIZE;
import static io.github.dl4jqat.GraphNets.data;
import static io.github.dl4jqat.GraphNets.graph;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.dl4jqat.GraphNets;
import io.github.dl4jqat.Qat;
import io.github.dl4jqat.Seeds;
import io.github.dl4jqat.integer.IntegerNetwork;
import io.github.dl4jqat.prepare.QatConfig;
import java.util.Random;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration.GraphBuilder;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex.Op;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.CnnLossLayer;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.Upsampling2D;
import org.deeplearning4j.nn.conf.layers.ZeroPaddingLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.iterator.MultiDataSetIterator;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** Networks that end in images: one label for each pixel, axes as DL4J has them. */
@ExtendWith(Seeds.class)
class ImageEndTest {

    private static final int CHANNELS = 3;

    private static ConvolutionLayer conv(int n, Activation f, CNN2DFormat format) {
        return new ConvolutionLayer.Builder(3, 3).nOut(n).dataFormat(format).activation(f).build();
    }

    private static long[] shape(CNN2DFormat format) {
        return format == CNN2DFormat.NCHW
                ? new long[] {4, CHANNELS, SIZE, SIZE}
                : new long[] {4, SIZE, SIZE, CHANNELS};
    }

    /** The input is read by vertices and by layers without a format of their own first. */
    private static GraphBuilder body(CNN2DFormat format) {
        return graph("left", "right")
                .addVertex("both", new ElementWiseVertex(Op.Add), "left", "right")
                .addLayer("up", new Upsampling2D.Builder(2).dataFormat(format).build(), "both")
                .addLayer(
                        "pad", new ZeroPaddingLayer.Builder(1, 1).dataFormat(format).build(), "up")
                .addLayer("a", conv(5, Activation.RELU, format), "pad")
                .addLayer("b", conv(5, Activation.IDENTITY, format), "a")
                .addVertex("sum", new ElementWiseVertex(Op.Add), "a", "b");
    }

    private static ComputationGraph built(GraphBuilder b, CNN2DFormat format) {
        InputType image = InputType.convolutional(SIZE, SIZE, CHANNELS, format);
        return GraphNets.built(b, image, image);
    }

    @ParameterizedTest
    @EnumSource(CNN2DFormat.class)
    void imagesComeOutAsTheyDoOfTheQuantizedNetwork(CNN2DFormat format, Random random) {
        ComputationGraph net =
                built(
                        body(format)
                                .addLayer("c", conv(2, Activation.IDENTITY, format), "sum")
                                .addLayer(
                                        "mask",
                                        new CnnLossLayer.Builder(LossFunction.XENT)
                                                .format(format)
                                                .activation(Activation.SIGMOID)
                                                .build(),
                                        "c")
                                .setOutputs("mask"),
                        format);
        MultiDataSetIterator data = data(random, shape(format), shape(format));
        ComputationGraph qat = Qat.prepare(net, QatConfig.int8());
        Qat.calibrate(qat, data, 2);
        VerificationReport report = GraphNets.assertConvertsExactly(qat, data);
        int pixels = (2 * SIZE + 2) * (2 * SIZE + 2);
        assertThat(report.examples()).isEqualTo(12);
        assertThat(report.labels()).isEqualTo(12L * pixels);
        try (IntegerNetwork integer = Qat.convert(qat)) {
            INDArray[] x = data.next().getFeatures();
            assertThat(integer.outputs(x)[0]).isEqualTo(qat.output(x)[0]);
        }
    }

    @ParameterizedTest
    @EnumSource(CNN2DFormat.class)
    void vertexMayBeTheEnd(CNN2DFormat format, Random random) {
        ComputationGraph net = built(body(format).setOutputs("sum", "a"), format);
        ComputationGraph qat = Qat.prepare(net, QatConfig.int8());
        MultiDataSetIterator data = data(random, shape(format), shape(format));
        Qat.calibrate(qat, data, 2);
        VerificationReport report = GraphNets.assertConvertsExactly(qat, data);
        int pixels = (2 * SIZE + 2) * (2 * SIZE + 2);
        assertThat(report.labels()).as("two outputs").isEqualTo(2L * 12 * pixels);
        try (IntegerNetwork integer = Qat.convert(qat)) {
            INDArray[] x = data.next().getFeatures();
            assertThat(integer.outputs(x)).isEqualTo(qat.output(x));
        }
    }

    @Test
    void softmaxOverLastChannels_isRefused(Random random) {
        CNN2DFormat last = CNN2DFormat.NHWC;
        ComputationGraph net =
                built(
                        body(last)
                                .addLayer(
                                        "mask",
                                        new CnnLossLayer.Builder(LossFunction.MCXENT)
                                                .format(last)
                                                .activation(Activation.SOFTMAX)
                                                .build(),
                                        "sum")
                                .setOutputs("mask"),
                        last);
        ComputationGraph qat = Qat.prepare(net, QatConfig.int8());
        Qat.calibrate(qat, data(random, shape(last), shape(last)), 1);
        assertThatThrownBy(() -> Qat.convert(qat))
                .isInstanceOf(UnsupportedLayerException.class)
                .hasMessageContaining("'mask' (CnnLossLayer)")
                .hasMessageContaining("channels last")
                .hasMessageContaining("NCHW");
    }
}
