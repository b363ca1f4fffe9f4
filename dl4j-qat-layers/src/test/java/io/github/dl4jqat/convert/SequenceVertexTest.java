package io.github.dl4jqat.convert;

import static io.github.dl4jqat.GraphNets.assertExact;
import static io.github.dl4jqat.GraphNets.classes;
import static io.github.dl4jqat.GraphNets.data;
import static io.github.dl4jqat.GraphNets.dense;
import static io.github.dl4jqat.GraphNets.graph;
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
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex.Op;
import org.deeplearning4j.nn.conf.graph.MergeVertex;
import org.deeplearning4j.nn.conf.graph.SubsetVertex;
import org.deeplearning4j.nn.conf.graph.rnn.DuplicateToTimeSeriesVertex;
import org.deeplearning4j.nn.conf.graph.rnn.LastTimeStepVertex;
import org.deeplearning4j.nn.conf.graph.rnn.ReverseTimeSeriesVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.Subsampling1DLayer;
import org.deeplearning4j.nn.conf.layers.ZeroPadding1DLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.dataset.api.iterator.MultiDataSetIterator;

/** Vertices that move the steps of a sequence, or make one of a vector. */
@ExtendWith(Seeds.class)
class SequenceVertexTest {

    private static final int FEATURES = 4;
    private static final int STEPS = 7;
    private static final int ROW = 5;
    private static final long[] SERIES = {4, FEATURES, STEPS};
    private static final long[] ROWS = {4, ROW};
    private static final InputType SERIES_TYPE = InputType.recurrent(FEATURES, STEPS);

    private static ReverseTimeSeriesVertex reverse() {
        return new ReverseTimeSeriesVertex();
    }

    /** These write their only field, a final one, to JSON, by which a graph is copied. */
    @Test
    void nameOfTheMask_isKept() {
        ComputationGraph net =
                GraphNets.built(
                        graph("in")
                                .addVertex("back", new ReverseTimeSeriesVertex("in"), "in")
                                .addVertex("last", new LastTimeStepVertex("in"), "back")
                                .addLayer("out", classes(), "last")
                                .setOutputs("out"),
                        SERIES_TYPE);
        ComputationGraph qat = Qat.prepare(net, QatConfig.int8());
        assertThat(qat.getConfiguration().getVertices())
                .containsEntry("back", new ReverseTimeSeriesVertex("in"))
                .containsEntry("last", new LastTimeStepVertex("in"));
    }

    @Test
    void stepsInReverseOrder_andTheLastOfThem(Random random) {
        ComputationGraph net =
                GraphNets.built(
                        graph("in")
                                .addLayer("pad", new ZeroPadding1DLayer(1, 2), "in")
                                .addVertex("back", reverse(), "pad")
                                .addVertex("sum", new ElementWiseVertex(Op.Subtract), "pad", "back")
                                .addVertex("some", new SubsetVertex(1, 3), "sum")
                                .addVertex("last", new LastTimeStepVertex("in"), "some")
                                .addLayer("out", classes(), "last")
                                .setOutputs("out"),
                        SERIES_TYPE);
        VerificationReport report = assertExact(net, QatConfig.int8(), data(random, SERIES));
        assertThat(report.layers())
                .extracting("layer")
                .contains("pad", "back", "sum-quant", "some", "last");
    }

    /** A vector that is repeated for each step of a sequence, beside that sequence. */
    @Test
    void vectorBecomesASequence(Random random) {
        ComputationGraph net =
                GraphNets.built(
                        graph("series", "row")
                                .addLayer("features", dense(3, Activation.TANH), "row")
                                .addVertex(
                                        "repeated",
                                        new DuplicateToTimeSeriesVertex("series"),
                                        "features")
                                .addVertex("both", new MergeVertex(), "repeated", "series")
                                .addVertex("back", reverse(), "both")
                                .addLayer(
                                        "mean",
                                        new Subsampling1DLayer.Builder(PoolingType.AVG)
                                                .kernelSize(3)
                                                .stride(2)
                                                .build(),
                                        "back")
                                .addLayer(
                                        "all",
                                        new GlobalPoolingLayer.Builder(PoolingType.MAX).build(),
                                        "mean")
                                .addLayer("out", classes(), "all")
                                .setOutputs("out"),
                        SERIES_TYPE,
                        InputType.feedForward(ROW));
        assertThat(Qat.plan(net, QatConfig.int8()).groups())
                .containsExactly(List.of("features", "series-quant"));
        MultiDataSetIterator data = data(random, SERIES, ROWS);
        VerificationReport report = assertExact(net, QatConfig.int8(), data);
        assertThat(report.layers()).extracting("layer").contains("repeated", "both", "back");
        try (IntegerNetwork integer = Qat.convert(GraphNets.trained(net, QatConfig.int8(), data))) {
            TensorType repeated = integer.model().tensor("repeated");
            assertThat(repeated.shape()).containsExactly(3, STEPS);
        }
    }

    /** The sequence is in the graph for its length alone. */
    @Test
    void lengthOfAnInputThatNothingReads_isNotKnown(Random random) {
        ComputationGraph net =
                GraphNets.built(
                        graph("row", "series")
                                .allowDisconnected(true)
                                .addLayer("features", dense(3, Activation.TANH), "row")
                                .addVertex(
                                        "repeated",
                                        new DuplicateToTimeSeriesVertex("series"),
                                        "features")
                                .addVertex("last", new LastTimeStepVertex("series"), "repeated")
                                .addLayer("out", classes(), "last")
                                .setOutputs("out"),
                        InputType.feedForward(ROW),
                        SERIES_TYPE);
        ComputationGraph qat = Qat.prepare(net, QatConfig.int8());
        Qat.calibrate(qat, data(random, ROWS, SERIES), 1);
        assertThatThrownBy(() -> Qat.convert(qat))
                .isInstanceOf(UnsupportedLayerException.class)
                .hasMessageContaining("'repeated' (DuplicateToTimeSeriesVertex)")
                .hasMessageContaining("each step of input 'series', whose shape is not known")
                .hasMessageContaining("FakeQuantLayer");
    }
}
