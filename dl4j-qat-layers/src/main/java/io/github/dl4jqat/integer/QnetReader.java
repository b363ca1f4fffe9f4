package io.github.dl4jqat.integer;

import io.github.dl4jqat.quant.Granularity;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.QuantSpec;
import io.github.dl4jqat.quant.Requantization;
import io.github.dl4jqat.quant.Symmetry;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * From the bytes of a {@code .qnet} file to a model. Every length is compared with the bytes that
 * are there before anything is allocated from it, and everything else is checked by the
 * constructors that a model built in memory passes through too.
 */
final class QnetReader {

    private final byte[] bytes;
    private final String source;
    private final Map<String, TensorType> tensors = new HashMap<>();
    private QnetParts parts;
    private FloatNetwork floatNetwork;
    private Requantization mode;

    QnetReader(byte[] bytes, String source) {
        this.bytes = bytes;
        this.source = source;
    }

    /**
     * The model. Whatever is wrong with the file comes out as one exception, also what nobody
     * thought of.
     */
    IntegerModel read() throws QnetFormatException {
        try {
            Map<String, ByteBuffer> entries = StoredZip.read(bytes, source);
            QnetFields manifest = QnetFields.parse(manifestBytes(entries), source);
            boolean later = version(manifest) > Qnet.MINOR;
            floatNetwork = QnetExtras.read(manifest, entries, later);
            parts = new QnetParts(manifest, entries, source);
            return model(manifest);
        } catch (RuntimeException e) {
            throw new QnetFormatException(source, e.getMessage(), e);
        }
    }

    /** The float network beside the model that {@link #read} gave, or null if there is none. */
    FloatNetwork floatNetwork() {
        return floatNetwork;
    }

    private byte[] manifestBytes(Map<String, ByteBuffer> entries) throws QnetFormatException {
        ByteBuffer manifest = entries.remove(Qnet.MANIFEST);
        ByteBuffer hash = entries.remove(Qnet.MANIFEST_HASH);
        if (manifest == null || hash == null) {
            throw new QnetFormatException(
                    source,
                    "entries "
                            + Qnet.MANIFEST
                            + " and "
                            + Qnet.MANIFEST_HASH
                            + " must both be there; it is not a .qnet file");
        }
        String expected = StandardCharsets.US_ASCII.decode(hash.duplicate()).toString();
        if (!QnetWriter.sha256(manifest.duplicate()).equals(expected)) {
            throw new QnetFormatException(
                    source, "the SHA-256 of " + Qnet.MANIFEST + " does not match");
        }
        if (manifest.remaining() > Qnet.LARGEST_MANIFEST) {
            throw new QnetFormatException(
                    source,
                    Qnet.MANIFEST
                            + " has "
                            + manifest.remaining()
                            + " bytes, more than "
                            + Qnet.LARGEST_MANIFEST);
        }
        byte[] json = new byte[manifest.remaining()];
        manifest.duplicate().get(json);
        return json;
    }

    /** Refuses other major versions, and tells the minor one. */
    private static int version(QnetFields manifest) throws QnetFormatException {
        String format = manifest.text("format");
        if (!format.equals(Qnet.FORMAT)) {
            throw manifest.error("format is '" + format + "', expected '" + Qnet.FORMAT + "'");
        }
        QnetFields version = manifest.object("formatVersion");
        int major = version.integer("major");
        int minor = version.integer("minor");
        if (major != Qnet.MAJOR || minor < 0) {
            throw version.error(
                    "the file has version "
                            + major
                            + "."
                            + minor
                            + ", this library reads "
                            + Qnet.MAJOR
                            + ".x; use a library that knows it");
        }
        return minor;
    }

