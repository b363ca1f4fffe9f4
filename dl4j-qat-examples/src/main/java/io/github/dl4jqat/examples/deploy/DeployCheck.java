package io.github.dl4jqat.examples.deploy;

import io.github.dl4jqat.examples.data.DigitSetIterator;
import io.github.dl4jqat.export.onnx.OnnxExporter;
import io.github.dl4jqat.export.tflite.CArrayWriter;
import io.github.dl4jqat.export.tflite.TfLiteExporter;
import io.github.dl4jqat.integer.Dequantize;
import io.github.dl4jqat.integer.EngineChoice;
import io.github.dl4jqat.integer.IntegerModel;
import io.github.dl4jqat.integer.IntegerNetwork;
import io.github.dl4jqat.integer.IntegerOp;
import io.github.dl4jqat.quant.QuantParams;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.nd4j.linalg.dataset.DataSet;

/**
 * Exports a model to every form, runs each file on its own runtime, and compares labels and
 * integers with the Java engine's. Labels come from the files that were written; the integers from
 * twins of them that end before the softmax, where an integer can be read off a float.
 */
public final class DeployCheck {

    private static final int BATCH = 100;

    private final IntegerModel model;
    private final IntegerModel logits;
    private final QuantParams end;
    private final float[][] batches;
    private final int[] truth;
    private final int[] levels;
    private final int classes;

    private DeployCheck(IntegerModel model, DigitSetIterator test) {
        this.model = model;
        Dequantize last = last(model);
        this.logits = withoutSoftmax(model, last);
        this.end = last.input().params();
        this.classes = last.input().elements();
        List<float[]> pixels = new ArrayList<>();
        truth = new int[test.size()];
        int at = 0;
        test.reset();
        while (test.hasNext()) {
            DataSet batch = test.next(BATCH);
            pixels.add(batch.getFeatures().dup('c').data().asFloat());
            for (int label : labels(batch.getLabels().dup('c').data().asFloat(), classes)) {
                truth[at++] = label;
            }
        }
        batches = pixels.toArray(new float[0][]);
        levels = new int[truth.length * classes];
    }

    /**
     * Exports and compares.
     *
     * @param test pictures in the shape that the model reads
     * @param folder where the files are written; they stay
     * @param name of the files and of the array in the C header
     * @param progress told what is being run
     * @throws IllegalArgumentException if the model does not end in one row of integers
     */
    public static List<DeployedModel> run(
            IntegerModel model,
            DigitSetIterator test,
            Path folder,
            String name,
            Consumer<String> progress)
            throws IOException {
        return new DeployCheck(model, test).run(folder, name, progress);
    }

    private static Dequantize last(IntegerModel model) {
        if (model.inputs().size() == 1 && model.outputs().size() == 1) {
            IntegerOp last = model.producer(model.outputs().get(0).name()).orElseThrow();
            if (last instanceof Dequantize dequantize && dequantize.input().rank() == 1) {
                return dequantize;
            }
        }
        throw new IllegalArgumentException(
                "expected a model with one input that ends in one row of integers, got " + model);
    }

    private static IntegerModel withoutSoftmax(IntegerModel model, Dequantize last) {
        IntegerModel.Builder twin = IntegerModel.builder().requantization(model.requantization());
        model.inputs().forEach(twin::input);
        for (IntegerOp op : model.ops()) {
            twin.add(
                    op == last
                            ? Dequantize.linear(last.name(), last.input(), last.output(), false)
                            : op);
        }
        return twin.output(last.output().name()).build();
    }

