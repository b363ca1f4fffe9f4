package io.github.dl4jqat.export.tflite;

import io.github.dl4jqat.integer.IntegerModel;
import io.github.dl4jqat.integer.IntegerOp;
import io.github.dl4jqat.integer.Quantize;
import io.github.dl4jqat.integer.RandomModels;
import io.github.dl4jqat.integer.TensorType;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * How far the interpreter is from the definition on one model.
 *
 * @param outputs how many integers were compared
 * @param differing how many of them differ
 * @param largest the largest difference
 * @param inner how many lie within the ends of their range
 */
record Compared(long outputs, long differing, int largest, long inner) {

    static final Compared NOTHING = new Compared(0, 0, 0, 0);

    Compared plus(Compared other) {
        return new Compared(
                outputs + other.outputs,
                differing + other.differing,
                Math.max(largest, other.largest),
                inner + other.inner);
    }

    /** Integers in, integers out. */
    static Compared of(RandomModels.Sample sample, TfLiteRuntime.Kernels kernels, int batch) {
        return of(sample.model(), sample.feeds(), kernels, batch);
    }

    static Compared of(
            IntegerModel model,
            Map<String, int[]> feeds,
            TfLiteRuntime.Kernels kernels,
            int batch) {
        byte[] file =
                TfLiteExporter.builder()
                        .input(TfLiteExporter.Ends.INT8)
                        .output(TfLiteExporter.Ends.INT8)
                        // The resolver of the reference kernels has no FULLY_CONNECTED per channel.
                        .denseAsConvolution(kernels == TfLiteRuntime.Kernels.REFERENCE)
                        .build()
                        .toBytes(withoutSoftmax(model));
        List<byte[]> inputs = new ArrayList<>();
        for (TensorType in : model.inputs()) {
            TensorType q =
                    model.ops().stream()
                            .filter(op -> op instanceof Quantize && op.inputs().contains(in))
                            .findFirst()
                            .orElseThrow()
                            .output();
            inputs.add(toFile(q, feeds.get(q.name()), batch));
        }
        Compared all = NOTHING;
        try (TfLiteRuntime runtime = new TfLiteRuntime(file, kernels, batch)) {
            List<Object> got = runtime.run(inputs);
            for (int i = 0; i < got.size(); i++) {
                TensorType y = model.outputs().get(i);
                TensorType last = model.producer(y.name()).orElseThrow().inputs().get(0);
                int[] expected = RandomModels.defined(model, feeds, last.name(), batch);
                all =
                        all.plus(
                                difference(
                                        last,
                                        fromFile(last, (byte[]) got.get(i), batch),
                                        expected));
            }
        }
        return all;
    }

    private static Compared difference(TensorType type, int[] got, int[] expected) {
        long differing = 0;
        long inner = 0;
        int largest = 0;
        int low = type.params().spec().qMin();
        int high = type.params().spec().qMax();
        for (int i = 0; i < got.length; i++) {
            int d = Math.abs(got[i] - expected[i]);
            differing += d > 0 ? 1 : 0;
            largest = Math.max(largest, d);
            inner += expected[i] > low && expected[i] < high ? 1 : 0;
        }
        return new Compared(got.length, differing, largest, inner);
    }

    /** The same model with its logits at the end. */
    private static IntegerModel withoutSoftmax(IntegerModel model) {
        IntegerModel.Builder copy = IntegerModel.builder().requantization(model.requantization());
        model.inputs().forEach(copy::input);
        for (IntegerOp op : model.ops()) {
            copy.add(
                    op instanceof io.github.dl4jqat.integer.Dequantize d
                            ? io.github.dl4jqat.integer.Dequantize.linear(
                                    d.name(), d.input(), d.output(), false)
                            : op);
        }
        model.outputs().forEach(y -> copy.output(y.name()));
        return copy.build();
    }

    /** From integers of the model, channels first, to those of the file, channels last. */
    static byte[] toFile(TensorType type, int[] q, int batch) {
        int offset = Int8Grid.of(type).offset();
        int n = type.elements();
        int[] order = Layout.order(type);
        byte[] out = new byte[q.length];
        for (int i = 0; i < out.length; i++) {
            out[i] = (byte) (q[i / n * n + order[i % n]] - offset);
        }
        if (out.length != n * batch) {
            throw new IllegalArgumentException(
                    out.length + " integers for " + batch + " of " + type);
        }
        return out;
    }

    static int[] fromFile(TensorType type, byte[] q, int batch) {
        int offset = Int8Grid.of(type).offset();
        int n = type.elements();
        int[] order = Layout.order(type);
        int[] out = new int[n * batch];
        for (int i = 0; i < out.length; i++) {
            out[i / n * n + order[i % n]] = q[i] + offset;
        }
        return out;
    }
}
