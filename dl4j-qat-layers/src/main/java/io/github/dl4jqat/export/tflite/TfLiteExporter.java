package io.github.dl4jqat.export.tflite;

import io.github.dl4jqat.integer.AtomicFile;
import io.github.dl4jqat.integer.IntegerModel;
import io.github.dl4jqat.integer.IntegerNetwork;
import java.io.IOException;
import java.nio.file.Path;

/**
 * Writes an integer model as a TFLite file, for phones and microcontrollers: int8 by TensorFlow's
 * quantization specification, with weights per channel, int32 biases and int8 activations.
 *
 * <pre>{@code
 * new TfLiteExporter().write(net, Path.of("lenet.tflite"));
 *
 * TfLiteExporter.builder()
 *         .input(TfLiteExporter.Ends.INT8)
 *         .output(TfLiteExporter.Ends.INT8)
 *         .batch(1)
 *         .build()
 *         .write(net, Path.of("lenet-mcu.tflite"));
 * }</pre>
 *
 * <p>Unsigned activations move by 128, which changes no difference from the zero point and so no
 * result. Images and sequences have their channels last in the file, inputs and outputs included:
 * {@code [C, H, W]} of the model is {@code [N, H, W, C]} there.
 *
 * <p>A model in {@link io.github.dl4jqat.quant.Requantization#FLOAT} computes what XNNPACK does,
 * the default on phones and desktops; one in {@link
 * io.github.dl4jqat.quant.Requantization#FIXED_POINT} what TFLite's built-in and reference kernels
 * do, those of microcontrollers among them. The user's guide has the table of operations with the
 * largest differences.
 *
 * <p>The classes of TFLite's schema come from {@code
 * org.tensorflow:tensorflow-lite-metadata:0.4.4}, an optional dependency. Immutable and
 * thread-safe.
 */
public final class TfLiteExporter {

    /** What a caller of the file feeds or gets. */
    public enum Ends {
        /** Floats, which the file quantizes and dequantizes. */
        FLOAT,
        /** The integers themselves; their scale and zero point are in the file. */
        INT8
    }

    private static final String SCHEMA = "org.tensorflow.lite.schema.Model";
    private static final String DESCRIPTION = "int8 network of dl4j-qat";

    private final Ends input;
    private final Ends output;
    private final boolean denseAsConvolution;
    private final int batch;
    private final String description;

    /** The defaults: floats at both ends, any number of examples at a time. */
    public TfLiteExporter() {
        this(builder());
    }

    private TfLiteExporter(Builder builder) {
        this.input = builder.input;
        this.output = builder.output;
        this.denseAsConvolution = builder.denseAsConvolution;
        this.batch = builder.batch;
        this.description = builder.description;
    }

    /** A builder with the defaults. */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * Writes the file: to a temporary neighbor first, then in place.
     *
     * @throws io.github.dl4jqat.integer.UnsupportedOpException if operations have no TFLite form;
     *     it names all of them, and nothing is written
     * @throws IOException if it cannot be written; a file that was there before is then unharmed
     */
    public void write(IntegerNetwork network, Path file) throws IOException {
        write(network.model(), file);
    }

    /** Writes the file of a model. */
    public void write(IntegerModel model, Path file) throws IOException {
        byte[] bytes = toBytes(model);
        AtomicFile.write(file, out -> out.write(bytes));
    }

    /**
     * The content of the file.
     *
     * @throws io.github.dl4jqat.integer.UnsupportedOpException if operations have no TFLite form;
     *     it names all of them
     */
    public byte[] toBytes(IntegerNetwork network) {
        return toBytes(network.model());
    }

    /** The content of the file of a model. */
    public byte[] toBytes(IntegerModel model) {
        requireSchema();
        return TfModel.write(
                model,
                new TfModel.Choices(
                        input == Ends.INT8,
                        output == Ends.INT8,
                        denseAsConvolution,
                        batch,
                        description));
    }

    private static void requireSchema() {
        try {
            Class.forName(SCHEMA, false, TfLiteExporter.class.getClassLoader());
        } catch (ClassNotFoundException e) {
            throw new UnsupportedOperationException(
                    "TfLiteExporter: the classes of TFLite's schema are not on the class path; add"
                            + " org.tensorflow:tensorflow-lite-metadata:0.4.4",
                    e);
        }
    }

    /** Collects the choices. Not thread-safe. */
    public static final class Builder {

        private Ends input = Ends.FLOAT;
        private Ends output = Ends.FLOAT;
        private boolean denseAsConvolution;
        private int batch;
        private String description = DESCRIPTION;

        private Builder() {}

        /** What is fed; indices of an embedding are floats with either. */
        public Builder input(Ends type) {
            input = require("input", type);
            return this;
        }

        /**
         * What comes out. With {@link Ends#INT8} a softmax is TFLite's own, with scale 1/256 and
         * zero point -128.
         */
        public Builder output(Ends type) {
            output = require("output", type);
            return this;
        }

        /**
         * How many examples are computed at a time; 0, the default, leaves it to the caller, who
         * resizes the input. Runtimes for microcontrollers then compute one.
         */
        public Builder batch(int examples) {
            if (examples < 0) {
                throw new IllegalArgumentException(
                        "TfLiteExporter: batch=" + examples + "; give 1 or more, or 0 for any");
            }
            batch = examples;
            return this;
        }

        /**
         * Whether a dense layer becomes a CONV_2D of one pixel instead of a FULLY_CONNECTED. With
         * one weight scale for each output, as layers have by default, the latter has version 12,
         * which older runtimes refuse; every runtime takes the convolution, and all compute it
         * alike.
         */
        public Builder denseAsConvolution(boolean yes) {
            denseAsConvolution = yes;
            return this;
        }

        /** One line about the model, which tools show. */
        public Builder description(String text) {
            description = require("description", text);
            return this;
        }

        private static <T> T require(String what, T value) {
            if (value == null) {
                throw new IllegalArgumentException("TfLiteExporter: " + what + " is null");
            }
            return value;
        }

        /** The exporter. */
        public TfLiteExporter build() {
            return new TfLiteExporter(this);
        }
    }
}
