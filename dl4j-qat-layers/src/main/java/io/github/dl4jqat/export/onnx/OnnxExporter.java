package io.github.dl4jqat.export.onnx;

import io.github.dl4jqat.integer.AtomicFile;
import io.github.dl4jqat.integer.IntegerModel;
import io.github.dl4jqat.integer.IntegerNetwork;
import io.github.dl4jqat.integer.OnnxForm;
import io.github.dl4jqat.integer.OnnxOptions;
import io.github.dl4jqat.integer.OnnxQdq;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import onnx.Onnx.ModelProto;

/**
 * Writes integer networks as ONNX files, for any ONNX runtime:
 *
 * <pre>{@code
 * new OnnxExporter().write(network, Path.of("lenet.onnx"));
 *
 * OnnxExporter.builder()
 *         .form(OnnxForm.QOPERATOR)
 *         .metadata("accuracy", "0.9921 on MNIST's 10,000 test images")
 *         .build()
 *         .write(network, Path.of("lenet.onnx"));
 * }</pre>
 *
 * The inputs and outputs of the file are the network's own, floats with a batch of any size in
 * front, and every tensor of integers keeps its name. Weights are signed bytes with a scale for
 * each output channel, biases int32, activations unsigned bytes; integers narrower than a byte are
 * bytes that are clipped, so that any runtime can hold them. What ONNX Runtime computes from such a
 * file equals the network's own outputs; docs/export.md has a table.
 *
 * <p>Immutable and thread-safe.
 */
public final class OnnxExporter {

    private static final String PRODUCER = "dl4j-qat";

    private final OnnxOptions options;
    private final Map<String, String> metadata;

    /** QDQ form, opset 13, IR version 8, one byte for each weight. */
    public OnnxExporter() {
        this(builder());
    }

    private OnnxExporter(Builder builder) {
        int ir = builder.irVersion;
        if (ir == 0) {
            int least = OnnxOptions.irVersionOf(builder.opset);
            ir = Math.max(least, OnnxOptions.DEFAULT.irVersion());
        }
        options = new OnnxOptions(builder.form, builder.opset, ir, builder.packedWeights);
        metadata = Collections.unmodifiableMap(new TreeMap<>(builder.metadata));
    }

    /** The defaults, to be changed. */
    public static Builder builder() {
        return new Builder();
    }

    /** How graphs are written. */
    public OnnxOptions options() {
        return options;
    }

    /** {@link #write(IntegerModel, Path)} of a network's model. */
    public void write(IntegerNetwork network, Path file) throws IOException {
        write(network.model(), file);
    }

    /**
     * Writes a model: to a temporary neighbor first, then in place.
     *
     * @throws io.github.dl4jqat.integer.UnsupportedOpException before anything is written, if parts
     *     of the model have no ONNX form; it names all of them
     * @throws IOException if the file cannot be written; one that was there before is then unharmed
     */
    public void write(IntegerModel model, Path file) throws IOException {
        ModelProto proto = proto(model);
        AtomicFile.write(file, proto::writeTo);
    }

    /** {@link #toBytes(IntegerModel)} of a network's model. */
    public byte[] toBytes(IntegerNetwork network) {
        return toBytes(network.model());
    }

    /**
     * What {@link #write(IntegerModel, Path)} puts into a file.
     *
     * @throws io.github.dl4jqat.integer.UnsupportedOpException if parts of the model have no ONNX
     *     form; it names all of them
     */
    public byte[] toBytes(IntegerModel model) {
        return proto(model).toByteArray();
    }

    private static void requireProtobuf() {
        try {
            Class.forName("onnx.Onnx", false, OnnxExporter.class.getClassLoader());
        } catch (ClassNotFoundException e) {
            throw new UnsupportedOperationException(
                    "OnnxExporter: the classes of ONNX's format are not on the class path; add"
                            + " org.nd4j:nd4j-api and org.nd4j:protobuf, of ND4J's version",
                    e);
        }
    }

    private ModelProto proto(IntegerModel model) {
        requireProtobuf();
        ModelProto.Builder proto = OnnxQdq.of(model, OnnxQdq.Ends.FLOATS, options);
        proto.setProducerName(PRODUCER);
        String version = OnnxExporter.class.getPackage().getImplementationVersion();
        if (version != null) {
            proto.setProducerVersion(version);
        }
        Map<String, String> all = new LinkedHashMap<>(model.metadata());
        all.putAll(metadata);
        all.forEach((key, value) -> proto.addMetadataPropsBuilder().setKey(key).setValue(value));
        return proto.build();
    }

    /** Collects choices. Not thread-safe. */
    public static final class Builder {

        private final Map<String, String> metadata = new LinkedHashMap<>();
        private OnnxForm form = OnnxOptions.DEFAULT.form();
        private int opset = OnnxOptions.DEFAULT.opset();
        private boolean packedWeights = OnnxOptions.DEFAULT.packedWeights();
        private int irVersion;

        private Builder() {}

        /** How quantized operations are written; QDQ unless told otherwise. */
        public Builder form(OnnxForm newForm) {
            form = newForm;
            return this;
        }

        /** The version of the operator set, 13 to 25; 13 unless told otherwise. */
        public Builder opset(int version) {
            opset = version;
            return this;
        }

        /**
         * The version of the file format, at least the one in which the operator set came out. That
         * one, but at least 8, unless told otherwise.
         */
        public Builder irVersion(int version) {
            irVersion = version;
            return this;
        }

        /**
         * Whether weights of few bits share bytes: as int4 from opset 21 on, and those of two bits
         * as int2 from opset 25 on. They are cast to bytes in the graph, which a runtime does once,
         * so nothing but the size of the file changes.
         */
        public Builder packedWeights(boolean packed) {
            packedWeights = packed;
            return this;
        }

        /** Adds an entry of free text, in place of the model's own of that key. */
        public Builder metadata(String key, String value) {
            if (key == null || key.isEmpty() || value == null) {
                throw new IllegalArgumentException(
                        "OnnxExporter: metadata "
                                + key
                                + "="
                                + value
                                + "; a key of at least one letter and a value must be given");
            }
            metadata.put(key, value);
            return this;
        }

        /** Adds entries of free text, an accuracy card for example. */
        public Builder metadata(Map<String, String> entries) {
            entries.forEach(this::metadata);
            return this;
        }

        /**
         * The exporter.
         *
         * @throws IllegalArgumentException if the versions do not go together
         */
        public OnnxExporter build() {
            return new OnnxExporter(this);
        }
    }
}
