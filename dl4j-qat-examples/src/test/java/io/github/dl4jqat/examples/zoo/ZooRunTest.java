package io.github.dl4jqat.examples.zoo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.dl4jqat.examples.network.Network;
import io.github.dl4jqat.quant.Requantization;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.zoo.ZooModel;
import org.deeplearning4j.zoo.model.NASNet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;

/** {@link ZooRun} takes a model as far as it goes and says how far that is. */
class ZooRunTest {

    @TempDir private Path folder;

    @Test
    void theZoo_isComplete() throws ClassNotFoundException {
        assertThat(ZooModels.list()).hasSize(16);
        for (ZooSubject subject : ZooModels.list()) {
            Class<?> model = Class.forName("org.deeplearning4j.zoo.model." + subject.name());
            assertThat(ZooModel.class).isAssignableFrom(model);
            assertThat(ZooModels.named(subject.name().toUpperCase(Locale.ROOT))).isSameAs(subject);
        }
        assertThatThrownBy(() -> ZooModels.named("HAL9000"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("HAL9000")
                .hasMessageContaining("ResNet50");
    }

    @Test
    void leNet_goesAllTheWay_andItsRowSaysSo() throws IOException {
        ZooRow row = new ZooRun(ZooModels.named("LeNet"), Requantization.FLOAT, folder).run();
        assertThat(row.text("error")).isNull();
        assertThat(row.completed()).isTrue();
        assertThat(row.number("quantizedLayers")).isEqualTo(4);
        assertThat(row.number("passedThrough")).isEqualTo(2);
        assertThat(row.floatReasons()).isEmpty();
        assertThat(row.number("labelAgreement")).isEqualTo(1);
        assertThat(row.number("maxLsb")).isZero();
        assertThat(row.number("javaVsOrtMaxLsb")).isZero();
        assertThat(row.number("maxOutputDifference")).isZero();
        assertThat(row.number("stepTimeRatio")).isPositive();
        assertThat(row.text("engine")).startsWith("ONNX Runtime");
        double phases = 0;
        for (String phase :
                List.of(
                        "construct",
                        "prepare",
                        "calibrate",
                        "fit",
                        "save",
                        "convert",
                        "verify",
                        "engines",
                        "steps")) {
            assertThat(row.phase(phase)).as(phase).isPositive();
            phases += row.phase(phase);
        }
        assertThat(row.number("seconds"))
                .isCloseTo(phases, org.assertj.core.data.Offset.offset(1e-9));
        assertThat(folder.resolve(ZooRun.FLOAT_ZIP)).isNotEmptyFile();
        assertThat(folder.resolve(ZooRun.PREPARED_ZIP)).isNotEmptyFile();
        assertThat(ZooRow.read(folder.resolve(ZooRun.ROW))).hasToString(row.toString());
    }

    @Test
    void whatCannotBeConstructed_isSaid_andNothingElseIsTried() throws IOException {
        ZooSubject subject =
                new ZooSubject(
                        "NASNet",
                        ZooSubject.Input.IMAGE,
                        new long[] {3, 224, 224},
                        () -> NASNet.builder().numClasses(2).build().init());
        ZooRow row = new ZooRun(subject, Requantization.FLOAT, folder).run();
        assertThat(row.completed()).isFalse();
        assertThat(row.text("error"))
                .startsWith("construct: IllegalArgumentException: Cannot calculate");
        assertThat(row.phase("construct")).isPositive();
        assertThat(row.phase("prepare")).isNull();
        assertThat(row.number("quantizedLayers")).isNull();
        assertThat(ZooRow.read(folder.resolve(ZooRun.ROW)).text("error"))
                .isEqualTo(row.text("error"));
    }

    @Test
    void labelsOfADetector_areOneBoxInTheCellOfItsCenter() {
        ZooSubject subject = ZooModels.named("TinyYOLO");
        Network net = Network.of(subject.source().get());
        List<DataSet> batches = new ZooBatches(subject, net, 3).make(1, 2);
        INDArray labels = batches.get(0).getLabels();
        assertThat(batches.get(0).getFeatures().shape()).containsExactly(2, 3, 96, 96);
        assertThat(labels.shape()).containsExactly(2, 14, 3, 3);
        for (int i = 0; i < 2; i++) {
            List<int[]> cells = new ArrayList<>();
            for (int row = 0; row < 3; row++) {
                for (int column = 0; column < 3; column++) {
                    double classes = 0;
                    for (int c = 4; c < 14; c++) {
                        classes += labels.getDouble(i, c, row, column);
                    }
                    if (classes > 0) {
                        assertThat(classes).isEqualTo(1);
                        cells.add(new int[] {row, column});
                    }
                }
            }
            assertThat(cells).hasSize(1);
            int row = cells.get(0)[0];
            int column = cells.get(0)[1];
            double[] box = new double[4];
            for (int c = 0; c < 4; c++) {
                box[c] = labels.getDouble(i, c, row, column);
            }
            assertThat((box[0] + box[2]) / 2).isBetween((double) column, column + 1.0);
            assertThat((box[1] + box[3]) / 2).isBetween((double) row, row + 1.0);
        }
    }

    @Test
    void labelsOfAClassifier_areOneClassEach_andRepeatable() {
        ZooSubject subject = ZooModels.named("LeNet");
        Network net = Network.of(subject.source().get());
        DataSet batch = new ZooBatches(subject, net, 3).make(1, 5).get(0);
        assertThat(batch.getLabels().sum(1).toFloatVector()).containsOnly(1);
        assertThat(batch.getLabels().shape()).containsExactly(5, 10);
        assertThat(new ZooBatches(subject, net, 3).make(1, 5).get(0)).isEqualTo(batch);
        assertThat(new ZooBatches(subject, net, 4).make(1, 5).get(0)).isNotEqualTo(batch);
    }

    @Test
    void aProcessThatDies_isARowWithItsReason() throws Exception {
        List<String> heard = new ArrayList<>();
        ZooCoverage.Watcher watcher =
                new ZooCoverage.Watcher() {
                    @Override
                    public void started(String model, int number, int all) {
                        heard.add(model + " " + number + "/" + all);
                    }

                    @Override
                    public void finished(ZooRow row) {
                        heard.add(row.text("error"));
                    }
                };
        List<ZooRow> rows =
                new ZooCoverage(Requantization.FLOAT, "1k", Duration.ofMinutes(1), watcher)
                        .run(List.of(ZooModels.named("LeNet")));
        assertThat(rows).hasSize(1);
        assertThat(rows.get(0).completed()).isFalse();
        assertThat(rows.get(0).text("model")).isEqualTo("LeNet");
        assertThat(rows.get(0).text("error"))
                .startsWith("its process ended with exit code 1: Error occurred");
        assertThat(heard).containsExactly("LeNet 1/1", rows.get(0).text("error"));
    }

    /** ONNX Runtime has no fixed-point multipliers. */
    @Test
    void whatOnnxRuntimeCannotRun_isComplete_withTheReason() {
        ZooRow row = new ZooRun(small(), Requantization.FIXED_POINT, folder).run();
        assertThat(row.text("error")).isNull();
        assertThat(row.completed()).isTrue();
        assertThat(row.text("requantization")).isEqualTo("FIXED_POINT");
        assertThat(row.number("maxLsb")).isZero();
        assertThat(row.number("labelAgreement")).isEqualTo(1);
        assertThat(row.number("javaVsOrtMaxLsb")).isNull();
        assertThat(row.text("javaOnlyBecause")).contains("the model's mode is FIXED_POINT");
        assertThat(row.text("engine")).isEqualTo("Java");
    }

    private static ZooSubject small() {
        return new ZooSubject(
                "small",
                ZooSubject.Input.IMAGE,
                new long[] {2, 8, 8},
                () -> {
                    MultiLayerNetwork net =
                            new MultiLayerNetwork(
                                    new NeuralNetConfiguration.Builder()
                                            .seed(1)
                                            .list()
                                            .layer(
                                                    new ConvolutionLayer.Builder(3, 3)
                                                            .nOut(4)
                                                            .activation(Activation.RELU)
                                                            .build())
                                            .layer(
                                                    new OutputLayer.Builder()
                                                            .nOut(3)
                                                            .activation(Activation.SOFTMAX)
                                                            .build())
                                            .setInputType(InputType.convolutional(8, 8, 2))
                                            .build());
                    net.init();
                    return net;
                });
    }

    @Test
    void rows_areReadBack_withEntriesThatTheFileDoesNotHave() throws IOException {
        Path file = folder.resolve("rows.json");
        Files.writeString(file, "[{\"model\": \"A\", \"completed\": true}, {\"model\": \"B\"}]");
        List<ZooRow> rows = ZooRow.readAll(file);
        assertThat(rows).extracting(r -> r.text("model")).containsExactly("A", "B");
        assertThat(rows).extracting(ZooRow::completed).containsExactly(true, false);
        assertThat(rows.get(0).number("maxLsb")).isNull();
        assertThat(rows.get(1).entries().keySet()).isEqualTo(new ZooRow("B").entries().keySet());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "[{'; expected JSON",
                "{\"model\": \"A\"}; expected an array",
                "[{\"name\": \"A\"}]; expected an object with a 'model'",
                "[1]; expected an object with a 'model'"
            })
    void filesOfSomethingElse_areRefused(String text, String message) throws IOException {
        Path file = folder.resolve("rows.json");
        Files.writeString(file, text);
        assertThatThrownBy(() -> ZooRow.readAll(file))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message);
    }

    @Test
    void unknownEntries_areRefused() {
        assertThatThrownBy(() -> new ZooRow("LeNet").put("lables", 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("labelAgreement");
    }
}
