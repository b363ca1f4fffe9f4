package io.github.dl4jqat.export.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.dl4jqat.integer.Dense;
import io.github.dl4jqat.integer.Dequantize;
import io.github.dl4jqat.integer.EngineChoice;
import io.github.dl4jqat.integer.IntegerModel;
import io.github.dl4jqat.integer.IntegerNetwork;
import io.github.dl4jqat.integer.OnnxForm;
import io.github.dl4jqat.integer.Quantize;
import io.github.dl4jqat.integer.TensorType;
import io.github.dl4jqat.integer.UnsupportedOpException;
import io.github.dl4jqat.integer.Weights;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.QuantSpec;
import io.github.dl4jqat.quant.Quantizers;
import io.github.dl4jqat.quant.Requantization;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import onnx.Onnx.ModelProto;
import onnx.Onnx.NodeProto;
import onnx.Onnx.TensorProto;
import onnx.Onnx.TensorShapeProto;
import onnx.Onnx.ValueInfoProto;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OnnxExporterTest {

    private static final int INT8 = 3;
    private static final int INT32 = 6;
    private static final int INT4 = 22;
    private static final int INT2 = 26;

    @TempDir private Path folder;

    /** Three numbers in, two out, with weights of some width. */
    private static IntegerModel model(QuantSpec activations, QuantSpec weights) {
        return model(activations, weights, Requantization.FLOAT);
    }

    private static IntegerModel model(
            QuantSpec activations, QuantSpec weightSpec, Requantization mode) {
        TensorType x = TensorType.ofFloats("features", 3);
        TensorType q = TensorType.of("pixels", QuantParams.of(activations, 0.5f, 0), 3);
        TensorType d = TensorType.of("scores", QuantParams.of(activations, 0.25f, 0), 2);
        int most = weightSpec.qMax();
        Weights weights =
                Weights.of(
                        QuantParams.of(weightSpec, new float[] {0.5f, 0.25f}, 0),
                        List.of(2, 3),
                        new int[] {most, -1, 0, 1, -most, 1},
                        new int[] {7, -9});
        return IntegerModel.builder()
                .requantization(mode)
                .metadata("name", "little")
                .metadata("producer", "dl4j-qat")
                .input(x)
                .add(new Quantize("in", x, q))
                .add(Dense.of("fc", q, d, weights, mode))
                .add(Dequantize.linear("out", d, TensorType.ofFloats("classes", 2), false))
                .output("classes")
                .build();
    }

    private static IntegerModel bytes() {
        return model(Quantizers.uint8PerTensor(), Quantizers.int8PerChannel());
    }

    private static ModelProto exported(OnnxExporter exporter, IntegerModel model)
            throws IOException {
        return ModelProto.parseFrom(exporter.toBytes(model));
    }

    private static Map<String, TensorProto> constants(ModelProto model) {
        Map<String, TensorProto> constants = new TreeMap<>();
        model.getGraph().getInitializerList().forEach(t -> constants.put(t.getName(), t));
        return constants;
    }

    @Test
    void defaults_areQdqOfOpset13_withNamesAndADynamicBatch() throws IOException {
        ModelProto model = exported(new OnnxExporter(), bytes());
        assertThat(model.getIrVersion()).isEqualTo(8);
        assertThat(model.getOpsetImportList())
                .singleElement()
                .satisfies(
                        opset -> {
                            assertThat(opset.getDomain()).isEmpty();
                            assertThat(opset.getVersion()).isEqualTo(13);
                        });
        assertThat(model.getProducerName()).isEqualTo("dl4j-qat");
        assertThat(model.getGraph().getName()).isEqualTo("little");
        assertBatchOf(model.getGraph().getInput(0), "features", 3);
        assertBatchOf(model.getGraph().getOutput(0), "classes", 2);
        assertThat(model.getGraph().getNodeList().stream().map(NodeProto::getOpType))
                .containsExactly(
                        "QuantizeLinear",
                        "DequantizeLinear",
                        "DequantizeLinear",
                        "DequantizeLinear",
                        "Gemm",
                        "QuantizeLinear",
                        "DequantizeLinear",
                        "Identity");
        assertThat(model.getGraph().getNodeList().stream().flatMap(n -> n.getOutputList().stream()))
                .contains("pixels", "scores", "classes");
    }

    private static void assertBatchOf(ValueInfoProto info, String name, int size) {
        TensorShapeProto shape = info.getType().getTensorType().getShape();
        assertThat(info.getName()).isEqualTo(name);
        assertThat(shape.getDim(0).getDimParam()).isEqualTo("batch");
        assertThat(shape.getDim(1).getDimValue()).isEqualTo(size);
        assertThat(shape.getDimCount()).isEqualTo(2);
    }

    @Test
    void weightsAreBytesPerChannel_biasesAreInt32() throws IOException {
        Map<String, TensorProto> constants = constants(exported(new OnnxExporter(), bytes()));
        TensorProto weights = constants.get("scores/w");
        assertThat(weights.getDataType()).isEqualTo(INT8);
        assertThat(weights.getDimsList()).containsExactly(2L, 3L);
        assertThat(weights.getRawData().toByteArray()).containsExactly(127, -1, 0, 1, -127, 1);
        assertThat(constants.get("scores/w_scale").getDimsList()).containsExactly(2L);
        TensorProto bias = constants.get("scores/b");
        assertThat(bias.getDataType()).isEqualTo(INT32);
        assertThat(bias.getRawData().toByteArray()).containsExactly(7, 0, 0, 0, -9, -1, -1, -1);
    }

    @Test
    void narrowActivations_areBytesThatAreClipped() throws IOException {
        IntegerModel four = model(Quantizers.uint4PerTensor(), Quantizers.int4PerChannel());
        ModelProto model = exported(new OnnxExporter(), four);
        Map<String, TensorProto> constants = constants(model);
        assertThat(constants.get("scores/w").getDataType()).isEqualTo(INT8);
        assertThat(constants.get("scores/high").getRawData().toByteArray()).containsExactly(15);
        assertThat(model.getGraph().getNodeList())
                .filteredOn(node -> node.getOpType().equals("Clip"))
                .extracting(node -> node.getOutput(0))
                .containsExactly("pixels", "scores");
    }

    @Test
    void packedWeights_shareBytes_firstInTheLowestBits() throws IOException {
        OnnxExporter.Builder packed = OnnxExporter.builder().packedWeights(true);
        QuantSpec bytes = Quantizers.uint8PerTensor();
        IntegerModel four = model(bytes, Quantizers.int4PerChannel());
        TensorProto int4 =
                constants(exported(packed.opset(21).build(), four)).get("scores/w_packed");
        assertThat(int4.getDataType()).isEqualTo(INT4);
        assertThat(int4.getDimsList()).containsExactly(2L, 3L);
        // 7, -1 | 0, 1 | -7, 1
        assertThat(int4.getRawData().toByteArray()).containsExactly(0xF7, 0x10, 0x19);

        IntegerModel two = model(bytes, Quantizers.intPerChannel(2));
        OnnxExporter newest = packed.opset(25).build();
        assertThat(newest.options().irVersion()).isEqualTo(13);
        TensorProto int2 = constants(exported(newest, two)).get("scores/w_packed");
        assertThat(int2.getDataType()).isEqualTo(INT2);
        // 1, -1, 0, 1 | -1, 1
        assertThat(int2.getRawData().toByteArray()).containsExactly(0b01_00_11_01, 0b01_11);
        assertThat(constants(exported(packed.opset(21).build(), two)).get("scores/w_packed"))
                .satisfies(w -> assertThat(w.getDataType()).isEqualTo(INT4));
        assertThat(constants(exported(newest, bytes())).get("scores/w").getDataType())
                .isEqualTo(INT8);
    }

    @Test
    void qOperatorForm_importsTheRuntimesOperators() throws IOException {
        OnnxExporter exporter = OnnxExporter.builder().form(OnnxForm.QOPERATOR).build();
        ModelProto model = exported(exporter, bytes());
        assertThat(model.getOpsetImportList())
                .extracting(opset -> opset.getDomain() + " " + opset.getVersion())
                .containsExactlyInAnyOrder(" 13", "com.microsoft 1");
        assertThat(model.getGraph().getNodeList().stream().map(NodeProto::getOpType))
                .containsExactly("QuantizeLinear", "QGemm", "DequantizeLinear", "Identity");
    }

    @Test
    void metadata_isTheModels_andTheCallers() throws IOException {
        OnnxExporter exporter =
                OnnxExporter.builder()
                        .metadata(Map.of("accuracy", "0.99", "name", "renamed"))
                        .metadata("license", "Apache-2.0")
                        .build();
        Map<String, String> entries = new TreeMap<>();
        exported(exporter, bytes())
                .getMetadataPropsList()
                .forEach(e -> assertThat(entries.put(e.getKey(), e.getValue())).isNull());
        assertThat(entries)
                .containsExactly(
                        Map.entry("accuracy", "0.99"),
                        Map.entry("license", "Apache-2.0"),
                        Map.entry("name", "renamed"),
                        Map.entry("producer", "dl4j-qat"));
        assertThatThrownBy(() -> OnnxExporter.builder().metadata("accuracy", null))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("accuracy=null");
    }

    @Test
    void aNetworkAndItsModel_giveTheSameFile() throws IOException {
        Path file = folder.resolve("little.onnx");
        OnnxExporter exporter = new OnnxExporter();
        try (IntegerNetwork network = IntegerNetwork.of(bytes(), EngineChoice.JAVA)) {
            exporter.write(network, file);
            assertThat(Files.readAllBytes(file))
                    .isEqualTo(exporter.toBytes(network))
                    .isEqualTo(exporter.toBytes(network.model()));
        }
        try (var all = Files.list(folder)) {
            assertThat(all).containsExactly(file);
        }
        assertThatThrownBy(() -> exporter.write(bytes(), folder.resolve("no/such/little.onnx")))
                .isInstanceOf(NoSuchFileException.class);
    }

    @Test
    void allThatHasNoForm_isNamedAtOnce_beforeAnythingIsWritten() {
        IntegerModel wide =
                model(
                        Quantizers.uintPerTensor(9),
                        Quantizers.intPerChannel(10),
                        Requantization.FIXED_POINT);
        Path file = folder.resolve("wide.onnx");
        assertThatThrownBy(() -> new OnnxExporter().write(wide, file))
                .isInstanceOfSatisfying(
                        UnsupportedOpException.class, e -> assertThat(e.offenders()).hasSize(4))
                .hasMessageContainingAll(
                        "no ONNX form, 4 reasons",
                        "FIXED_POINT",
                        "'pixels'",
                        "'scores'",
                        "weights of up to 8 bits, layer 'fc'");
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void versionsThatDoNotGoTogether_areRefused() {
        OnnxExporter.Builder builder = OnnxExporter.builder();
        assertThatThrownBy(() -> builder.opset(12).build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("opset=12; 13 to 25 are written");
        assertThatThrownBy(() -> builder.opset(26).build()).hasMessageContaining("opset=26");
        assertThatThrownBy(() -> builder.opset(21).irVersion(9).build())
                .hasMessageContaining("irVersion=9 is older than opset 21, which came out with 10");
        assertThatThrownBy(() -> builder.opset(13).irVersion(14).build())
                .hasMessageContaining("versions up to 13");
        assertThatThrownBy(() -> builder.irVersion(8).packedWeights(true).build())
                .hasMessageContaining("packed weights in opset 13; int4 needs 21");
        assertThatThrownBy(() -> OnnxExporter.builder().form(null).build())
                .hasMessageContaining("form is null");
        assertThat(builder.packedWeights(false).irVersion(7).build().options().irVersion())
                .isEqualTo(7);
    }
}
