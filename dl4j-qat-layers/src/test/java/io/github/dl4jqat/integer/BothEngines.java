package io.github.dl4jqat.integer;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Runs of a model that must come out the same on the Java engine and on ONNX Runtime. */
final class BothEngines {

    private BothEngines() {}

    /** The integers that the only output is made of, from a model that went through a file. */
    static int[] run(IntegerModel model, Map<String, TensorData> feeds, int batch) {
        IntegerModel stored = stored(model);
        String end = stored.ops().get(stored.ops().size() - 1).inputs().get(0).name();
        int[] defined = new JavaEngine(stored).run(feeds, List.of(end), batch).get(end).ints();
        try (OrtEngine ort = new OrtEngine(stored)) {
            int[] fast = ort.run(feeds, List.of(end), batch).get(end).ints();
            assertThat(fast).as("%s", model.ops()).isEqualTo(defined);
        }
        return defined;
    }

    /** One operation on integers for each of its inputs, in their order. */
    static int[] run(IntegerOp op, int batch, int[]... q) {
        Map<String, TensorData> feeds = new LinkedHashMap<>();
        for (int k = 0; k < q.length; k++) {
            feeds.put(op.inputs().get(k).name(), TensorData.of(q[k]));
        }
        return run(TestModels.around(op), feeds, batch);
    }

    private static IntegerModel stored(IntegerModel model) {
        try {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            QnetWriter.write(model, out);
            IntegerModel back = Qnet.read(out.toByteArray(), "memory");
            assertThat(back).isEqualTo(model);
            return back;
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
