package io.github.dl4jqat.prepare;

import static io.github.dl4jqat.GraphNets.classes;
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
import io.github.dl4jqat.convert.UnsupportedLayerException;
import io.github.dl4jqat.estimator.GradientEstimators;
import io.github.dl4jqat.prepare.PreparationPlan.Entry;
import io.github.dl4jqat.prepare.PreparationPlan.Outcome;
import io.github.dl4jqat.quant.Quantizers;
import java.util.List;
import java.util.Random;
import org.deeplearning4j.nn.api.MaskState;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration.GraphBuilder;
import org.deeplearning4j.nn.conf.graph.AttentionVertex;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex.Op;
import org.deeplearning4j.nn.conf.graph.L2Vertex;
import org.deeplearning4j.nn.conf.graph.PreprocessorVertex;
import org.deeplearning4j.nn.conf.graph.StackVertex;
import org.deeplearning4j.nn.conf.graph.UnstackVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.SpaceToBatchLayer;
import org.deeplearning4j.nn.conf.preprocessor.BaseInputPreProcessor;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;

/** What becomes of a graph's vertices, and what is said about those that have no integer form. */
@ExtendWith(Seeds.class)
class VertexPlanTest {

    private static Entry entry(PreparationPlan plan, String name) {
        return plan.entries().stream()
                .filter(e -> e.node().name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    private static GraphBuilder residual() {
        return graph("in")
                .addLayer("a", conv(4, Activation.RELU), "in")
                .addLayer("b", conv(4, Activation.IDENTITY), "a")
                .addVertex("sum", new ElementWiseVertex(Op.Add), "a", "b");
    }

    /** Two branches of one network over two images, and their distance. */
    private static ComputationGraph twins() {
        return GraphNets.built(
                graph("left", "right")
                        .addVertex("stacked", new StackVertex(), "left", "right")
                        .addLayer("a", dense(6, Activation.RELU), "stacked")
                        .addVertex("first", new UnstackVertex(0, 2), "a")
                        .addVertex("second", new UnstackVertex(1, 2), "a")
                        .addVertex("distance", new L2Vertex(), "first", "second")
                        .addLayer("out", classes(), "distance")
                        .setOutputs("out"),
                InputType.feedForward(5),
                InputType.feedForward(5));
    }

    @Test
    void verticesAlongTheBatch_sayWhyAndWhatInstead() {
        PreparationPlan plan = Qat.plan(twins(), QatConfig.int8());
        assertThat(entry(plan, "stacked").outcome()).isEqualTo(Outcome.FLOAT);
        assertThat(entry(plan, "stacked").reason())
                .isEqualTo(
                        "it stacks examples along the batch, and an integer model computes each"
                            + " example by itself; prepare the network without it, and stack the"
                            + " examples before it");
        assertThat(entry(plan, "first").reason())
                .contains("takes some examples out of the batch", "pick the examples behind it");
        assertThat(entry(plan, "distance").reason())
                .contains("root of a sum of squares", "compute the distance of its outputs");
    }

    @Test
    void strictListsEveryOffender_verticesToo() {
        assertThatThrownBy(() -> Qat.prepare(twins(), QatConfig.builder().strict(true).build()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'stacked' (StackVertex): it stacks")
                .hasMessageContaining("'first' (UnstackVertex): it takes")
                .hasMessageContaining("'second' (UnstackVertex): it takes")
                .hasMessageContaining("'distance' (L2Vertex): the distance");
        assertThat(Qat.prepare(ended(residual(), "sum"), QatConfig.builder().strict(true).build()))
                .isNotNull();
    }

    @Test
    void conversionSaysTheSame(Random random) {
        ComputationGraph qat = Qat.prepare(twins(), QatConfig.int8());
        Qat.calibrate(qat, data(random, new long[] {4, 5}, new long[] {4, 5}), 1);
        assertThatThrownBy(() -> Qat.convert(qat))
                .isInstanceOf(UnsupportedLayerException.class)
                .hasMessageContaining("'stacked' (StackVertex): it stacks")
                .hasMessageContaining("'first' (UnstackVertex): it takes")
                .hasMessageContaining("'second' (UnstackVertex): it takes")
                .hasMessageContaining("'distance' (L2Vertex): the distance");
    }

    @Test
    void layersAlongTheBatch_attentionAndOwnPreprocessors() {
        ComputationGraph blocks =
                ended(
                        graph("in")
                                .addLayer("a", conv(4, Activation.RELU), "in")
                                .addLayer(
                                        "blocks",
                                        new SpaceToBatchLayer.Builder<>().blocks(2, 2).build(),
                                        "a"),
                        "blocks");
        assertThat(entry(Qat.plan(blocks, QatConfig.int8()), "blocks").reason())
                .contains("moves blocks of an image to the batch", "SpaceToDepthLayer");
        ComputationGraph attention =
                GraphNets.built(
                        graph("in")
                                .addVertex(
                                        "attention",
                                        new AttentionVertex.Builder()
                                                .nInQueries(3)
                                                .nInKeys(3)
                                                .nInValues(3)
                                                .nOut(3)
                                                .projectInput(true)
                                                .nHeads(1)
                                                .build(),
                                        "in",
                                        "in",
                                        "in")
                                .addLayer(
                                        "pool",
                                        new org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer
                                                        .Builder()
                                                .build(),
                                        "attention")
                                .addLayer("out", classes(), "pool")
                                .setOutputs("out"),
                        InputType.recurrent(3, 6));
        assertThat(entry(Qat.plan(attention, QatConfig.int8()), "attention").reason())
                .contains("softmax of a product of two tensors, and keeps its own weights");
        ComputationGraph own =
                GraphNets.built(
                        graph("in")
                                .addVertex("scaled", new PreprocessorVertex(new Scaled()), "in")
                                .addLayer("out", classes(), "scaled")
                                .setOutputs("out"),
                        InputType.feedForward(3));
        assertThat(entry(Qat.plan(own, QatConfig.int8()), "scaled").reason())
                .contains("its Scaled has no integer form");
    }

    @Test
    void moreThanTwoFactors_stayFloat_andWhatReadsThemIsQuantized(Random random) {
        ComputationGraph net =
                ended(
                        residual()
                                .addVertex(
                                        "product", new ElementWiseVertex(Op.Product), "a", "b", "a")
                                .addVertex("all", new ElementWiseVertex(Op.Add), "product", "sum"),
                        "all");
        PreparationPlan plan = Qat.plan(net, QatConfig.int8());
        assertThat(entry(plan, "product").outcome()).isEqualTo(Outcome.FLOAT);
        assertThat(entry(plan, "product").reason()).contains("two Product vertices in a row");
        assertThat(plan.insertions())
                .extracting(PreparationPlan.Insertion::name)
                .contains("product-quant");
        ComputationGraph qat = Qat.prepare(net, QatConfig.int8());
        Qat.calibrate(qat, data(random, images(3)), 1);
        assertThatThrownBy(() -> Qat.convert(qat))
                .hasMessageContaining("'product' (ElementWiseVertex): it multiplies 3 tensors")
                .hasMessageContaining("several Product vertices in a row");
    }

    @Test
    void inputThatARuleKeepsFloat_getsAQuantizerBehindIt(Random random) {
        ComputationGraph net = ended(residual(), "sum");
        QatConfig config = QatConfig.builder().layer("b", LayerRule.keepFloat()).build();
        PreparationPlan plan = Qat.plan(net, config);
        assertThat(entry(plan, "b").outcome()).isEqualTo(Outcome.FLOAT);
        assertThat(plan.insertions())
                .extracting(PreparationPlan.Insertion::name)
                .containsExactlyInAnyOrder("b-quant", "sum-quant");
        assertThat(plan.groups()).hasSize(1);
        assertThat(plan.groups().get(0)).containsExactlyInAnyOrder("a", "b-quant");
        ComputationGraph qat = GraphNets.trained(net, config, data(random, images(3)));
        assertThatThrownBy(() -> Qat.convert(qat))
                .isInstanceOf(UnsupportedLayerException.class)
                .hasMessageContaining("1 layer stands in the way")
                .hasMessageContaining("'b' (ConvolutionLayer)");
    }

    @Test
    void vertexThatARuleKeepsFloat_joinsNothing() {
        ComputationGraph net =
                ended(residual().addLayer("c", conv(4, Activation.RELU), "sum"), "c");
        QatConfig config = QatConfig.builder().layer("sum", LayerRule.keepFloat()).build();
        PreparationPlan plan = Qat.plan(net, config);
        assertThat(entry(plan, "sum").reason()).isEqualTo("a rule keeps it float");
        assertThat(plan.groups()).isEmpty();
        assertThat(entry(plan, "c").quantization().input()).isNotNull();
    }

    /** The members of a group take the widest integers of any, and an observed range. */
    @ParameterizedTest
    @CsvSource({"lsq,clipped", "pact,clipped", "dorefa,clipped", "ewgs,ewgs", "identity,identity"})
    void membersHaveOneKindOfIntegers_andFollowTheirRange(String wanted, String used) {
        ComputationGraph net =
                ended(
                        residual()
                                .addLayer("relu", new ActivationLayer(Activation.RELU), "sum")
                                .addLayer("c", conv(4, Activation.RELU), "relu"),
                        "c");
        QatConfig config =
                QatConfig.builder()
                        .activationBits(4)
                        .activationEstimator(GradientEstimators.named(wanted))
                        .layer("b", LayerRule.activationBits(6))
                        .build();
        PreparationPlan plan = Qat.plan(net, config);
        for (String member : List.of("a", "b")) {
            Entry e = entry(plan, member);
            assertThat(e.quantization().output().spec())
                    .isEqualTo(Quantizers.uint8PerTensor().withBits(6));
            assertThat(e.quantization().output().estimator().name()).isEqualTo(used);
            assertThat(e.quantization().group()).containsExactly("a", "b");
            assertThat(e.reason().contains("several share is not learned"))
                    .isEqualTo(!wanted.equals(used));
        }
        assertThat(entry(plan, "a").reason()).contains("one grid with b, hence uint6");
        assertThat(entry(plan, "c").quantization().output().estimator().name()).isEqualTo(wanted);
    }

    @Test
    void nameThatIsTaken_isSaid() {
        GraphBuilder b = residual().addLayer("sum-quant", conv(4, Activation.RELU), "a");
        ComputationGraph net =
                ended(
                        b.addVertex("both", new ElementWiseVertex(Op.Add), "sum", "sum-quant"),
                        "both",
                        image(3));
        assertThatThrownBy(() -> Qat.plan(net, QatConfig.int8()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'sum' needs a quantizer named 'sum-quant'")
                .hasMessageContaining("rename it");
    }

    /** A preprocessor of a user's own. */
    private static final class Scaled extends BaseInputPreProcessor {

        private static final long serialVersionUID = 1L;

        @Override
        public INDArray preProcess(INDArray input, int batch, LayerWorkspaceMgr mgr) {
            return input.mul(2);
        }

        @Override
        public INDArray backprop(INDArray output, int batch, LayerWorkspaceMgr mgr) {
            return output.mul(2);
        }

        @Override
        public InputType getOutputType(InputType input) {
            return input;
        }

        @Override
        public Pair<INDArray, MaskState> feedForwardMaskArray(
                INDArray mask, MaskState state, int batch) {
            return new Pair<>(mask, state);
        }
    }
}
