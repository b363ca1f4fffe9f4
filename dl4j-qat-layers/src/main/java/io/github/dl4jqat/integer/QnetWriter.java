package io.github.dl4jqat.integer;

import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.QuantSpec;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.nd4j.shade.jackson.databind.ObjectMapper;
import org.nd4j.shade.jackson.databind.node.ArrayNode;
import org.nd4j.shade.jackson.databind.node.JsonNodeFactory;
import org.nd4j.shade.jackson.databind.node.ObjectNode;

/** From a model to the entries of a {@code .qnet} file. */
final class QnetWriter {

    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

    private final List<byte[]> parts = new ArrayList<>();

    private QnetWriter() {}

    static void write(IntegerModel model, OutputStream out) throws IOException {
        write(model, null, out);
    }

    /** Writes a model and, unless it is null, the float network beside it. */
    static void write(IntegerModel model, FloatNetwork network, OutputStream out)
            throws IOException {
        StoredZip.write(new QnetWriter().entries(model, network), out);
    }

    static String partPath(int index) {
        return String.format(Locale.ROOT, "tensors/%03d.bin", index);
    }

    static String sha256(ByteBuffer bytes) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update(bytes);
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    private Map<String, byte[]> entries(IntegerModel model, FloatNetwork network)
            throws IOException {
        ObjectNode manifest = JSON.objectNode();
        manifest.put("format", Qnet.FORMAT);
        manifest.putObject("formatVersion").put("major", Qnet.MAJOR).put("minor", Qnet.MINOR);
        manifest.put("requantization", model.requantization().name());
        ObjectNode metadata = manifest.putObject("metadata");
        model.metadata().forEach(metadata::put);
        ArrayNode tensors = manifest.putArray("tensors");
        model.tensors().values().forEach(t -> tensors.add(tensor(t)));
        ArrayNode inputs = manifest.putArray("inputs");
        model.inputs().forEach(t -> inputs.add(t.name()));
        ArrayNode outputs = manifest.putArray("outputs");
        model.outputs().forEach(t -> outputs.add(t.name()));
        ArrayNode ops = manifest.putArray("ops");
        model.ops().forEach(op -> ops.add(op(op)));
        ArrayNode list = manifest.putArray("parts");
        for (int i = 0; i < parts.size(); i++) {
            QnetParts.list(list, partPath(i), ByteBuffer.wrap(parts.get(i)));
        }
        Map<String, byte[]> extras = QnetExtras.write(network, manifest);
        byte[] json =
                new ObjectMapper().writerWithDefaultPrettyPrinter().writeValueAsBytes(manifest);
        if (json.length > Qnet.LARGEST_MANIFEST) {
            throw new IOException(
                    "a .qnet file has a manifest of up to "
                            + Qnet.LARGEST_MANIFEST
                            + " bytes, the model needs "
                            + json.length);
        }
        Map<String, byte[]> entries = new LinkedHashMap<>();
        entries.put(Qnet.MANIFEST, json);
        entries.put(
                Qnet.MANIFEST_HASH,
                sha256(ByteBuffer.wrap(json)).getBytes(StandardCharsets.US_ASCII));
        for (int i = 0; i < parts.size(); i++) {
            entries.put(partPath(i), parts.get(i));
        }
        entries.putAll(extras);
        return entries;
    }

    private static ObjectNode tensor(TensorType tensor) {
        ObjectNode node = JSON.objectNode().put("name", tensor.name());
        list(node, "shape", tensor.shape());
        if (!tensor.isFloat()) {
            spec(node, tensor.params().spec());
            // As text: shortest decimals of floats come back exactly, and no reader makes a double.
            node.put("scale", Float.toString(tensor.params().scale()));
            node.put("zeroPoint", tensor.params().zeroPoint());
        }
        return node;
    }

    static void list(ObjectNode node, String name, List<Integer> numbers) {
        ArrayNode array = node.putArray(name);
        numbers.forEach(array::add);
    }

    static void spec(ObjectNode node, QuantSpec spec) {
        node.putObject("spec")
                .put("bits", spec.bits())
                .put("signed", spec.signed())
                .put("symmetry", spec.symmetry().name())
                .put("narrowRange", spec.narrowRange())
                .put("granularity", spec.granularity().kind().name())
                .put("groupSize", spec.granularity().groupSize());
    }

