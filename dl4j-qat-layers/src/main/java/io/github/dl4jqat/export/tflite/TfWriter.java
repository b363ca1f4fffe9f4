package io.github.dl4jqat.export.tflite;

import com.google.flatbuffers.FlatBufferBuilder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.tensorflow.lite.schema.Buffer;
import org.tensorflow.lite.schema.BuiltinOptions;
import org.tensorflow.lite.schema.Metadata;
import org.tensorflow.lite.schema.Model;
import org.tensorflow.lite.schema.Operator;
import org.tensorflow.lite.schema.OperatorCode;
import org.tensorflow.lite.schema.QuantizationParameters;
import org.tensorflow.lite.schema.SubGraph;
import org.tensorflow.lite.schema.Tensor;

/** Writes a graph as a flatbuffer of TFLite's schema, version 3. Not thread-safe. */
final class TfWriter {

    private static final int SCHEMA_VERSION = 3;
    private static final String IDENTIFIER = "TFL3";

    /** Kernels read constants with aligned loads; microcontrollers read them in place. */
    private static final int ALIGNMENT = 16;

    /** Readers older than 2.4 know operators by a byte; higher ones stand there as this. */
    private static final int PLACEHOLDER_CODE = 127;

    private final FlatBufferBuilder fb = new FlatBufferBuilder(1 << 16);
    private final List<Integer> buffers = new ArrayList<>();
    private final TfGraph graph;
    private final int batch;

    private TfWriter(TfGraph graph, int batch) {
        this.graph = graph;
        this.batch = batch;
    }

    /**
     * The file.
     *
     * @param batch examples at a time, 0 for any number
     * @param metadata named bytes that runtimes pass over
     */
    static byte[] write(
            TfGraph graph, int batch, String description, Map<String, byte[]> metadata) {
        return new TfWriter(graph, batch).bytes(description, metadata);
    }

    private byte[] bytes(String description, Map<String, byte[]> metadata) {
        // By the schema buffer 0 is empty: it is the one of tensors without constants.
        buffer(null);
        int[] tensors = graph.tensors().stream().mapToInt(this::tensor).toArray();
        Map<String, Integer> codeIndex = new LinkedHashMap<>();
        List<Integer> codes = new ArrayList<>();
        List<Integer> operators = new ArrayList<>();
        for (TfGraph.Node node : graph.nodes()) {
            Integer code = codeIndex.get(node.op() + "/" + node.version());
            if (code == null) {
                code = codes.size();
                codeIndex.put(node.op() + "/" + node.version(), code);
                codes.add(code(node));
            }
            operators.add(operator(node, code));
        }
        int tensorVector = SubGraph.createTensorsVector(fb, tensors);
        int inputVector = SubGraph.createInputsVector(fb, array(graph.inputs()));
        int outputVector = SubGraph.createOutputsVector(fb, array(graph.outputs()));
        int operatorVector = SubGraph.createOperatorsVector(fb, array(operators));
        int name = fb.createString("main");
        SubGraph.startSubGraph(fb);
        SubGraph.addTensors(fb, tensorVector);
        SubGraph.addInputs(fb, inputVector);
        SubGraph.addOutputs(fb, outputVector);
        SubGraph.addOperators(fb, operatorVector);
        SubGraph.addName(fb, name);
        int subGraph = SubGraph.endSubGraph(fb);

        List<Integer> entries = new ArrayList<>();
        metadata.forEach((key, value) -> entries.add(metadata(key, value)));
        int metadataVector = Model.createMetadataVector(fb, array(entries));
        int codeVector = Model.createOperatorCodesVector(fb, array(codes));
        int subGraphVector = Model.createSubgraphsVector(fb, new int[] {subGraph});
        int text = fb.createString(description);
        int bufferVector = Model.createBuffersVector(fb, array(buffers));
        Model.startModel(fb);
        Model.addVersion(fb, SCHEMA_VERSION);
        Model.addOperatorCodes(fb, codeVector);
        Model.addSubgraphs(fb, subGraphVector);
        Model.addDescription(fb, text);
        Model.addBuffers(fb, bufferVector);
        Model.addMetadata(fb, metadataVector);
        fb.finish(Model.endModel(fb), IDENTIFIER);
        return fb.sizedByteArray();
    }

