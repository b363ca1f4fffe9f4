package io.github.dl4jqat.integer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.dl4jqat.export.onnx.OnnxExporter;
import io.github.dl4jqat.kernels.RandomCells;
import io.github.dl4jqat.kernels.RecurrentCell;
import io.github.dl4jqat.quant.QuantSpec;
import io.github.dl4jqat.quant.Quantizers;
import io.github.dl4jqat.quant.Requantization;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * ONNX's own checker and shape inference on every kind of file that the exporter writes. They come
 * with the Python package onnx, python3-onnx in Debian; {@code -Dqat.python=...} names the
 * interpreter that has it. The build's profile onnx-checker runs this.
 */
@Tag("onnx-checker")
class OnnxCheckerTest {

    private static final Logger LOG = LoggerFactory.getLogger(OnnxCheckerTest.class);
    private static final int NO_PACKAGE = 3;

    @TempDir private Path folder;

    private static Map<String, IntegerModel> models() {
        Map<String, IntegerModel> models = new LinkedHashMap<>();
        for (TestModels.Kind kind : TestModels.Kind.values()) {
            TestModels random = TestModels.upTo8Bits(models.size(), Requantization.FLOAT);
            models.put(kind.name(), TestModels.around(random.op(kind)));
        }
        for (TestFloats.Kind kind : TestFloats.Kind.values()) {
            TestFloats random = new TestFloats(models.size(), Requantization.FLOAT);
            models.put("float-" + kind, random.around(random.op(kind)));
        }
        TestModels random = new TestModels(1, Requantization.FLOAT, 4, 2);
        models.put("lenet", random.lenet(18, 4, 6, 20, 10));
        models.put("graph", GraphModelTest.model(Requantization.FLOAT));
        Random seeded = new Random(1);
        QuantSpec spec = Quantizers.int8PerChannel();
        for (boolean peepholes : new boolean[] {false, true}) {
            RecurrentCell cell =
                    RandomCells.lstm(seeded, 3, 5, spec, peepholes, Requantization.FLOAT);
            models.put("lstm-" + peepholes, recurrent(cell));
        }
        RecurrentCell simple = RandomCells.simple(seeded, 3, 5, spec, Requantization.FLOAT);
        models.put("simple", recurrent(simple));
        return models;
    }

    private static IntegerModel recurrent(RecurrentCell cell) {
        TensorType q = TensorType.of("q", cell.input(), cell.inputs(), 7);
        TensorType out = TensorType.of("out", cell.output(), cell.units(), 7);
        return TestModels.around(new Recurrent("rnn", q, out, cell));
    }

    @Test
    void everyFile_passesTheChecker_andItsShapesAreInferred()
            throws IOException, InterruptedException {
        for (Map.Entry<String, IntegerModel> entry : models().entrySet()) {
            for (OnnxForm form : OnnxForm.values()) {
                for (int opset : new int[] {13, 15, 17, 18, 21, 25}) {
                    OnnxExporter exporter =
                            OnnxExporter.builder()
                                    .form(form)
                                    .opset(opset)
                                    .packedWeights(opset >= OnnxOptions.INT4_OPSET)
                                    .metadata("accuracy", "0.99")
                                    .build();
                    String name = entry.getKey() + "-" + form + "-" + opset + ".onnx";
                    exporter.write(entry.getValue(), folder.resolve(name));
                }
            }
        }
        String python = System.getProperty("qat.python", "");
        Path script = folder.resolve("check.py");
        try (InputStream in = getClass().getResourceAsStream("/onnx/check.py")) {
            Files.copy(in, script);
        }
        // The build passes the property on without knowing whether it is set.
        run(python.isBlank() || python.startsWith("$") ? "python3" : python, script);
    }

    private void run(String python, Path script) throws IOException, InterruptedException {
        Process process;
        try {
            process =
                    new ProcessBuilder(List.of(python, script.toString(), folder.toString()))
                            .redirectErrorStream(true)
                            .start();
        } catch (IOException e) {
            assumeTrue(false, "there is no " + python + ": " + e.getMessage());
            return;
        }
        String output;
        try (InputStream in = process.getInputStream()) {
            output = new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
        int code = process.waitFor();
        assumeTrue(
                code != NO_PACKAGE,
                () ->
                        python
                                + ": "
                                + output.strip()
                                + "; set -Dqat.python or install python3-onnx");
        assertThat(code).as(output).isZero();
        LOG.info("{}", output.strip());
    }
}