    private List<DeployedModel> run(Path folder, String name, Consumer<String> progress)
            throws IOException {
        progress.accept("Java engine");
        int[] java = new int[truth.length];
        try (IntegerNetwork network = IntegerNetwork.of(logits, EngineChoice.JAVA)) {
            int at = 0;
            for (float[] batch : batches) {
                float[] y = network.output(batch, batch.length / inputs());
                System.arraycopy(levels(y), 0, levels, at * classes, y.length);
                int[] found = labels(y, classes);
                System.arraycopy(found, 0, java, at, found.length);
                at += found.length;
            }
        }
        double javaAccuracy = agreement(java, truth);

        List<DeployedModel> results = new ArrayList<>();
        OnnxExporter onnx = new OnnxExporter();
        Path onnxFile = folder.resolve(name + ".onnx");
        onnx.write(model, onnxFile);
        results.add(
                compared(
                        "onnx",
                        new OnnxRunner(Files.readAllBytes(onnxFile), BATCH),
                        new OnnxRunner(onnx.toBytes(logits), BATCH),
                        onnxFile,
                        java,
                        javaAccuracy,
                        progress));
        TfLiteExporter tflite = new TfLiteExporter();
        Path tfliteFile = folder.resolve(name + ".tflite");
        tflite.write(model, tfliteFile);
        results.add(
                compared(
                        "tflite",
                        new TfLiteRunner(Files.readAllBytes(tfliteFile), BATCH, true),
                        new TfLiteRunner(tflite.toBytes(logits), BATCH, true),
                        tfliteFile,
                        java,
                        javaAccuracy,
                        progress));
        TfLiteExporter small =
                TfLiteExporter.builder()
                        .input(TfLiteExporter.Ends.INT8)
                        .output(TfLiteExporter.Ends.INT8)
                        .batch(1)
                        .build();
        Path header = folder.resolve(name + ".h");
        new CArrayWriter(small).write(small.toBytes(model), name, header);
        results.add(
                compared(
                        "c",
                        new TfLiteRunner(CArray.read(header), 1, false),
                        new TfLiteRunner(small.toBytes(logits), 1, false),
                        header,
                        java,
                        javaAccuracy,
                        progress));
        return results;
    }

    private int inputs() {
        return model.inputs().get(0).elements();
    }

    /** Runs a file and its twin without a softmax, and closes both. */
    private DeployedModel compared(
            String format,
            Runner whole,
            Runner twin,
            Path file,
            int[] java,
            double javaAccuracy,
            Consumer<String> progress)
            throws IOException {
        try (whole;
                twin) {
            progress.accept(format + " on " + whole.name());
            int[] found = labels(all(whole), classes);
            int[] theirs = levels(all(twin));
            int most = 0;
            for (int i = 0; i < theirs.length; i++) {
                most = Math.max(most, Math.abs(theirs[i] - levels[i]));
            }
            return new DeployedModel(
                    format,
                    whole.name(),
                    agreement(found, truth),
                    agreement(found, java),
                    most,
                    Files.size(file),
                    javaAccuracy);
        }
    }

    /** Values of all pictures; the last batch is filled up with blank ones, which are dropped. */
    private float[] all(Runner runner) {
        int size = inputs();
        float[] values = new float[truth.length * classes];
        float[] x = new float[runner.batch() * size];
        int done = 0;
        for (float[] batch : batches) {
            for (int from = 0; from < batch.length; from += x.length) {
                int count = Math.min(x.length, batch.length - from);
                Arrays.fill(x, 0f);
                System.arraycopy(batch, from, x, 0, count);
                float[] y = runner.run(x);
                System.arraycopy(y, 0, values, done * classes, count / size * classes);
                done += count / size;
            }
        }
        return values;
    }

    private int[] levels(float[] values) {
        int[] q = new int[values.length];
        for (int i = 0; i < q.length; i++) {
            q[i] = (int) Math.rint(values[i] / end.scale()) + end.zeroPoint();
        }
        return q;
    }

    private static int[] labels(float[] values, int classes) {
        int[] labels = new int[values.length / classes];
        for (int e = 0; e < labels.length; e++) {
            for (int c = 1; c < classes; c++) {
                if (values[e * classes + c] > values[e * classes + labels[e]]) {
                    labels[e] = c;
                }
            }
        }
        return labels;
    }

    private static double agreement(int[] a, int[] b) {
        int equal = 0;
        for (int i = 0; i < a.length; i++) {
            equal += a[i] == b[i] ? 1 : 0;
        }
        return (double) equal / a.length;
    }
}
