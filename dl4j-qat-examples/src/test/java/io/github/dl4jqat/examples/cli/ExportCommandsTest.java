package io.github.dl4jqat.examples.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.dl4jqat.Qat;
import io.github.dl4jqat.examples.Seeds;
import io.github.dl4jqat.examples.data.DigitSetIterator;
import io.github.dl4jqat.examples.data.DrawnDigits;
import io.github.dl4jqat.examples.data.IdxBytes;
import io.github.dl4jqat.integer.IntegerNetwork;
import io.github.dl4jqat.prepare.QatConfig;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.ObjectMapper;

/** {@code qat export} and {@code qat check-export} on a small model that has seen a few digits. */
class ExportCommandsTest {

    private static final int TEST_DIGITS = 230;

    @TempDir private static Path folder;

    private static Path model;

    @BeforeAll
    static void makeModel() throws IOException {
        DrawnDigits drawn = new DrawnDigits(Seeds.seed(), 640, TEST_DIGITS);
        IdxBytes.write(folder, "train", drawn.train());
        IdxBytes.write(folder, "t10k", drawn.test());
        MultiLayerNetwork net =
                new MultiLayerNetwork(
                        new NeuralNetConfiguration.Builder()
                                .seed(Seeds.seed())
                                .updater(new Adam(5e-3))
                                .list()
                                .layer(
                                        new ConvolutionLayer.Builder(5, 5)
                                                .stride(2, 2)
                                                .nOut(4)
                                                .activation(Activation.RELU)
                                                .build())
                                .layer(new SubsamplingLayer.Builder().kernelSize(2, 2).build())
                                .layer(
                                        new OutputLayer.Builder()
                                                .nOut(10)
                                                .activation(Activation.SOFTMAX)
                                                .build())
                                .setInputType(InputType.convolutionalFlat(28, 28, 1))
                                .build());
        net.init();
        DigitSetIterator train = DigitSetIterator.shuffled(drawn.train(), 32, Seeds.seed());
        MultiLayerNetwork quantized = Qat.prepare(net, QatConfig.int8());
        Qat.calibrate(quantized, train, 3);
        quantized.fit(train, 3);
        model = folder.resolve("small.qnet");
        try (IntegerNetwork integer = Qat.convert(quantized)) {
            integer.save(model);
        }
    }

    private static CliRun succeed(Object... arguments) {
        CliRun run = CliRun.of(arguments);
        assertThat(run.errors()).isEmpty();
        assertThat(run.exitCode()).isZero();
        return run;
    }

    private static void refused(String message, Object... arguments) {
        CliRun run = CliRun.of(arguments);
        assertThat(run.errors()).contains(message);
        assertThat(run.exitCode()).isEqualTo(2);
    }

    @Test
    void everyFormatAgreesWithTheJavaEngineOnItsOwnRuntime() throws IOException {
        Path json = folder.resolve("formats.json");
        Path kept = folder.resolve("formats");
        CliRun run =
                succeed(
                        "check-export",
                        "--data=" + folder,
                        "--json=" + json,
                        "--out=" + kept,
                        model);
        assertThat(run.out()).contains("onnx", "tflite", "ONNX Runtime", "TensorFlow Lite", "LSB");
        List<String> formats = new ArrayList<>();
        for (JsonNode row : new ObjectMapper().readTree(Files.readString(json))) {
            formats.add(row.get("format").asText());
            assertThat(row.fieldNames())
                    .toIterable()
                    .contains("format", "runtime", "accuracy", "labelAgreement", "maxLsb", "bytes");
            assertThat(row.get("labelAgreement").asDouble()).isGreaterThan(0.98);
            double java = row.get("javaAccuracy").asDouble();
            assertThat(java).isGreaterThan(0.3);
            assertThat(row.get("accuracy").asDouble()).isBetween(java - 0.02, java + 0.02);
            // The kernels behind the C array round twice, this model once.
            int most = row.get("format").asText().equals("c") ? 1 : 0;
            assertThat(row.get("maxLsb").asInt()).as("%s", row).isBetween(0, most);
        }
        assertThat(formats).containsExactly("onnx", "tflite", "c");
        try (Stream<Path> files = Files.list(kept)) {
            assertThat(files.map(f -> f.getFileName().toString()))
                    .containsExactlyInAnyOrder("model.onnx", "model.tflite", "model.h");
        }
    }

