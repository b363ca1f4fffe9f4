package io.github.dl4jqat.export.tflite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.github.dl4jqat.export.tflite.TfLiteRuntime.Kernels;
import io.github.dl4jqat.integer.Conv2d;
import io.github.dl4jqat.integer.Dense;
import io.github.dl4jqat.integer.Dequantize;
import io.github.dl4jqat.integer.EngineChoice;
import io.github.dl4jqat.integer.IntegerModel;
import io.github.dl4jqat.integer.IntegerNetwork;
import io.github.dl4jqat.integer.Lookup;
import io.github.dl4jqat.integer.Quantize;
import io.github.dl4jqat.integer.RandomModels;
import io.github.dl4jqat.integer.TensorType;
import io.github.dl4jqat.integer.UnsupportedOpException;
import io.github.dl4jqat.integer.Weights;
import io.github.dl4jqat.integer.Window2d;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.Quantizers;
import io.github.dl4jqat.quant.Requantization;
import java.io.File;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.tensorflow.lite.schema.BuiltinOperator;
import org.tensorflow.lite.schema.Model;
import org.tensorflow.lite.schema.SubGraph;

class ExporterTest {

    @TempDir private Path folder;

    private static IntegerModel lenet() {
        return RandomModels.lenet(seed(), Requantization.FLOAT, 1).model();
    }

    /** The first network whose integers all fill a byte, so that nothing needs a clamp. */
    private static long seed() {
        for (long seed = 0; ; seed++) {
            IntegerModel model = RandomModels.lenet(seed, Requantization.FLOAT, 1).model();
            if (model.tensors().values().stream()
                    .noneMatch(t -> !t.isFloat() && t.params().spec().narrowRange())) {
                return seed;
            }
        }
    }

    private static Model read(byte[] file) {
        return Model.getRootAsModel(ByteBuffer.wrap(file));
    }

    /** Names of the operators in order. */
    private static List<String> operators(byte[] file) {
        Model model = read(file);
        SubGraph graph = model.subgraphs(0);
        List<String> names = new ArrayList<>();
        for (int i = 0; i < graph.operatorsLength(); i++) {
            int index = (int) graph.operators(i).opcodeIndex();
            int code = model.operatorCodes(index).builtinCode();
            names.add(BuiltinOperator.names[code]);
        }
        return names;
    }

    @Test
    void aFlattenedImageCostsNothing() {
        assertThat(operators(new TfLiteExporter().toBytes(lenet())))
                .containsExactly(
                        "QUANTIZE",
                        "CONV_2D",
                        "MAX_POOL_2D",
                        "CONV_2D",
                        "MAX_POOL_2D",
                        "RESHAPE",
                        "FULLY_CONNECTED",
                        "FULLY_CONNECTED",
                        "DEQUANTIZE",
                        "SOFTMAX");
    }

