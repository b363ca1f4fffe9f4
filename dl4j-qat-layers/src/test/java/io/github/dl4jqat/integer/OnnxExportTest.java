package io.github.dl4jqat.integer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.dl4jqat.export.onnx.OnnxExporter;
import io.github.dl4jqat.kernels.RandomCells;
import io.github.dl4jqat.kernels.RecurrentCell;
import io.github.dl4jqat.quant.QuantSpec;
import io.github.dl4jqat.quant.Quantizers;
import io.github.dl4jqat.quant.Requantization;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What ONNX Runtime computes from exported files, against the Java engine. */
class OnnxExportTest {

    private static final Logger LOG = LoggerFactory.getLogger(OnnxExportTest.class);
    private static final int CONFIGURATIONS = 12;
    private static final int BATCH = 7;

    @TempDir private Path folder;

    private static Map<String, float[]> feeds(TestModels models, IntegerModel model, int batch) {
        Map<String, float[]> feeds = new LinkedHashMap<>();
        for (TensorType x : model.inputs()) {
            feeds.put(x.name(), models.floats(model.tensor(x.name().replace('x', 'q')), batch));
        }
        return feeds;
    }

    private int difference(OnnxExporter exporter, TestModels models, IntegerModel model)
            throws IOException {
        Path file = folder.resolve("model.onnx");
        exporter.write(model, file);
        int largest = 0;
        for (int batch : List.of(1, BATCH)) {
            Map<String, float[]> feeds = feeds(models, model, batch);
            List<float[]> fast = OnnxRuns.run(file, model, feeds, batch);
            List<float[]> defined = OnnxRuns.java(model, feeds, batch);
            int steps = OnnxRuns.largestDifference(model, fast, defined);
            if (steps == 0) {
                assertThat(fast.get(0)).isEqualTo(defined.get(0));
            }
            largest = Math.max(largest, steps);
        }
        return largest;
    }

    @ParameterizedTest
    @EnumSource(TestModels.Kind.class)
    void everyOperation_inQdqForm_equalsTheJavaEngine(TestModels.Kind kind) throws IOException {
        for (int seed = 0; seed < CONFIGURATIONS; seed++) {
            TestModels models = TestModels.upTo8Bits(seed, Requantization.FLOAT);
            IntegerModel model = TestModels.around(models.op(kind));
            assertThat(difference(new OnnxExporter(), models, model))
                    .as("%s", model.ops())
                    .isZero();
        }
    }

    /** ONNX Runtime's own formulas for sums, products and means are allowed one level. */
    @ParameterizedTest
    @EnumSource(TestModels.Kind.class)
    void everyOperation_inQOperatorForm_isWithinItsBound(TestModels.Kind kind) throws IOException {
        int bound =
                switch (kind) {
                    case SUM, PRODUCT, AVERAGE_POOL, GLOBAL_AVERAGE -> 1;
                    default -> 0;
                };
        OnnxExporter exporter = OnnxExporter.builder().form(OnnxForm.QOPERATOR).build();
        int largest = 0;
        for (int seed = 0; seed < CONFIGURATIONS; seed++) {
            TestModels models = TestModels.upTo8Bits(seed, Requantization.FLOAT);
            IntegerModel model = TestModels.around(models.op(kind));
            int steps = difference(exporter, models, model);
            assertThat(steps).as("%s", model.ops()).isLessThanOrEqualTo(bound);
            largest = Math.max(largest, steps);
        }
        LOG.debug("{}: {} levels at most", kind, largest);
    }

    @ParameterizedTest
    @EnumSource(OnnxForm.class)
    void aWholeNetwork_equalsTheJavaEngine(OnnxForm form) throws IOException {
        TestModels models = new TestModels(3, Requantization.FLOAT, 8, 8);
        IntegerModel lenet = models.lenet(18, 4, 6, 20, 10);
        Path file = folder.resolve("lenet.onnx");
        OnnxExporter.builder().form(form).build().write(lenet, file);
        Map<String, float[]> feeds = feeds(models, lenet, 33);
        float[] fast = OnnxRuns.run(file, lenet, feeds, 33).get(0);
        float[] defined = OnnxRuns.java(lenet, feeds, 33).get(0);
        for (int i = 0; i < fast.length; i++) {
            // Both take the softmax of the same integers, one in float and one in double.
            assertThat(fast[i]).isCloseTo(defined[i], within(1e-6f));
        }
        Map<String, Integer> ops = OnnxRuns.optimized(file);
        assertThat(ops).containsEntry("QLinearConv", 2).containsEntry("QGemm", 2);
        assertThat(ops).doesNotContainKeys("Conv", "Gemm", "MatMul", "Relu", "FusedConv");
    }

    @ParameterizedTest
    @EnumSource(
            value = TestModels.Kind.class,
            names = {"SUM", "PRODUCT", "AVERAGE_POOL", "GLOBAL_AVERAGE", "CONV_3D"})
    void qOperatorForm_isKeptByTheRuntime(TestModels.Kind kind) throws IOException {
        String operator =
                switch (kind) {
                    case SUM -> "QLinearAdd";
                    case PRODUCT -> "QLinearMul";
                    case AVERAGE_POOL -> "QLinearAveragePool";
                    case GLOBAL_AVERAGE -> "QLinearGlobalAveragePool";
                    default -> "QLinearConv";
                };
        Path file = folder.resolve("model.onnx");
        OnnxExporter exporter = OnnxExporter.builder().form(OnnxForm.QOPERATOR).build();
        int found = 0;
        for (int seed = 0; seed < CONFIGURATIONS; seed++) {
            IntegerOp op = TestModels.upTo8Bits(seed, Requantization.FLOAT).op(kind);
            if (hasOperator(op)) {
                exporter.write(TestModels.around(op), file);
                assertThat(OnnxRuns.optimized(file)).as("%s", op).containsEntry(operator, 1);
                found++;
            }
        }
        assertThat(found).isPositive();
    }