    private IntegerModel model(QnetFields manifest) throws QnetFormatException {
        mode = manifest.choice("requantization", Requantization.class);
        IntegerModel.Builder builder = IntegerModel.builder().requantization(mode);
        QnetFields metadata = manifest.object("metadata");
        for (String key : metadata.names()) {
            builder.metadata(key, metadata.text(key));
        }
        for (QnetFields tensor : manifest.objects("tensors")) {
            TensorType type = tensor(tensor);
            if (tensors.put(type.name(), type) != null) {
                throw tensor.error("tensor '" + type.name() + "' is listed twice");
            }
        }
        for (String input : manifest.texts("inputs")) {
            builder.input(known(manifest, input));
        }
        for (QnetFields op : manifest.objects("ops")) {
            builder.add(op(op));
        }
        manifest.texts("outputs").forEach(builder::output);
        parts.checkAllUsed(manifest);
        IntegerModel model = builder.build();
        if (model.tensors().size() != tensors.size()) {
            throw manifest.error("it lists tensors that no operation writes");
        }
        return model;
    }

    private TensorType known(QnetFields where, String name) throws QnetFormatException {
        TensorType tensor = tensors.get(name);
        if (tensor == null) {
            throw where.error("there is no tensor '" + name + "'");
        }
        return tensor;
    }

    private static TensorType tensor(QnetFields fields) throws QnetFormatException {
        QuantParams params = null;
        if (fields.has("spec")) {
            float scale = fields.positiveFloat("scale");
            params = QuantParams.of(spec(fields), scale, fields.integer("zeroPoint"));
        }
        return new TensorType(fields.text("name"), fields.integers("shape"), params);
    }

    static QuantSpec spec(QnetFields fields) throws QnetFormatException {
        QnetFields spec = fields.object("spec");
        return new QuantSpec(
                spec.integer("bits"),
                spec.flag("signed"),
                spec.choice("symmetry", Symmetry.class),
                spec.flag("narrowRange"),
                new Granularity(
                        spec.choice("granularity", Granularity.Kind.class),
                        spec.integer("groupSize")));
    }

    private IntegerOp op(QnetFields f) throws QnetFormatException {
        String name = f.text("name");
        List<TensorType> inputs = inputs(f);
        IntegerOp op = op(f, name, inputs, known(f, f.text("output")));
        if (!op.inputs().equals(inputs)) {
            throw f.error(
                    "lists " + inputs.size() + " inputs, a " + f.text("type") + " has one input");
        }
        return op;
    }

    private IntegerOp op(QnetFields f, String name, List<TensorType> inputs, TensorType out)
            throws QnetFormatException {
        TensorType in = inputs.get(0);
        return switch (f.text("type")) {
            case "Quantize" -> new Quantize(name, in, out);
            case "Conv2d" ->
                    new Conv2d(
                            name,
                            in,
                            out,
                            weights(f.object("weights")),
                            window(f),
                            f.integer("groups"),
                            mode,
                            f.integer("low"),
                            f.integer("high"));
            case "Conv3d" ->
                    new Conv3d(
                            name,
                            in,
                            out,
                            weights(f.object("weights")),
                            window3d(f.object("window")),
                            f.integer("groups"),
                            mode,
                            f.integer("low"),
                            f.integer("high"));
            case "Dense" ->
                    new Dense(
                            name,
                            in,
                            out,
                            weights(f.object("weights")),
                            mode,
                            f.integer("low"),
                            f.integer("high"));
            case "MaxPool2d" -> new MaxPool2d(name, in, out, window(f));
            case "AveragePool2d" ->
                    new AveragePool2d(
                            name,
                            in,
                            out,
                            window(f),
                            f.flag("includePadInDivisor"),
                            mode,
                            f.integer("low"),
                            f.integer("high"));
            case "GlobalPool" ->
                    new GlobalPool(
                            name,
                            in,
                            out,
                            f.choice("kind", GlobalPool.Kind.class),
                            mode,
                            f.integer("low"),
                            f.integer("high"));
            case "Lookup" -> new Lookup(name, in, out, parts.ints(f, "table"));
            case "Reshape" -> new Reshape(name, in, out);
            case "Transpose" -> new Transpose(name, in, out, f.integers("permutation"));
            case "Combine" -> combine(f, name, inputs, out);
            case "Concat" -> new Concat(name, inputs, out, f.integer("axis"));
            case "Slice" -> new Slice(name, in, out, f.integers("begin"));
            case "Pad" -> new Pad(name, in, out, f.integers("before"), f.integers("after"));
            case "Upsample" -> new Upsample(name, in, out, f.integers("repeats"));
            case "Spread" -> new Spread(name, in, out, f.integers("steps"));
            case "Reverse" -> new Reverse(name, in, out, f.integer("axis"));
            case "Recurrent" -> QnetCells.read(f, name, in, out, mode, this);
            case "Dequantize" ->
                    new Dequantize(name, in, out, parts.floats(f, "values"), f.flag("softmax"));
            case "Embedding" -> new Embedding(name, in, out, table(f, out));
            default -> {
                FloatOp floatOp = QnetFloats.read(f, f.text("type"), name, inputs, out, parts);
                if (floatOp == null) {
                    throw f.error(
                            "operation '"
                                    + f.text("type")
                                    + "' is not known; the file is from a later version");
                }
                yield floatOp;
            }
        };
    }

