package io.github.dl4jqat.convert;

import static io.github.dl4jqat.GraphNets.data;
import static io.github.dl4jqat.GraphNets.graph;
import static io.github.dl4jqat.GraphNets.image;
import static io.github.dl4jqat.GraphNets.images;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.dl4jqat.GraphNets;
import io.github.dl4jqat.Qat;
import io.github.dl4jqat.Seeds;
import io.github.dl4jqat.estimator.GradientEstimators;
import io.github.dl4jqat.layers.FakeQuantLayer;
import io.github.dl4jqat.layers.LayerQuantization;
import io.github.dl4jqat.layers.QuantActivationLayer;
import io.github.dl4jqat.layers.QuantConvolutionLayer;
import io.github.dl4jqat.layers.QuantOutputLayer;
import io.github.dl4jqat.layers.QuantizedLayer;
import io.github.dl4jqat.layers.TensorQuantization;
import io.github.dl4jqat.quant.Quantizers;
import java.util.Random;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration.GraphBuilder;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex.Op;
import org.deeplearning4j.nn.conf.graph.MergeVertex;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.dataset.api.iterator.MultiDataSetIterator;

/** Graphs of quantized layers that no {@code prepare} has seen. */
@ExtendWith(Seeds.class)
class HandWrittenGraphTest {

    private static QuantConvolutionLayer.Builder conv(Activation f) {
        return new QuantConvolutionLayer.Builder(3, 3).nOut(4).activation(f);
    }

    private static QuantConvolutionLayer first() {
        return conv(Activation.RELU).inputQuant(Quantizers.uint8PerTensor()).build();
    }

    private static ComputationGraph built(GraphBuilder b, String last) {
        return GraphNets.built(
                b.addLayer("pool", new GlobalPoolingLayer.Builder(PoolingType.MAX).build(), last)
                        .addLayer(
                                "out",
                                new QuantOutputLayer.Builder()
                                        .nOut(GraphNets.CLASSES)
                                        .activation(Activation.SOFTMAX)
                                        .build(),
                                "pool")
                        .setOutputs("out"),
                image(3));
    }

    /** Two branches and their sum, with a quantizer behind it or none. */
    private static GraphBuilder branches(Layer a, Layer b, Layer behind) {
        GraphBuilder graph =
                graph("in")
                        .addLayer("a", a, "in")
                        .addLayer("b", b, "a")
                        .addVertex("sum", new ElementWiseVertex(Op.Add), "a", "b");
        return behind == null ? graph : graph.addLayer("q", behind, "sum");
    }

    private static FakeQuantLayer quantizer() {
        return new FakeQuantLayer.Builder().build();
    }

    private static QuantizedLayer layer(ComputationGraph net, String name) {
        return (QuantizedLayer) net.getLayer(name);
    }

    @Test
    void oneOfTwoSaysThatTheyShareAGrid(Random random) {
        MultiDataSetIterator data = data(random, images(3));
        ComputationGraph net =
                built(
                        branches(
                                first(),
                                conv(Activation.IDENTITY).sameGridAs("a").build(),
                                quantizer()),
                        "q");
        net.fit(data);
        assertThat(layer(net, "a").outputParams()).isEqualTo(layer(net, "b").outputParams());
        GraphNets.assertConvertsExactly(net, data);
    }

    @Test
    void calibrationFindsOutWhatNobodySays(Random random) {
        MultiDataSetIterator data = data(random, images(3));
        ComputationGraph net =
                built(
                        branches(first(), conv(Activation.IDENTITY).build(), quantizer())
                                .addLayer("c", conv(Activation.TANH).build(), "q")
                                .addVertex("both", new MergeVertex(), "c", "b")
                                .addVertex("max", new ElementWiseVertex(Op.Max), "both", "both2")
                                .addVertex("both2", new MergeVertex(), "q", "q"),
                        "max");
        Qat.calibrate(net, data, 2);
        assertThat(layer(net, "a").quantization().group())
                .containsExactlyInAnyOrder("a", "b", "c", "q");
        assertThat(layer(net, "b").outputParams())
                .isEqualTo(layer(net, "a").outputParams())
                .isEqualTo(layer(net, "c").outputParams())
                .isEqualTo(layer(net, "q").outputParams());
        data.reset();
        net.fit(data);
        GraphNets.assertConvertsExactly(net, data);
    }

    @Test
    void conversionSaysWhatWasForgotten(Random random) {
        ComputationGraph net =
                built(branches(first(), conv(Activation.IDENTITY).build(), quantizer()), "q");
        net.fit(data(random, images(3)));
        assertThatThrownBy(() -> Qat.convert(net))
                .isInstanceOf(UnsupportedLayerException.class)
                .hasMessageContaining("'sum' (ElementWiseVertex)")
                .hasMessageContaining("nobody says that 'a' and 'b' share one")
                .hasMessageContaining("Qat.calibrate")
                .hasMessageContaining("sameGridAs(\"a\") in the builder of 'b'");
    }