    @Test
    void bytesAtBothEndsLeaveNoFloats() {
        byte[] file =
                TfLiteExporter.builder()
                        .input(TfLiteExporter.Ends.INT8)
                        .output(TfLiteExporter.Ends.INT8)
                        .batch(4)
                        .build()
                        .toBytes(lenet());
        assertThat(operators(file)).doesNotContain("QUANTIZE", "DEQUANTIZE").endsWith("SOFTMAX");
        try (TfLiteRuntime runtime = new TfLiteRuntime(file, Kernels.XNNPACK)) {
            assertThat(runtime.inputShape(0)).containsExactly(4, 18, 18, 1);
            assertThat(runtime.outputShape(0)).containsExactly(4, 10);
            assertThat(runtime.outputScale(0)).isEqualTo(1f / 256);
            assertThat(runtime.outputZeroPoint(0)).isEqualTo(-128);
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = Kernels.class,
            names = {"BUILT_IN", "XNNPACK"})
    void softmaxOfBytesIsWithinTwoLevels(Kernels kernels) {
        int batch = 20;
        RandomModels.Sample sample = RandomModels.lenet(seed(), Requantization.FLOAT, batch);
        byte[] file =
                TfLiteExporter.builder()
                        .input(TfLiteExporter.Ends.INT8)
                        .output(TfLiteExporter.Ends.INT8)
                        .build()
                        .toBytes(sample.model());
        int[] q = sample.feeds().get("q");
        float[] expected = probabilities(sample.model(), q, batch);
        TensorType in = sample.model().tensor("q");
        try (TfLiteRuntime runtime = new TfLiteRuntime(file, kernels, batch)) {
            byte[] got = (byte[]) runtime.run(List.of(Compared.toFile(in, q, batch))).get(0);
            for (int i = 0; i < got.length; i++) {
                assertThat((got[i] + 128) / 256f).isCloseTo(expected[i], within(2f / 256));
            }
        }
    }

    private static float[] probabilities(IntegerModel model, int[] q, int batch) {
        QuantParams params = model.tensor("q").params();
        float[] x = new float[q.length];
        for (int i = 0; i < x.length; i++) {
            x[i] = params.dequantize(q[i], 0);
        }
        try (IntegerNetwork net = IntegerNetwork.of(model, EngineChoice.JAVA)) {
            return net.output(x, batch);
        }
    }

    @Test
    void xnnpackTakesAllOfANetworkButItsSoftmax() {
        byte[] file = new TfLiteExporter().toBytes(lenet());
        try (TfLiteRuntime all = new TfLiteRuntime(file, Kernels.BUILT_IN);
                TfLiteRuntime delegated = new TfLiteRuntime(file, Kernels.XNNPACK)) {
            assertThat(all.steps()).isEqualTo(10);
            assertThat(delegated.steps()).isLessThanOrEqualTo(2);
        }
    }

    @Test
    void metadataIsInTheFile() {
        byte[] file = TfLiteExporter.builder().description("of eggs").build().toBytes(lenet());
        Model model = read(file);
        assertThat(Model.ModelBufferHasIdentifier(ByteBuffer.wrap(file))).isTrue();
        assertThat(model.version()).isEqualTo(3);
        assertThat(model.description()).isEqualTo("of eggs");
        Map<String, String> entries = new TreeMap<>();
        for (int i = 0; i < model.metadataLength(); i++) {
            ByteBuffer data = model.buffers((int) model.metadata(i).buffer()).dataAsByteBuffer();
            byte[] bytes = new byte[data.remaining()];
            data.get(bytes);
            entries.put(model.metadata(i).name(), new String(bytes, StandardCharsets.UTF_8));
        }
        assertThat(entries)
                .containsEntry("dl4j_qat_name", "lenet")
                .containsEntry("dl4j_qat_requantization", "FLOAT");
    }

    @Test
    void constantsBeginAtMultiplesOfSixteen() {
        byte[] file = new TfLiteExporter().toBytes(lenet());
        Model model = read(file);
        int constants = 0;
        assertThat(model.buffers(0).dataLength()).isZero();
        for (int i = 1; i < model.buffersLength(); i++) {
            ByteBuffer data = model.buffers(i).dataAsByteBuffer();
            assertThat(data.position() % 16).isZero();
            constants++;
        }
        assertThat(constants).isGreaterThan(8);
    }

    @Test
    void exportingTwiceGivesTheSameBytes() throws IOException {
        Path file = folder.resolve("lenet.tflite");
        try (IntegerNetwork net = IntegerNetwork.of(lenet(), EngineChoice.JAVA)) {
            new TfLiteExporter().write(net, file);
        }
        assertThat(Files.readAllBytes(file)).isEqualTo(new TfLiteExporter().toBytes(lenet()));
    }

    @Test
    void everyOffenderIsNamedAndNothingWritten() {
        QuantParams wide = QuantParams.of(Quantizers.int16PerTensor(), 0.01f, 0);
        QuantParams bytes = QuantParams.of(Quantizers.uint8PerTensor(), 0.01f, 3);
        TensorType x = TensorType.ofFloats("x", 4);
        TensorType q = TensorType.of("q", bytes, 4);
        TensorType a = TensorType.of("a", wide, 4);
        TensorType y = TensorType.ofFloats("y", 4);
        IntegerModel model =
                IntegerModel.builder()
                        .input(x)
                        .add(new Quantize("in", x, q))
                        .add(new Lookup("widen", q, a, new int[256]))
                        .add(Dequantize.linear("end", a, y, false))
                        .output("y")
                        .build();
        Path file = folder.resolve("none.tflite");
        assertThatThrownBy(() -> new TfLiteExporter().write(model, file))
                .isInstanceOfSatisfying(
                        UnsupportedOpException.class,
                        e ->
                                assertThat(e.offenders())
                                        .hasSize(2)
                                        .anyMatch(o -> o.startsWith("Lookup 'widen': int8"))
                                        .anyMatch(o -> o.startsWith("Dequantize 'end': int8")));
        assertThat(file).doesNotExist();
    }

    @ParameterizedTest
    @EnumSource
    void aGroupedConvolutionEqualsTheDefinition(Requantization mode) {
        QuantParams bytes = QuantParams.of(Quantizers.uint8PerTensor(), 0.02f, 100);
        TensorType x = TensorType.ofFloats("x", 4, 5, 6);
        TensorType q = TensorType.of("q", bytes, 4, 5, 6);
        TensorType z = TensorType.of("z", bytes, 6, 3, 4);
        TensorType y = TensorType.ofFloats("y", 6, 3, 4);
        int[] w = new int[6 * 2 * 9];
        Arrays.setAll(w, i -> (i * 37 + i * i) % 255 - 127);
        float[] scales = {0.001f, 0.002f, 0.0013f, 0.0007f, 0.0011f, 0.0009f};
        Weights weights =
                Weights.of(
                        QuantParams.of(Quantizers.int8PerChannel(), scales, 0),
                        List.of(6, 2, 3, 3),
                        w,
                        new int[] {1, -200, 30, 400, 0, 7});
        Conv2d conv = new Conv2d("conv", q, z, weights, Window2d.of(3, 3), 2, mode, 0, 255);
        IntegerModel model =
                IntegerModel.builder()
                        .requantization(mode)
                        .input(x)
                        .add(new Quantize("in", x, q))
                        .add(conv)
                        .add(Dequantize.linear("end", z, y, false))
                        .output("y")
                        .build();
        int[] in = new int[120 * 2];
        Arrays.setAll(in, i -> (i * 71 + i * i * 3) % 256);
        Kernels kernels = mode == Requantization.FLOAT ? Kernels.XNNPACK : Kernels.BUILT_IN;
        Compared c = Compared.of(model, Map.of("q", in), kernels, 2);
        assertThat(c.differing()).isZero();
        assertThat(c.inner()).isGreaterThan(50);
    }

    @ParameterizedTest
    @EnumSource(
            value = Kernels.class,
            names = {"BUILT_IN", "XNNPACK"})
    void theSpecifiedSigmoidAndTanhAreOperators(Kernels kernels) {
        TensorType q =
                TensorType.of("q", QuantParams.of(Quantizers.uint8PerTensor(), 0.05f, 120), 256);
        QuantParams unit =
                QuantParams.of(Quantizers.uint8PerTensor(), EndLowering.SIGMOID_SCALE, 0);
        QuantParams both =
                QuantParams.of(Quantizers.int8AffinePerTensor(), EndLowering.TANH_SCALE, 0);
        check(q, unit, x -> 1 / (1 + StrictMath.exp(-x)), "LOGISTIC", kernels);
        check(q, both, StrictMath::tanh, "TANH", kernels);
        check(q, both, x -> StrictMath.sin(x), "GATHER", kernels);
        check(q, q.params(), x -> Math.max(0, x), "MAXIMUM", kernels);
    }

    private static void check(
            TensorType q,
            QuantParams params,
            java.util.function.DoubleUnaryOperator f,
            String operator,
            Kernels kernels) {
        TensorType x = new TensorType("x", q.shape(), null);
        TensorType z = new TensorType("z", q.shape(), params);
        TensorType y = new TensorType("y", q.shape(), null);
        int[] table = new int[256];
        for (int i = 0; i < table.length; i++) {
            float v = (float) f.applyAsDouble(q.params().dequantize(i, 0));
            table[i] = params.quantize(v, 0);
        }
        IntegerModel model =
                IntegerModel.builder()
                        .input(x)
                        .add(new Quantize("in", x, q))
                        .add(new Lookup("f", q, z, table))
                        .add(Dequantize.linear("end", z, y, false))
                        .output("y")
                        .build();
        assertThat(operators(new TfLiteExporter().toBytes(model))).contains(operator);
        int[] all = new int[256];
        Arrays.setAll(all, i -> i);
        assertThat(Compared.of(model, Map.of("q", all), kernels, 1).differing()).isZero();
    }

    @Test
    void aDenseLayerCanBeAConvolution() {
        byte[] file = TfLiteExporter.builder().denseAsConvolution(true).build().toBytes(lenet());
        assertThat(operators(file)).doesNotContain("FULLY_CONNECTED").contains("CONV_2D");
        assertThat(lenet().ops()).hasAtLeastOneElementOfType(Dense.class);
    }

    @Test
    void withoutTheSchemaTheMessageNamesTheDependency() throws Exception {
        List<URL> places = new ArrayList<>();
        for (String place : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
            if (!place.contains("tensorflow-lite-metadata")) {
                places.add(Path.of(place).toUri().toURL());
            }
        }
        URL[] urls = places.toArray(URL[]::new);
        try (URLClassLoader loader =
                new URLClassLoader(urls, ClassLoader.getPlatformClassLoader())) {
            Class<?> type = loader.loadClass(TfLiteExporter.class.getName());
            Class<?> model = loader.loadClass(IntegerModel.class.getName());
            Object exporter = type.getDeclaredConstructor().newInstance();
            assertThatThrownBy(
                            () ->
                                    type.getMethod("toBytes", model)
                                            .invoke(exporter, new Object[] {null}))
                    .hasRootCauseInstanceOf(ClassNotFoundException.class)
                    .cause()
                    .isInstanceOf(UnsupportedOperationException.class)
                    .hasMessageContaining("org.tensorflow:tensorflow-lite-metadata:0.4.4");
        }
    }

    @Test
    void badChoicesAreRefused() {
        assertThatThrownBy(() -> TfLiteExporter.builder().batch(-1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("batch=-1; give 1 or more, or 0 for any");
        assertThatThrownBy(() -> TfLiteExporter.builder().input(null))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("input is null");
    }
}