    private int metadata(String key, byte[] value) {
        int buffer = buffer(value);
        int name = fb.createString(key);
        Metadata.startMetadata(fb);
        Metadata.addName(fb, name);
        Metadata.addBuffer(fb, buffer);
        return Metadata.endMetadata(fb);
    }

    static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private int buffer(byte[] data) {
        int vector = 0;
        if (data != null) {
            fb.startVector(1, data.length, ALIGNMENT);
            for (int i = data.length - 1; i >= 0; i--) {
                fb.addByte(data[i]);
            }
            vector = fb.endVector();
        }
        Buffer.startBuffer(fb);
        if (data != null) {
            Buffer.addData(fb, vector);
        }
        buffers.add(Buffer.endBuffer(fb));
        return buffers.size() - 1;
    }

    private int tensor(TfGraph.Tensor tensor) {
        int buffer = tensor.isConstant() ? buffer(tensor.data()) : 0;
        int quantization = tensor.scales() == null ? 0 : quantization(tensor.scales());
        List<Integer> shape = new ArrayList<>(tensor.shape());
        int signature = 0;
        if (!tensor.isConstant()) {
            shape.add(0, batch == 0 ? 1 : batch);
            if (batch == 0) {
                List<Integer> free = new ArrayList<>(shape);
                free.set(0, -1);
                signature = Tensor.createShapeSignatureVector(fb, array(free));
            }
        }
        int shapeVector = Tensor.createShapeVector(fb, array(shape));
        int name = fb.createString(tensor.name());
        Tensor.startTensor(fb);
        Tensor.addShape(fb, shapeVector);
        Tensor.addType(fb, tensor.type());
        Tensor.addBuffer(fb, buffer);
        Tensor.addName(fb, name);
        if (quantization != 0) {
            Tensor.addQuantization(fb, quantization);
        }
        if (signature != 0) {
            Tensor.addShapeSignature(fb, signature);
        }
        return Tensor.endTensor(fb);
    }

    private int quantization(TfGraph.Scales scales) {
        int scale = QuantizationParameters.createScaleVector(fb, scales.scales());
        int zeroPoint = QuantizationParameters.createZeroPointVector(fb, scales.zeroPoints());
        QuantizationParameters.startQuantizationParameters(fb);
        QuantizationParameters.addScale(fb, scale);
        QuantizationParameters.addZeroPoint(fb, zeroPoint);
        QuantizationParameters.addQuantizedDimension(fb, scales.axis());
        return QuantizationParameters.endQuantizationParameters(fb);
    }

    private int code(TfGraph.Node node) {
        int code = node.op().code();
        OperatorCode.startOperatorCode(fb);
        OperatorCode.addDeprecatedBuiltinCode(fb, (byte) Math.min(code, PLACEHOLDER_CODE));
        OperatorCode.addBuiltinCode(fb, code);
        OperatorCode.addVersion(fb, node.version());
        return OperatorCode.endOperatorCode(fb);
    }

    private int operator(TfGraph.Node node, int code) {
        int inputs = Operator.createInputsVector(fb, array(node.inputs()));
        int outputs = Operator.createOutputsVector(fb, new int[] {node.output()});
        byte kind = node.op().options();
        int options = kind == BuiltinOptions.NONE ? 0 : node.options().applyAsInt(fb);
        Operator.startOperator(fb);
        Operator.addOpcodeIndex(fb, code);
        Operator.addInputs(fb, inputs);
        Operator.addOutputs(fb, outputs);
        if (options != 0) {
            Operator.addBuiltinOptionsType(fb, kind);
            Operator.addBuiltinOptions(fb, options);
        }
        return Operator.endOperator(fb);
    }

    private static int[] array(List<Integer> list) {
        return list.stream().mapToInt(i -> i).toArray();
    }
}