    private ObjectNode op(IntegerOp op) {
        ObjectNode node = JSON.objectNode();
        node.put("type", op.type());
        node.put("name", op.name());
        if (op.inputs().size() == 1) {
            node.put("input", op.inputs().get(0).name());
        } else {
            ArrayNode inputs = node.putArray("inputs");
            op.inputs().forEach(t -> inputs.add(t.name()));
        }
        node.put("output", op.output().name());
        if (op instanceof Conv2d conv) {
            window(node, conv.window());
            node.put("groups", conv.groups()).put("low", conv.low()).put("high", conv.high());
            weights(node, conv.weights());
        } else if (op instanceof Conv3d conv) {
            window(node, conv.window());
            node.put("groups", conv.groups()).put("low", conv.low()).put("high", conv.high());
            weights(node, conv.weights());
        } else if (op instanceof Dense dense) {
            node.put("low", dense.low()).put("high", dense.high());
            weights(node, dense.weights());
        } else if (op instanceof Embedding embedding) {
            QuantSpec spec = embedding.output().params().spec();
            node.put("vocabulary", embedding.vocabulary());
            node.put("table", part(BitPacking.pack(embedding.table(), spec)));
        } else if (op instanceof PNormPool2d pool) {
            window(node, pool.window());
            QnetFloats.write(pool, node, this);
        } else if (op instanceof FloatOp floatOp) {
            QnetFloats.write(floatOp, node, this);
        } else if (op instanceof MaxPool2d maxPool) {
            window(node, maxPool.window());
        } else if (op instanceof AveragePool2d pool) {
            window(node, pool.window());
            node.put("includePadInDivisor", pool.includePadInDivisor());
            node.put("low", pool.low()).put("high", pool.high());
        } else if (op instanceof GlobalPool pool) {
            node.put("kind", pool.kind().name()).put("low", pool.low()).put("high", pool.high());
        } else if (op instanceof Lookup lookup) {
            node.put("table", part(ints(lookup.table())));
        } else if (op instanceof Transpose transpose) {
            list(node, "permutation", transpose.permutation());
        } else if (op instanceof Combine combine) {
            node.put("kind", combine.kind().name());
            node.put("low", combine.low()).put("high", combine.high());
        } else if (op instanceof Concat concat) {
            node.put("axis", concat.axis());
        } else if (op instanceof Slice slice) {
            list(node, "begin", slice.begin());
        } else if (op instanceof Pad pad) {
            list(node, "before", pad.before());
            list(node, "after", pad.after());
        } else if (op instanceof Upsample upsample) {
            list(node, "repeats", upsample.repeats());
        } else if (op instanceof Spread spread) {
            list(node, "steps", spread.steps());
        } else if (op instanceof Reverse reverse) {
            node.put("axis", reverse.axis());
        } else if (op instanceof Recurrent recurrent) {
            QnetCells.write(recurrent, node, this);
        } else if (op instanceof Dequantize dequantize) {
            node.put("values", part(floats(dequantize.values())));
            node.put("softmax", dequantize.softmax());
        }
        return node;
    }

    private static void window(ObjectNode node, Window2d w) {
        node.putObject("window")
                .put("kernelH", w.kernelH())
                .put("kernelW", w.kernelW())
                .put("strideH", w.strideH())
                .put("strideW", w.strideW())
                .put("dilationH", w.dilationH())
                .put("dilationW", w.dilationW())
                .put("padTop", w.padTop())
                .put("padLeft", w.padLeft())
                .put("padBottom", w.padBottom())
                .put("padRight", w.padRight());
    }

    private static void window(ObjectNode node, Window3d w) {
        ObjectNode window = node.putObject("window");
        list(window, "kernel", w.kernel());
        list(window, "stride", w.stride());
        list(window, "dilation", w.dilation());
        list(window, "padBefore", w.padBefore());
        list(window, "padAfter", w.padAfter());
    }

    private void weights(ObjectNode node, Weights weights) {
        weights(node, "weights", weights);
    }

    void weights(ObjectNode node, String name, Weights weights) {
        ObjectNode w = node.putObject(name);
        QuantParams params = weights.params();
        list(w, "shape", weights.shape());
        spec(w, params.spec());
        w.put("values", part(BitPacking.pack(weights)));
        w.put("scales", part(floats(params.scales())));
        w.put("bias", part(ints(weights.biases())));
    }

    int part(byte[] bytes) {
        parts.add(bytes);
        return parts.size() - 1;
    }

    static byte[] floats(float[] values) {
        byte[] bytes = new byte[Math.multiplyExact(values.length, Float.BYTES)];
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().put(values);
        return bytes;
    }

    private static byte[] ints(int[] values) {
        byte[] bytes = new byte[Math.multiplyExact(values.length, Integer.BYTES)];
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asIntBuffer().put(values);
        return bytes;
    }
}
