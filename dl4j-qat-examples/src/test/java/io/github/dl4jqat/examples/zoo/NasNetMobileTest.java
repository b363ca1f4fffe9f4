package io.github.dl4jqat.examples.zoo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.dl4jqat.Qat;
import io.github.dl4jqat.convert.VerificationReport;
import io.github.dl4jqat.examples.zoo.NasNetMobile.Size;
import io.github.dl4jqat.integer.EngineChoice;
import io.github.dl4jqat.integer.IntegerNetwork;
import io.github.dl4jqat.prepare.PreparationPlan.Outcome;
import io.github.dl4jqat.prepare.QatConfig;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.zoo.model.NASNet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;

class NasNetMobileTest {

    private static final int CLASSES = 3;
    private static final int EXAMPLES = 4;
    private static final Size SMALL = new Size(2, 40, 32, CLASSES, 96, 1);

    private static ListDataSetIterator<DataSet> data(Size size) {
        Random random = new Random(8);
        INDArray x = Nd4j.create(EXAMPLES, size.channels(), size.height(), size.width());
        for (long i = 0; i < x.length(); i++) {
            x.putScalar(i, random.nextGaussian());
        }
        INDArray y = Nd4j.zeros(EXAMPLES, CLASSES);
        for (int i = 0; i < EXAMPLES; i++) {
            y.putScalar(i, i % CLASSES, 1);
        }
        return new ListDataSetIterator<>(List.of(new DataSet(x, y)), EXAMPLES);
    }

    private static long parameters(ComputationGraphConfiguration conf) {
        return conf.getVertices().values().stream()
                .mapToLong((GraphVertex vertex) -> vertex.numParams(false))
                .sum();
    }

    /** Why there is another one here; if this fails, the zoo's own may do again. */
    @Test
    void theZoosOwn_cannotBeConstructed() {
        NASNet model = NASNet.builder().numClasses(CLASSES).build();
        assertThatThrownBy(model::init)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(
                        "Cannot calculate activation types if no inputs have been set");
    }

    /** The count that is known of this network, means and variances included. */
    @Test
    void mobileHasTheParametersOfThePaper() {
        ComputationGraphConfiguration conf = NasNetMobile.configuration(Size.mobile(), 1);
        assertThat(parameters(conf)).isEqualTo(5_326_716);
    }

    @Test
    void reductionCellsHalveAndWiden() {
        ComputationGraph net = NasNetMobile.build(new Size(1, 64, 37, CLASSES, 192, 2), 1);
        INDArray x = Nd4j.rand(2, 1, 64, 37);
        Map<String, INDArray> values = net.feedForward(x, true);

        assertThat(values.get("stem-bn").shape()).containsExactly(2, 32, 31, 18);
        assertThat(values.get("stem1").shape()).containsExactly(2, 4 * 2, 16, 9);
        assertThat(values.get("stem2").shape()).containsExactly(2, 4 * 4, 8, 5);
        assertThat(values.get("normal1-2").shape()).containsExactly(2, 6 * 8, 8, 5);
        assertThat(values.get("reduction1").shape()).containsExactly(2, 4 * 16, 4, 3);
        assertThat(values.get("normal2-2").shape()).containsExactly(2, 6 * 16, 4, 3);
        assertThat(values.get("reduction2").shape()).containsExactly(2, 4 * 32, 2, 2);
        assertThat(values.get("normal3-2").shape()).containsExactly(2, 192, 2, 2);
        assertThat(values.get("classes").shape()).containsExactly(2, CLASSES);
    }

    @Test
    void trainsForAStep() {
        ComputationGraph net = NasNetMobile.build(SMALL, 1);
        INDArray before = net.params().dup();

        net.fit(data(SMALL));

        assertThat(net.score()).isFinite().isPositive();
        assertThat(net.params().sub(before).amaxNumber().doubleValue()).isPositive();
        INDArray y = net.outputSingle(data(SMALL).next().getFeatures());
        assertThat(y.sum(1).sub(1).amaxNumber().doubleValue()).isLessThan(1e-5);
    }

    @Test
    void goesTheWholeWayToIntegers() {
        ComputationGraph net = NasNetMobile.build(SMALL, 1);
        assertThat(Qat.plan(net, QatConfig.int8()).entries())
                .noneMatch(e -> e.outcome() == Outcome.FLOAT);
        ComputationGraph qat = Qat.prepare(net, QatConfig.int8());
        ListDataSetIterator<DataSet> data = data(SMALL);
        Qat.calibrate(qat, data, 1);
        qat.fit(data);

        try (IntegerNetwork integer = Qat.convert(qat);
                IntegerNetwork java = integer.withEngine(EngineChoice.JAVA)) {
            VerificationReport report = Qat.verify(qat, integer, data);
            assertThat(report.exact()).as(report.toString()).isTrue();
            data.reset();
            INDArray x = data.next().getFeatures();
            assertThat(java.output(x)).isEqualTo(integer.output(x));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "0, 32, 32, 2, 96, 1, channels=0",
        "3, 31, 32, 2, 96, 1, height=31",
        "3, 32, 8, 2, 96, 1, width=8",
        "3, 32, 32, 1, 96, 1, classes=1",
        "3, 32, 32, 2, 1000, 1, penultimateFilters=1000",
        "3, 32, 32, 2, 0, 1, penultimateFilters=0",
        "3, 32, 32, 2, 96, 0, cells=0"
    })
    void sizesThatCannotBe_areRefused(
            int channels, int height, int width, int classes, int filters, int cells, String what) {
        assertThatThrownBy(() -> new Size(channels, height, width, classes, filters, cells))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(what + ", expected ");
    }
}
