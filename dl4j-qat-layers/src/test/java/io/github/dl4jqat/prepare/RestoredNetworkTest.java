package io.github.dl4jqat.prepare;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.dl4jqat.Qat;
import io.github.dl4jqat.convert.VerificationReport;
import io.github.dl4jqat.integer.IntegerNetwork;
import io.github.dl4jqat.layers.Nets;
import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.dataset.api.preprocessor.NormalizerStandardize;
import org.nd4j.linalg.factory.Nd4j;

/** Networks that were trained and saved where this library was not. */
class RestoredNetworkTest {

    @TempDir static Path dir;
    private static DataSet data;

    @BeforeAll
    static void train() throws Exception {
        StockJvm.run(dir, StockTrainer.class, dir.toString());
        data = new DataSet(read("x.bin"), read("labels.bin"));
        normalizer().transform(data);
    }

    private static File file(String name) {
        return dir.resolve(name).toFile();
    }

    private static INDArray read(String name) throws IOException {
        return Nd4j.readBinary(file(name));
    }

    private static NormalizerStandardize normalizer() throws Exception {
        return ModelSerializer.restoreNormalizerFromFile(file("normalized.zip"));
    }

    private static DataSetIterator iterator() {
        return new ListDataSetIterator<>(List.of(data), data.numExamples());
    }

    private static void assertExact(VerificationReport report) {
        assertThat(report.exact()).as(report.toString()).isTrue();
        assertThat(report.labelAgreement()).isEqualTo(1.0);
    }

    private static void assertTrainsAndConverts(MultiLayerNetwork qat) {
        Qat.calibrate(qat, iterator(), 1);
        qat.fit(iterator(), 2);
        assertThat(qat.getIterationCount()).isEqualTo(2);
        try (IntegerNetwork integer = Qat.convert(qat)) {
            assertExact(Qat.verify(qat, integer, iterator()));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void chain_isPreparedWithAndWithoutWhatItsUpdaterRemembers(boolean updater) throws Exception {
        MultiLayerNetwork net =
                ModelSerializer.restoreMultiLayerNetwork(file("chain.zip"), updater);
        assertThat(net.output(data.getFeatures())).isEqualTo(read("chain.bin"));
        assertThat(net.getIterationCount()).isEqualTo(3);
        INDArray params = net.params().dup();
        INDArray state = updater ? net.getUpdater().getStateViewArray().dup() : null;

        MultiLayerNetwork qat = Qat.prepare(net, QatConfig.int8());

        assertThat(net.params()).isEqualTo(params);
        if (updater) {
            assertThat(state.amaxNumber().doubleValue()).isPositive();
            assertThat(net.getUpdater().getStateViewArray()).isEqualTo(state);
        }
        assertThat(qat.getIterationCount()).isZero();
        assertThat(qat.getUpdater().getStateViewArray().amaxNumber().doubleValue()).isZero();
        assertThat(qat.getLayer(0).getParam("W")).isEqualTo(net.getLayer(0).getParam("W"));
        assertThat(qat.getLayer(4).getParam("b")).isEqualTo(net.getLayer(4).getParam("b"));
        assertTrainsAndConverts(qat);
    }

    @Test
    void normalizer_staysUsableAndGoesIntoTheQuantizedZipToo() throws Exception {
        MultiLayerNetwork net = ModelSerializer.restoreMultiLayerNetwork(file("normalized.zip"));
        assertThat(net.output(data.getFeatures())).isEqualTo(read("normalized.bin"));
        MultiLayerNetwork qat = Qat.prepare(net, QatConfig.int8());
        assertTrainsAndConverts(qat);

        File saved = file("quantized.zip");
        ModelSerializer.writeModel(qat, saved, true);
        ModelSerializer.addNormalizerToModel(saved, normalizer());

        MultiLayerNetwork again = ModelSerializer.restoreMultiLayerNetwork(saved);
        NormalizerStandardize restored = ModelSerializer.restoreNormalizerFromFile(saved);
        assertThat(restored).isEqualTo(normalizer());
        INDArray x = read("x.bin");
        restored.transform(x);
        assertThat(again.output(x)).isEqualTo(qat.output(data.getFeatures()));
        assertThat(again.getUpdater().getStateViewArray())
                .isEqualTo(qat.getUpdater().getStateViewArray());
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void graph_isPreparedWithAndWithoutWhatItsUpdaterRemembers(boolean updater) throws Exception {
        ComputationGraph net = ModelSerializer.restoreComputationGraph(file("graph.zip"), updater);
        assertThat(net.outputSingle(data.getFeatures())).isEqualTo(read("graph.bin"));
        INDArray params = net.params().dup();
        INDArray state = updater ? net.getUpdater().getStateViewArray().dup() : null;

        ComputationGraph qat = Qat.prepare(net, QatConfig.int8());

        assertThat(net.params()).isEqualTo(params);
        if (updater) {
            assertThat(state.amaxNumber().doubleValue()).isPositive();
            assertThat(net.getUpdater().getStateViewArray()).isEqualTo(state);
        }
        assertThat(Nets.layer(qat, "b").getParam("W")).isEqualTo(net.getLayer("b").getParam("W"));
        Qat.calibrate(qat, iterator(), 1);
        qat.fit(iterator(), 2);
        try (IntegerNetwork integer = Qat.convert(qat)) {
            assertExact(Qat.verify(qat, integer, iterator()));
        }
    }
}
