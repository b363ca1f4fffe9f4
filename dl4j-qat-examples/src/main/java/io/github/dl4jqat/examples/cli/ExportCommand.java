package io.github.dl4jqat.examples.cli;

import io.github.dl4jqat.export.onnx.OnnxExporter;
import io.github.dl4jqat.export.tflite.ArenaEstimate;
import io.github.dl4jqat.export.tflite.CArrayWriter;
import io.github.dl4jqat.export.tflite.TfLiteExporter;
import io.github.dl4jqat.integer.EngineChoice;
import io.github.dl4jqat.integer.IntegerNetwork;
import io.github.dl4jqat.integer.OnnxForm;
import io.github.dl4jqat.integer.UnsupportedOpException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** The {@code qat export} command: an integer model for other people's runtimes. */
@Command(
        name = "export",
        header = "Write an integer model for ONNX runtimes, TensorFlow Lite or a microcontroller",
        mixinStandardHelpOptions = true,
        description = {
            "",
            "Writes an integer model as a file that needs nothing of this library: onnx for ONNX"
                + " Runtime and others, tflite for phones, c for microcontrollers (a header with"
                + " the bytes of a TensorFlow Lite model).",
            ""
        },
        footer = {
            "",
            "Examples:",
            "  qat export --to onnx --out lenet.onnx lenet.qnet",
            "  qat export --to tflite --input int8 --output int8 --out lenet.tflite lenet.qnet",
            "  qat export --to c --name lenet --out lenet.h lenet.qnet",
            "",
            "Next: qat check-export --data mnist lenet.qnet"
        })
final class ExportCommand implements Callable<Integer> {

    @ParentCommand private QatCli cli;

    @Parameters(paramLabel = "MODEL", description = "A .qnet file.")
    private Path model;

    @Option(
            names = "--to",
            required = true,
            paramLabel = "FORMAT",
            description = "onnx, tflite or c.")
    private Format format;

    @Writes
    @Option(
            names = "--out",
            required = true,
            paramLabel = "FILE",
            description = "Where to write it.")
    private Path out;

    @ArgGroup(exclusive = false, heading = "For --to onnx:%n")
    private OnnxOptions onnx;

    @ArgGroup(exclusive = false, heading = "For --to tflite and --to c:%n")
    private TfLiteOptions tflite;

    @Option(
            names = "--name",
            paramLabel = "NAME",
            description = "For --to c: what the array is called. Default: the name of the file.")
    private String name;

    /** The formats by the names of the option. */
    enum Format {
        ONNX,
        TFLITE,
        C
    }

    /** How an ONNX file is written. */
    static final class OnnxOptions {

        @Option(
                names = "--form",
                paramLabel = "FORM",
                description =
                        "qdq (the default: floats between quantizers, which runtimes fuse) or"
                                + " qoperator (operators on integers).")
        private OnnxForm form;

        @Option(
                names = "--opset",
                paramLabel = "N",
                description = "Version of the operators. Default: 13, the least.")
        private Integer opset;

        @Option(
                names = "--packed-weights",
                description = "Weights of few bits share bytes (needs --opset 21, or 25).")
        private boolean packed;
    }

    /** How a TensorFlow Lite file is written. */
    static final class TfLiteOptions {

        @Option(
                names = "--input",
                paramLabel = "TYPE",
                description = "float (default for tflite) or int8 (default for c).")
        private TfLiteExporter.Ends input;

        @Option(
                names = "--output",
                paramLabel = "TYPE",
                description = "float (default for tflite) or int8 (default for c).")
        private TfLiteExporter.Ends output;

        @Option(
                names = "--batch",
                paramLabel = "N",
                description = "Examples at a time. Default: any number for tflite, 1 for c.")
        private Integer batch;

        @Option(
                names = "--dense-as-convolution",
                description = "For interpreters that know no scale for each output of a layer.")
        private boolean denseAsConvolution;
    }

    @Override
    public Integer call() throws Exception {
        requireFor(onnx == null, "--form, --opset and --packed-weights", Format.ONNX);
        requireFor(name == null, "--name", Format.C);
        if (tflite != null && format == Format.ONNX) {
            throw new InputException(
                    "--input, --output, --batch and --dense-as-convolution: only for --to tflite"
                            + " and --to c; an ONNX file takes floats, any number at a time");
        }
        AtomicFile.requireOther(out, model);
        try (IntegerNetwork network = NetworkFile.integer(model, EngineChoice.JAVA)) {
            String more =
                    switch (format) {
                        case ONNX -> toOnnx(network);
                        case TFLITE -> toTfLite(network);
                        case C -> toHeader(network);
                    };
            cli.console().line("Wrote %s: %,d bytes%s", out, Files.size(out), more);
        } catch (UnsupportedOpException e) {
            throw new InputException(model + ": " + e.getMessage(), e);
        } catch (IllegalArgumentException e) {
            throw new InputException(e.getMessage(), e);
        }
        return 0;
    }

    private void requireFor(boolean absent, String options, Format only) throws InputException {
        if (!absent && format != only) {
            throw new InputException(
                    options + ": only for --to " + only.name().toLowerCase(Locale.ROOT));
        }
    }

    private String toOnnx(IntegerNetwork network) throws IOException {
        OnnxExporter.Builder exporter = OnnxExporter.builder();
        if (onnx != null) {
            if (onnx.form != null) {
                exporter.form(onnx.form);
            }
            if (onnx.opset != null) {
                exporter.opset(onnx.opset);
            }
            exporter.packedWeights(onnx.packed);
        }
        exporter.build().write(network, out);
        return "";
    }

    private TfLiteExporter exporter(TfLiteExporter.Builder builder) {
        if (tflite != null) {
            if (tflite.input != null) {
                builder.input(tflite.input);
            }
            if (tflite.output != null) {
                builder.output(tflite.output);
            }
            if (tflite.batch != null) {
                builder.batch(tflite.batch);
            }
            builder.denseAsConvolution(tflite.denseAsConvolution);
        }
        return builder.build();
    }

    private String toTfLite(IntegerNetwork network) throws IOException {
        exporter(TfLiteExporter.builder()).write(network, out);
        return "";
    }

    private String toHeader(IntegerNetwork network) throws IOException {
        TfLiteExporter exporter =
                exporter(
                        TfLiteExporter.builder()
                                .input(TfLiteExporter.Ends.INT8)
                                .output(TfLiteExporter.Ends.INT8)
                                .batch(1));
        byte[] file = exporter.toBytes(network);
        String array = CArrayWriter.identifier(name == null ? stem(out) : name);
        new CArrayWriter(exporter).write(file, array, out);
        return String.format(
                Locale.ROOT,
                "; %,d of them in the array %s, arena of about %,d bytes",
                file.length,
                array,
                ArenaEstimate.bytes(file));
    }

    private static String stem(Path file) {
        return file.getFileName().toString().replaceFirst("\\.[^.]*$", "");
    }
}