    @Test
    void conversionSaysWhyTwoCannotShareAGrid(Random random) {
        MultiDataSetIterator data = data(random, images(3));
        ComputationGraph differ =
                built(
                        branches(
                                first(),
                                conv(Activation.IDENTITY)
                                        .outputQuant(Quantizers.int8AffinePerTensor())
                                        .build(),
                                quantizer()),
                        "q");
        Qat.calibrate(differ, data, 1);
        assertThat(layer(differ, "a").quantization().group()).isEmpty();
        assertThatThrownBy(() -> Qat.convert(differ))
                .hasMessageContaining("'a' gives uint8, 'b' gives int8")
                .hasMessageContaining("the same outputQuant");
        ComputationGraph learned =
                built(
                        branches(
                                first(),
                                conv(Activation.IDENTITY)
                                        .outputEstimator(GradientEstimators.lsq())
                                        .build(),
                                quantizer()),
                        "q");
        Qat.calibrate(learned, data, 1);
        assertThatThrownBy(() -> Qat.convert(learned))
                .hasMessageContaining("'b' has the estimator 'lsq'")
                .hasMessageContaining("outputEstimator(GradientEstimators.clipped())");
        ComputationGraph midRise =
                built(
                        branches(
                                first(),
                                conv(Activation.IDENTITY)
                                        .outputQuant(Quantizers.binaryPerTensor())
                                        .build(),
                                quantizer()),
                        "q");
        Qat.calibrate(midRise, data, 1);
        assertThatThrownBy(() -> Qat.convert(midRise))
                .hasMessageContaining("'b' gives the mid-rise binary")
                .hasMessageContaining("Quantizers.uint8PerTensor()");
    }

    @Test
    void sumWithoutAQuantizerBehindIt_isRefused(Random random) {
        MultiDataSetIterator data = data(random, images(3));
        ComputationGraph none =
                built(
                        branches(first(), conv(Activation.IDENTITY).build(), null)
                                .addLayer("c", conv(Activation.RELU).build(), "sum"),
                        "c");
        Qat.calibrate(none, data, 1);
        assertThatThrownBy(() -> Qat.convert(none))
                .isInstanceOf(UnsupportedLayerException.class)
                .hasMessageContaining("'c' (QuantConvolutionLayer)")
                .hasMessageContaining("put a FakeQuantLayer behind the vertex");
        ComputationGraph own =
                built(
                        branches(first(), conv(Activation.IDENTITY).build(), null)
                                .addLayer("c", first(), "sum"),
                        "c");
        Qat.calibrate(own, data, 1);
        assertThatThrownBy(() -> Qat.convert(own))
                .isInstanceOf(UnsupportedLayerException.class)
                .hasMessageContaining("'c' (QuantConvolutionLayer)")
                .hasMessageContaining("put a FakeQuantLayer behind the vertex")
                .hasMessageContaining("instead of the inputQuant");
    }

    @Test
    void everyOffenderIsNamed(Random random) {
        MultiDataSetIterator data = data(random, images(3));
        LayerQuantization output =
                LayerQuantization.OFF.withOutput(
                        TensorQuantization.activation(Quantizers.uint8PerTensor()));
        ComputationGraph net =
                built(
                        branches(
                                        first(),
                                        conv(Activation.IDENTITY).build(),
                                        QuantActivationLayer.of(
                                                new ActivationLayer(Activation.SIGMOID), output))
                                .addVertex("late", new ElementWiseVertex(Op.Product), "in", "in2")
                                .addLayer(
                                        "in2",
                                        new QuantConvolutionLayer.Builder(3, 3)
                                                .nOut(3)
                                                .activation(Activation.RELU)
                                                .inputQuant(Quantizers.uint8PerTensor())
                                                .build(),
                                        "in")
                                .addVertex("all", new MergeVertex(), "q", "late"),
                        "all");
        Qat.calibrate(net, data, 1);
        assertThatThrownBy(() -> Qat.convert(net))
                .isInstanceOf(UnsupportedLayerException.class)
                .hasMessageContaining("'q' (QuantActivationLayer): it applies sigmoid")
                .hasMessageContaining("put a FakeQuantLayer between the vertex and it")
                .hasMessageContaining("'late' (ElementWiseVertex): its input 'in' is not quantized")
                .hasMessageContaining("put a FakeQuantLayer behind 'in'");
    }

    @Test
    void nameThatNoLayerHas_doesNoHarm(Random random) {
        MultiDataSetIterator data = data(random, images(3));
        ComputationGraph net =
                built(
                        branches(
                                first(),
                                conv(Activation.IDENTITY).sameGridAs("a", "gone").build(),
                                quantizer()),
                        "q");
        net.fit(data);
        GraphNets.assertConvertsExactly(net, data);
    }
}