    /** Native libraries write where no {@link CliRun} sees it. */
    @Test
    void nothingLooksLikeAnError() throws IOException, InterruptedException {
        Path errors = folder.resolve("errors.txt");
        ProcessBuilder builder =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                QatCli.class.getName(),
                                "check-export",
                                "--data=" + folder,
                                model.toString())
                        .redirectError(errors.toFile())
                        .redirectOutput(folder.resolve("out.txt").toFile());
        builder.environment().put("CLASSPATH", System.getProperty("java.class.path"));
        Process process = builder.start();
        try {
            assertThat(process.waitFor(2, TimeUnit.MINUTES)).isTrue();
        } finally {
            process.destroyForcibly();
        }
        assertThat(process.exitValue()).isZero();
        assertThat(folder.resolve("out.txt")).content().contains("INFO", "100.00 %");
        assertThat(Files.readAllLines(errors)).allMatch(line -> line.startsWith("INFO: Created"));
    }

    @Test
    void optionsGoIntoTheFile() throws IOException {
        Path plain = folder.resolve("plain.onnx");
        Path operators = folder.resolve("operators.onnx");
        succeed("export", "--to=onnx", "--out=" + plain, model);
        succeed("export", "--to=onnx", "--form=qoperator", "--out=" + operators, model);
        assertThat(new String(Files.readAllBytes(operators), StandardCharsets.ISO_8859_1))
                .contains("QLinearConv");
        assertThat(new String(Files.readAllBytes(plain), StandardCharsets.ISO_8859_1))
                .doesNotContain("QLinearConv");

        Path floats = folder.resolve("floats.tflite");
        Path bytes = folder.resolve("bytes.tflite");
        succeed("export", "--to=tflite", "--out=" + floats, model);
        succeed("export", "--to=tflite", "--input=int8", "--output=INT8", "--out=" + bytes, model);
        assertThat(bytes).isNotEmptyFile();
        assertThat(Files.readAllBytes(bytes)).isNotEqualTo(Files.readAllBytes(floats));

        Path header = folder.resolve("digits.h");
        CliRun run = succeed("export", "--to=c", "--name=digit-model", "--out=" + header, model);
        assertThat(run.out()).contains("array digit_model", "arena of about");
        assertThat(Files.readString(header)).contains("digit_model[");
    }

    @Test
    void whatDoesNotGoTogetherIsSaid() {
        Path out = folder.resolve("never");
        refused("only for --to onnx", "export", "--to=c", "--opset=13", "--out=" + out, model);
        refused("only for --to tflite", "export", "--to=onnx", "--batch=1", "--out=" + out, model);
        refused("only for --to c", "export", "--to=tflite", "--name=x", "--out=" + out, model);
        refused("opset", "export", "--to=onnx", "--opset=3", "--out=" + out, model);
        refused("--to", "export", "--to=pdf", "--out=" + out, model);
        refused("no such file", "export", "--to=c", "--out=" + out, folder.resolve("no.qnet"));
        refused("folder", "export", "--to=c", "--out=" + out.resolve("a"), model);
        assertThat(out).doesNotExist();
    }

    @Test
    void evaluationNeedsTheTestPartAlone() throws IOException {
        Path part = Files.createDirectory(folder.resolve("test part"));
        IdxBytes.write(part, "t10k", new DrawnDigits(Seeds.seed(), 0, TEST_DIGITS).test());
        assertThat(succeed("evaluate", "--engine=java", "--data=" + part, model).out())
                .contains("" + TEST_DIGITS);
        refused("train-images-idx3-ubyte", "quickstart", "--data=" + part, "--out=" + part);
    }

    @Test
    void whatIsReadIsNeverOverwritten() throws IOException {
        byte[] before = Files.readAllBytes(model);
        Path detour = folder.resolve(".").resolve(model.getFileName());
        refused("is what is read", "export", "--to=onnx", "--out=" + detour, model);
        refused("is what is read", "convert", "--model=" + model, "--out=" + model);
        refused("is what is read", "prepare", "--model=" + model, "--out=" + model);
        assertThat(Files.readAllBytes(model)).isEqualTo(before);
    }
}
