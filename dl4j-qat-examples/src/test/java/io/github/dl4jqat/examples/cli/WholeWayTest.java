package io.github.dl4jqat.examples.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.dl4jqat.examples.Seeds;
import io.github.dl4jqat.examples.data.DrawnDigits;
import io.github.dl4jqat.examples.data.IdxBytes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.ObjectMapper;

/**
 * The commands one after the other, as a user goes: the quickstart on few digits, then each command
 * on the files of the one before. The networks are hardly trained; only that everything fits
 * together is checked here.
 */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class WholeWayTest {

    private static final String CACHE = "org.deeplearning4j.resources.directory";
    private static final int TEST_DIGITS = 100;

    @TempDir private static Path folder;

    private static String cacheBefore;

    @BeforeAll
    static void writeDigits_andHideTheCache() throws IOException {
        cacheBefore = System.setProperty(CACHE, folder.resolve("no-cache").toString());
        DrawnDigits drawn = new DrawnDigits(Seeds.seed(), 256, TEST_DIGITS);
        Path digits = Files.createDirectory(folder.resolve("digits"));
        IdxBytes.write(digits, "train", drawn.train());
        IdxBytes.write(digits, "t10k", drawn.test());
    }

    @AfterAll
    static void restoreTheCache() {
        if (cacheBefore == null) {
            System.clearProperty(CACHE);
        } else {
            System.setProperty(CACHE, cacheBefore);
        }
    }

    @Test
    @Order(1)
    void quickstart_goesTheWholeWay() throws IOException {
        Path models = folder.resolve("models");
        CliRun run =
                CliRun.of(
                        "quickstart",
                        "--epochs=1",
                        "--fine-tune-epochs=1",
                        "--limit-train=640",
                        "--limit-test=" + TEST_DIGITS,
                        "--seed=" + Seeds.seed(),
                        "--json=" + folder.resolve("quickstart.json"),
                        "--out=" + models);
        assertThat(run.errors()).isEmpty();
        assertThat(run.exitCode()).isZero();
        assertThat(run.out())
                .contains("drawn by this program", "digits right", "time per digit", "100 %")
                .doesNotContain("\r");

        JsonNode json = json("quickstart.json");
        assertThat(json.fieldNames())
                .toIterable()
                .containsExactly(
                        "data",
                        "floatAccuracy",
                        "ptqAccuracy",
                        "qatAccuracy",
                        "integerAccuracy",
                        "labelAgreement",
                        "maxLsb",
                        "floatBytes",
                        "integerBytes",
                        "engine",
                        "seconds");
        assertThat(json.get("data").asText()).isEqualTo("drawn");
        for (String accuracy :
                new String[] {"floatAccuracy", "ptqAccuracy", "qatAccuracy", "integerAccuracy"}) {
            assertThat(json.get(accuracy).asDouble()).as(accuracy).isBetween(0.2, 1.0);
        }
        assertThat(json.get("integerAccuracy").asDouble())
                .isEqualTo(json.get("qatAccuracy").asDouble());
        assertThat(json.get("labelAgreement").asDouble()).isEqualTo(1.0);
        assertThat(json.get("maxLsb").asInt()).isZero();
        long floatBytes = json.get("floatBytes").asLong();
        assertThat(floatBytes).isEqualTo(4L * 1_256_080);
        assertThat(json.get("integerBytes").asLong())
                .isEqualTo(Files.size(models.resolve("lenet.qnet")))
                .isLessThanOrEqualTo(floatBytes * 27 / 100);
        assertThat(models.resolve("lenet-float.zip")).isNotEmptyFile();
        assertThat(models.resolve("lenet-qat.zip")).isNotEmptyFile();
    }

    @Test
    @Order(2)
    void prepare_convert_evaluate_inspect_workOnItsFiles() throws IOException {
        Path floating = folder.resolve("models").resolve("lenet-float.zip");
        Path prepared = folder.resolve("prepared.zip");
        Path integers = folder.resolve("model.qnet");

        CliRun inspectFloat = succeed("inspect", floating);
        assertThat(inspectFloat.out()).contains("cnn1", "qat prepare");

        CliRun prepare =
                succeed(
                        "prepare",
                        "--model=" + floating,
                        "--out=" + prepared,
                        "--data=" + folder.resolve("digits"),
                        "--calibrate=3",
                        "--weight-bits=4");
        assertThat(prepare.out()).contains("Calibrated with 3 batches", "prepared.zip");
        assertThat(succeed("inspect", prepared).out())
                .contains("weight bits", "8 bit 0.000", "QuantConvolutionLayer", "QuantOutputLayer")
                .contains("1,256,080 weights", " 0 numbers that quantizers learn")
                .doesNotContain("Trainable", "QuantizedWeightLayer");

        assertThat(CliRun.of("prepare", "--model=" + prepared, "--out=" + prepared).exitCode())
                .isEqualTo(2);
        assertThat(CliRun.of("convert", "--model=" + floating, "--out=" + integers).exitCode())
                .isEqualTo(2);
        assertThat(integers).doesNotExist();

        CliRun convert = succeed("convert", "--model=" + prepared, "--out=" + integers);
        assertThat(convert.out()).contains("5,024,320 bytes of its weights as floats");
        assertThat(succeed("inspect", integers).out()).contains("cnn1");

        double simulated = evaluate(prepared);
        assertThat(evaluate(integers)).isEqualTo(simulated);
        assertThat(evaluate(integers, "--engine=java")).isEqualTo(simulated);
        assertThat(CliRun.of("evaluate", "--engine=ort", "--data=" + folder, floating).exitCode())
                .isEqualTo(2);
        assertThat(CliRun.of("prepare", "--model=" + integers, "--out=" + prepared).exitCode())
                .isEqualTo(2);
    }

    @Test
    @Order(3)
    void convert_ofANetworkThatHasSeenNoData_fails() {
        CliRun run =
                succeed(
                        "prepare",
                        "--model=" + folder.resolve("models").resolve("lenet-float.zip"),
                        "--out=" + folder.resolve("uncalibrated.zip"));
        assertThat(run.out()).contains("Not calibrated");
        CliRun tooEarly =
                CliRun.of(
                        "convert",
                        "--model=" + folder.resolve("uncalibrated.zip"),
                        "--out=" + folder.resolve("uncalibrated.qnet"));
        assertThat(tooEarly.exitCode()).isEqualTo(2);
        assertThat(tooEarly.errors()).startsWith("qat: ").contains("cnn1", "cnn2", "output");
        assertThat(tooEarly.out()).isEmpty();
        assertThat(folder.resolve("uncalibrated.qnet")).doesNotExist();
    }

    /** A graph, and one that takes pictures and not rows of pixels. */
    @Test
    @Order(4)
    void graphs_areTakenToo() throws IOException {
        Path floating = folder.resolve("graph.zip");
        Path prepared = folder.resolve("graph-prepared.zip");
        Path integers = folder.resolve("graph.qnet");
        graph().save(floating.toFile(), true);
        succeed(
                "prepare",
                "--model=" + floating,
                "--out=" + prepared,
                "--data=" + folder.resolve("digits"));
        succeed("convert", "--model=" + prepared, "--out=" + integers);
        assertThat(evaluate(integers)).isEqualTo(evaluate(prepared));
        assertThat(evaluate(floating)).isBetween(0.0, 1.0);

        Path both = folder.resolve("graph-both.qnet");
        succeed("convert", "--model=" + prepared, "--out=" + both, "--with-float");
        assertThat(evaluate(both)).isEqualTo(evaluate(integers));
        assertThat(ComputationGraph.load(both.toFile(), false).getNumLayers()).isEqualTo(3);

        String to = "--out=" + folder.resolve("graph-again.qnet");
        succeed("convert", "--model=" + prepared, to, "--input-shape=in=1x28x28");
        assertThat(folder.resolve("graph-again.qnet")).hasSameBinaryContentAs(integers);
        succeed("convert", "--model=" + prepared, to, "--with-float", "--input-shape=1x28x28");
        for (String[] wrong :
                new String[][] {
                    {"--input-shape=1x30x28", "'out'"},
                    {"--input-shape=1x28", "trained with examples like [1, 28, 28]"},
                    {"--input-shape=1x28x28", "--input-shape=in=1x28x28", "two shapes"},
                    {"--input-shape=left=1x28x28", "the network reads in"},
                    {"--input-shape=1x28x0", "is no shape for input 'in'"},
                    {"--input-shape=1,28,28", "expected sizes such as 3x416x416"}
                }) {
            List<String> command = new ArrayList<>(List.of("convert", "--model=" + prepared, to));
            command.addAll(Arrays.asList(wrong).subList(0, wrong.length - 1));
            CliRun run = CliRun.of(command.toArray());
            assertThat(run.exitCode()).as("%s", command).isNotZero();
            assertThat(run.errors()).contains(wrong[wrong.length - 1]);
        }
    }

    @Test
    @Order(5)
    void damagedModels_areOneLineAndExitCode2() throws IOException {
        for (String name : new String[] {"model.qnet", "prepared.zip"}) {
            byte[] whole = Files.readAllBytes(folder.resolve(name));
            Path damaged = folder.resolve("damaged-" + name);
            Files.write(damaged, Arrays.copyOf(whole, whole.length / 2));
            CliRun run = CliRun.of("inspect", damaged);
            assertThat(run.exitCode()).isEqualTo(2);
            assertThat(run.errors()).startsWith("qat: ").contains(name).hasLineCount(1);
        }
    }

    private static ComputationGraph graph() {
        ComputationGraph graph =
                new ComputationGraph(
                        new NeuralNetConfiguration.Builder()
                                .seed(Seeds.seed())
                                .updater(new Adam())
                                .graphBuilder()
                                .addInputs("in")
                                .setInputTypes(InputType.convolutional(28, 28, 1))
                                .addLayer(
                                        "conv",
                                        new ConvolutionLayer.Builder(5, 5)
                                                .nOut(4)
                                                .activation(Activation.RELU)
                                                .build(),
                                        "in")
                                .addLayer(
                                        "pool",
                                        new SubsamplingLayer.Builder()
                                                .kernelSize(2, 2)
                                                .stride(2, 2)
                                                .build(),
                                        "conv")
                                .addLayer(
                                        "out",
                                        new OutputLayer.Builder()
                                                .nOut(10)
                                                .activation(Activation.SOFTMAX)
                                                .build(),
                                        "pool")
                                .setOutputs("out")
                                .build());
        graph.init();
        return graph;
    }

    private static double evaluate(Path model, Object... options) throws IOException {
        Object[] arguments = new Object[options.length + 4];
        arguments[0] = "evaluate";
        arguments[1] = "--data=" + folder.resolve("digits");
        arguments[2] = "--json=" + folder.resolve("evaluate.json");
        arguments[3] = model;
        System.arraycopy(options, 0, arguments, 4, options.length);
        assertThat(succeed(arguments).out()).contains("of 100 pictures are right");
        JsonNode json = json("evaluate.json");
        assertThat(json.fieldNames()).toIterable().containsExactly("accuracy");
        return json.get("accuracy").asDouble();
    }

    private static CliRun succeed(Object... arguments) {
        CliRun run = CliRun.of(arguments);
        assertThat(run.errors()).isEmpty();
        assertThat(run.exitCode()).isZero();
        return run;
    }

    private static JsonNode json(String name) throws IOException {
        return new ObjectMapper().readTree(folder.resolve(name).toFile());
    }
}
