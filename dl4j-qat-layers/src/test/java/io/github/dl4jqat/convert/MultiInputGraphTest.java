package io.github.dl4jqat.convert;

import static io.github.dl4jqat.GraphNets.conv;
import static io.github.dl4jqat.GraphNets.data;
import static io.github.dl4jqat.GraphNets.dense;
import static io.github.dl4jqat.GraphNets.ended;
import static io.github.dl4jqat.GraphNets.graph;
import static io.github.dl4jqat.GraphNets.image;
import static io.github.dl4jqat.GraphNets.images;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.dl4jqat.GraphNets;
import io.github.dl4jqat.Qat;
import io.github.dl4jqat.Seeds;
import io.github.dl4jqat.integer.IntegerNetwork;
import io.github.dl4jqat.integer.TensorType;
import io.github.dl4jqat.prepare.QatConfig;
import java.util.List;
import java.util.Random;
import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex.Op;
import org.deeplearning4j.nn.conf.graph.MergeVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.iterator.MultiDataSetIterator;

/** Graphs with several inputs, from preparing to comparing. */
@ExtendWith(Seeds.class)
class MultiInputGraphTest {

    @Test
    void addedInputs_shareOneGrid(Random random) {
        ComputationGraph net =
                ended(
                        graph("left", "right")
                                .addVertex("sum", new ElementWiseVertex(Op.Add), "left", "right")
                                .addLayer("a", conv(4, Activation.RELU), "sum"),
                        "a",
                        image(3),
                        image(3));
        assertThat(Qat.plan(net, QatConfig.int8()).groups())
                .containsExactly(List.of("left-quant", "right-quant"));
        GraphNets.assertExact(net, QatConfig.int8(), data(random, images(3), images(3)));
    }

    @Test
    void mergedInputs_shareOneGrid(Random random) {
        ComputationGraph net =
                ended(
                        graph("left", "right")
                                .addVertex("both", new MergeVertex(), "left", "right")
                                .addLayer("a", conv(4, Activation.RELU), "both"),
                        "a",
                        image(3),
                        image(2));
        assertThat(Qat.plan(net, QatConfig.int8()).groups())
                .containsExactly(List.of("left-quant", "right-quant"));
        GraphNets.assertExact(net, QatConfig.int8(), data(random, images(3), images(2)));
    }

    /** The layer that reads the second input comes first, so that it is quantized first, too. */
    @Test
    void integerNetworkTakesInputsInTheOrderOfTheGraph(Random random) {
        ComputationGraph net =
                GraphNets.built(
                        graph("rows", "picture")
                                .addLayer("a", conv(2, Activation.RELU), "picture")
                                .addLayer("b", dense(5, Activation.RELU), "a")
                                .addLayer("c", dense(5, Activation.TANH), "rows")
                                .addVertex("both", new MergeVertex(), "b", "c")
                                .addLayer("out", GraphNets.classes(), "both")
                                .setOutputs("out"),
                        InputType.feedForward(7),
                        image(3));
        MultiDataSetIterator data = data(random, new long[] {4, 7}, images(3));
        ComputationGraph qat = GraphNets.trained(net, QatConfig.int8(), data);
        try (IntegerNetwork integer = Qat.convert(qat)) {
            assertThat(integer.model().inputs())
                    .extracting(TensorType::name)
                    .containsExactly("rows", "picture");
            data.reset();
            INDArray[] x = data.next().getFeatures();
            assertThat(integer.outputs(x)[0]).isEqualTo(qat.output(x)[0]);
        }
        GraphNets.assertExact(net, QatConfig.int8(), data);
    }

    @Test
    void oneArrayForTwoInputs_isRefused(Random random) {
        ComputationGraph net =
                ended(
                        graph("left", "right")
                                .addVertex("sum", new ElementWiseVertex(Op.Add), "left", "right")
                                .addLayer("a", conv(4, Activation.RELU), "sum"),
                        "a",
                        image(3),
                        image(3));
        MultiDataSetIterator data = data(random, images(3), images(3));
        ComputationGraph qat = GraphNets.trained(net, QatConfig.int8(), data);
        INDArray x = GraphNets.random(random, images(3));
        INDArray y = GraphNets.labels(random, 4);
        try (IntegerNetwork integer = Qat.convert(qat)) {
            assertThatThrownBy(
                            () ->
                                    Qat.verify(
                                            qat,
                                            integer,
                                            new ListDataSetIterator<>(
                                                    List.of(new DataSet(x, y)), 4)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("[left, right]")
                    .hasMessageContaining("use a MultiDataSetIterator");
            assertThatThrownBy(() -> Qat.verify(qat, integer, data(random, images(3))))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("1 feature arrays")
                    .hasMessageContaining("[left, right]");
        }
    }
}
