package io.github.dl4jqat.examples.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.github.dl4jqat.examples.data.DigitData;
import io.github.dl4jqat.examples.data.DigitSetIterator;
import io.github.dl4jqat.export.onnx.OnnxExporter;
import io.github.dl4jqat.export.tflite.TfLiteExporter;
import io.github.dl4jqat.integer.EngineChoice;
import io.github.dl4jqat.integer.IntegerNetwork;
import io.github.dl4jqat.zoo.IntegerModelZoo;
import io.github.dl4jqat.zoo.ModelCard;
import io.github.dl4jqat.zoo.ZooEntry;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The models that come with the program: are their cards true? */
class BundledModelsTest {

    private static final int BATCH = 250;

    private static final IntegerModelZoo ZOO = IntegerModelZoo.open(URI.create(ZooCommand.BUNDLED));

    static List<String> names() throws IOException {
        return ZOO.list().stream().map(ZooEntry::name).toList();
    }

    @Test
    void zooIsComplete() throws IOException {
        assertThat(names())
                .containsExactly("lenet-mnist-int8", "lenet-mnist-w4a4", "tiny-mnist-int8");
        assertThat(ZOO.verify()).isEmpty();
    }

    @Test
    void tinyModelFitsIntoAMicrocontroller() throws IOException {
        ZooEntry tiny = ZOO.entry("tiny-mnist-int8");
        assertThat(tiny.bytes()).isLessThan(20_000);
        assertThat(tiny.card().measured().orElseThrow().value()).isGreaterThanOrEqualTo(0.98);
    }

    @ParameterizedTest
    @MethodSource("names")
    void cardSaysWhatTheModelIs(String name) throws IOException {
        ModelCard card = ZOO.card(name);
        assertThat(card.licence()).isEqualTo("Apache-2.0");
        assertThat(card.labels()).hasSize(10);
        assertThat(card.measured().orElseThrow().examples()).isEqualTo(10_000);
        assertThat(card.reproduce()).startsWith("qat quickstart --data ");
        try (IntegerNetwork network = ZOO.load(name)) {
            ModelCard read = ModelCard.of(network.model()).task("t").licence("l").build();
            assertThat(card.weightBits()).isEqualTo(read.weightBits());
            assertThat(card.activationBits()).isEqualTo(read.activationBits());
            for (String format : card.exporters()) {
                exported(network, format).ifPresent(file -> assertThat(file).isNotEmpty());
            }
        }
    }

    /** The model in a format that its card names; empty if this format's library is not here. */
    private static Optional<byte[]> exported(IntegerNetwork network, String format) {
        return switch (format) {
            case "onnx" -> Optional.of(new OnnxExporter().toBytes(network));
            case "tflite" ->
                    isPresent("org.tensorflow.lite.schema.Model")
                            ? Optional.of(new TfLiteExporter().toBytes(network))
                            : Optional.empty();
            default -> throw new AssertionError("no exporter for " + format);
        };
    }

    private static boolean isPresent(String type) {
        try {
            Class.forName(type);
            return true;
        } catch (ClassNotFoundException e) {
            return false;
        }
    }

    /** The command of a card has to be one: its options are read, its work is not done. */
    @ParameterizedTest
    @MethodSource("names")
    void commandOfTheCardExists(String name) throws IOException {
        String command = ZOO.card(name).reproduce().replace("--data DIR", "--data no-such-folder");
        CliRun run = CliRun.of((Object[]) command.substring("qat ".length()).split(" "));
        assertThat(run.errors()).contains("no-such-folder").hasLineCount(1);
        assertThat(run.exitCode()).isEqualTo(2);
    }

    @ParameterizedTest
    @MethodSource("names")
    void bothEnginesGiveTheStoredLogits(String name) throws IOException {
        StoredDigits digits = StoredDigits.read();
        ModelCard card = ZOO.card(name);
        double scale = card.inputs().get(0).scale();
        byte[] stored = StoredDigits.logits(name);
        assertThat(stored).hasSize(StoredDigits.COUNT * 10);
        try (IntegerNetwork network = ZOO.load(name);
                IntegerNetwork java = network.withEngine(EngineChoice.JAVA)) {
            assertThat(digits.logitsOf(java, scale)).isEqualTo(stored);
            if (card.engines().contains("onnxruntime")) {
                try (IntegerNetwork ort = network.withEngine(EngineChoice.ONNX_RUNTIME)) {
                    assertThat(digits.logitsOf(ort, scale)).isEqualTo(stored);
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("names")
    void accuracyOfTheCardIsThatOfTheStoredDigits(String name) throws IOException {
        StoredDigits digits = StoredDigits.read();
        ModelCard card = ZOO.card(name);
        float[] inputs = digits.inputs(card.inputs().get(0).scale());
        int right = 0;
        try (IntegerNetwork network = ZOO.load(name)) {
            float[] probabilities = network.output(inputs, StoredDigits.COUNT);
            for (int i = 0; i < StoredDigits.COUNT; i++) {
                int best = 0;
                for (int c = 1; c < 10; c++) {
                    best = probabilities[10 * i + c] > probabilities[10 * i + best] ? c : best;
                }
                right += best == digits.label(i) ? 1 : 0;
            }
        }
        double value = card.measured().orElseThrow().value();
        // three standard deviations of a count of 500
        double spread = 3 * Math.sqrt(value * (1 - value) / StoredDigits.COUNT);
        assertThat((double) right / StoredDigits.COUNT).isCloseTo(value, within(spread));
    }

    @ParameterizedTest
    @MethodSource("names")
    void accuracyOfTheCardIsThatOfAllTestDigits(String name) throws Exception {
        String folder = System.getProperty("qat.mnist", "");
        assumeThat(!folder.isBlank() && Files.isDirectory(Path.of(folder)))
                .as("-Dqat.mnist=DIR names the folder of MNIST")
                .isTrue();
        DigitSetIterator test = DigitData.fromFolder(Path.of(folder)).testBatches(BATCH);
        ModelCard.Accuracy claimed = ZOO.card(name).measured().orElseThrow();
        try (IntegerNetwork network = ZOO.load(name)) {
            test.setPreProcessor(DigitInput.shapeFor(network::output, name));
            assertThat(network.evaluate(test).accuracy()).isCloseTo(claimed.value(), within(1e-9));
        }
        assertThat(claimed.examples()).isEqualTo(test.size());
    }
}