    private static boolean hasOperator(IntegerOp op) {
        if (op instanceof Combine combine) {
            return QOperators.has(combine);
        }
        return !(op instanceof AveragePool2d pool) || QOperators.has(pool);
    }

    /** Reductions are spelled in two ways, before opset 18 and from it on. */
    @ParameterizedTest
    @EnumSource(TestFloats.Kind.class)
    void floatIslands_areWithinALevel(TestFloats.Kind kind) throws IOException {
        for (int opset : new int[] {13, 18, 25}) {
            for (int seed = 0; seed < CONFIGURATIONS / 2; seed++) {
                TestFloats floats = new TestFloats(seed, Requantization.FLOAT);
                IntegerModel model = floats.around(floats.op(kind));
                OnnxExporter exporter = OnnxExporter.builder().opset(opset).build();
                assertThat(difference(exporter, floats.models(), model))
                        .as("%s", model)
                        .isLessThanOrEqualTo(1);
            }
        }
    }

    /** Two branches, two outputs, broadcasting: what was tested alone, together. */
    @ParameterizedTest
    @EnumSource(OnnxForm.class)
    void aGraph_equalsTheJavaEngine(OnnxForm form) throws IOException {
        IntegerModel model = GraphModelTest.model(Requantization.FLOAT);
        Path file = folder.resolve("graph.onnx");
        OnnxExporter.builder().form(form).build().write(model, file);
        TestModels models = new TestModels(4, Requantization.FLOAT, 8, 8);
        Map<String, float[]> feeds = new LinkedHashMap<>();
        for (TensorType x : model.inputs()) {
            feeds.put(x.name(), models.floats(model.tensor("q" + x.name()), BATCH));
        }
        List<float[]> fast = OnnxRuns.run(file, model, feeds, BATCH);
        List<float[]> defined = OnnxRuns.java(model, feeds, BATCH);
        for (int k = 0; k < fast.size(); k++) {
            TensorType end = ModelEnds.endOf(model, model.outputs().get(k).name()).orElseThrow();
            // What one operation has off by a level, those behind it take on.
            float allowed = form == OnnxForm.QDQ ? 1e-6f : 2 * end.params().scale();
            for (int i = 0; i < fast.get(k).length; i++) {
                assertThat(fast.get(k)[i]).isCloseTo(defined.get(k)[i], within(allowed));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25})
    void everyOperatorSet_givesTheSameNumbers(int opset) throws IOException {
        OnnxExporter exporter = OnnxExporter.builder().opset(opset).build();
        for (TestModels.Kind kind : TestModels.Kind.values()) {
            TestModels models = TestModels.upTo8Bits(opset, Requantization.FLOAT);
            IntegerModel model = TestModels.around(models.op(kind));
            assertThat(difference(exporter, models, model)).as("%s", model.ops()).isZero();
        }
    }

    @ParameterizedTest
    @CsvSource({"2, 21", "3, 21", "4, 21", "8, 21", "2, 25", "3, 25", "4, 25"})
    void packedWeights_areRunAsBytes(int bits, int opset) throws IOException {
        for (OnnxForm form : OnnxForm.values()) {
            for (TestModels.Kind kind :
                    List.of(
                            TestModels.Kind.CONV,
                            TestModels.Kind.DEPTHWISE,
                            TestModels.Kind.DENSE,
                            TestModels.Kind.CONV_3D)) {
                TestModels models = new TestModels(bits, Requantization.FLOAT, 8, bits);
                IntegerModel model = TestModels.around(models.op(kind));
                OnnxExporter packed =
                        OnnxExporter.builder().form(form).opset(opset).packedWeights(true).build();
                assertThat(difference(packed, models, model)).as("%s", model.ops()).isZero();
                Map<String, Integer> ops = OnnxRuns.optimized(folder.resolve("model.onnx"));
                assertThat(ops)
                        .containsKey(kind == TestModels.Kind.DENSE ? "QGemm" : "QLinearConv");
                assertThat(ops).doesNotContainKeys("Conv", "Gemm", "Cast");
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"13, false", "17, false", "18, false", "21, true", "25, true"})
    void recurrentLayers_areLoopsOverIntegers(int opset, boolean packed) throws IOException {
        OnnxExporter exporter = OnnxExporter.builder().opset(opset).packedWeights(packed).build();
        Random random = new Random(opset);
        for (QuantSpec spec : List.of(Quantizers.int8PerChannel(), Quantizers.int4PerChannel())) {
            for (RecurrentCell cell :
                    List.of(
                            RandomCells.simple(random, 5, 4, spec, Requantization.FLOAT),
                            RandomCells.lstm(random, 3, 5, spec, true, Requantization.FLOAT))) {
                TensorType q = TensorType.of("q", cell.input(), cell.inputs(), 9);
                TensorType out = TensorType.of("out", cell.output(), cell.units(), 9);
                IntegerModel model = TestModels.around(new Recurrent("rnn", q, out, cell));
                TestModels models = new TestModels(opset, Requantization.FLOAT, 8, 8);
                assertThat(difference(exporter, models, model)).as("%s", cell).isZero();
                Map<String, Integer> ops = OnnxRuns.optimized(folder.resolve("model.onnx"));
                assertThat(ops).containsEntry("MatMulInteger", 2).containsEntry("Scan", 1);
                assertThat(ops).doesNotContainKeys("LSTM", "RNN", "MatMul", "Gemm", "Tanh");
            }
        }
    }
}