    private PackedLevels table(QnetFields f, TensorType out) throws QnetFormatException {
        if (out.isFloat()) {
            throw f.error("an Embedding writes integers, '" + out.name() + "' is float");
        }
        long count = (long) f.integer("vocabulary") * out.size(0);
        return parts.packed(f, "table", count, out.params().spec());
    }

    private Combine combine(QnetFields f, String name, List<TensorType> inputs, TensorType out)
            throws QnetFormatException {
        Combine.Kind kind = f.choice("kind", Combine.Kind.class);
        int low = f.integer("low");
        Requantization itsMode = kind == Combine.Kind.MAX ? null : mode;
        return new Combine(name, inputs, out, kind, itsMode, low, f.integer("high"));
    }

    /** One input by name, or several as a list, in which a tensor may stand twice. */
    private List<TensorType> inputs(QnetFields f) throws QnetFormatException {
        if (!f.has("inputs")) {
            return List.of(known(f, f.text("input")));
        }
        List<TensorType> inputs = new ArrayList<>();
        for (String name : f.texts("inputs")) {
            inputs.add(known(f, name));
        }
        if (inputs.size() < 2) {
            throw f.error("'inputs' lists " + inputs.size() + " tensors; one alone is 'input'");
        }
        return inputs;
    }

    static Window2d window(QnetFields fields) throws QnetFormatException {
        QnetFields w = fields.object("window");
        return new Window2d(
                w.integer("kernelH"),
                w.integer("kernelW"),
                w.integer("strideH"),
                w.integer("strideW"),
                w.integer("dilationH"),
                w.integer("dilationW"),
                w.integer("padTop"),
                w.integer("padLeft"),
                w.integer("padBottom"),
                w.integer("padRight"));
    }

    private static Window3d window3d(QnetFields w) throws QnetFormatException {
        return new Window3d(
                w.integers("kernel"),
                w.integers("stride"),
                w.integers("dilation"),
                w.integers("padBefore"),
                w.integers("padAfter"));
    }

    /** The file's parts. */
    QnetParts parts() {
        return parts;
    }

    Weights weights(QnetFields fields) throws QnetFormatException {
        List<Integer> shape = fields.integers("shape");
        QuantSpec spec = spec(fields);
        long count = 1;
        for (int n : shape) {
            if (n < 1 || (count *= n) > Integer.MAX_VALUE) {
                throw fields.error("shape " + shape + " is not possible");
            }
        }
        PackedLevels values = parts.packed(fields, "values", count, spec);
        QuantParams params = QuantParams.of(spec, parts.floats(fields, "scales"), 0);
        return Weights.of(params, shape, values, parts.ints(fields, "bias"));
    }
}
