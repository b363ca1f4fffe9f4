package io.github.dl4jqat.export.tflite;

import io.github.dl4jqat.integer.AveragePool2d;
import io.github.dl4jqat.integer.Combine;
import io.github.dl4jqat.integer.Concat;
import io.github.dl4jqat.integer.Conv2d;
import io.github.dl4jqat.integer.Dense;
import io.github.dl4jqat.integer.Dequantize;
import io.github.dl4jqat.integer.Embedding;
import io.github.dl4jqat.integer.FloatSoftmax;
import io.github.dl4jqat.integer.GlobalPool;
import io.github.dl4jqat.integer.IntegerModel;
import io.github.dl4jqat.integer.IntegerOp;
import io.github.dl4jqat.integer.LocalResponseNorm;
import io.github.dl4jqat.integer.Lookup;
import io.github.dl4jqat.integer.MaxPool2d;
import io.github.dl4jqat.integer.Pad;
import io.github.dl4jqat.integer.Quantize;
import io.github.dl4jqat.integer.Reshape;
import io.github.dl4jqat.integer.Reverse;
import io.github.dl4jqat.integer.Slice;
import io.github.dl4jqat.integer.Spread;
import io.github.dl4jqat.integer.TensorType;
import io.github.dl4jqat.integer.Transpose;
import io.github.dl4jqat.integer.UnsupportedOpException;
import io.github.dl4jqat.integer.Upsample;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BiConsumer;

/** From a model to the bytes of a file: which class of operation becomes what. */
final class TfModel {

    private static final Map<Class<?>, BiConsumer<Lowering, IntegerOp>> FORMS = new HashMap<>();

    static {
        form(Conv2d.class, LinearLowering::conv);
        form(Dense.class, LinearLowering::dense);
        form(MaxPool2d.class, PoolLowering::max);
        form(AveragePool2d.class, PoolLowering::average);
        form(GlobalPool.class, PoolLowering::global);
        form(Lookup.class, TableLowering::lookup);
        form(Combine.class, ElementLowering::combine);
        form(FloatSoftmax.class, ElementLowering::softmax);
        form(LocalResponseNorm.class, ElementLowering::localResponse);
        form(Embedding.class, EndLowering::embedding);
        form(Reshape.class, ShapeLowering::reshape);
        form(Transpose.class, ShapeLowering::transpose);
        form(Concat.class, ShapeLowering::concat);
        form(Slice.class, ShapeLowering::slice);
        form(Pad.class, ShapeLowering::pad);
        form(Upsample.class, ShapeLowering::upsample);
        form(Spread.class, ShapeLowering::spread);
        form(Reverse.class, ShapeLowering::reverse);
    }

    private TfModel() {}

    private static <T extends IntegerOp> void form(
            Class<T> type, BiConsumer<Lowering, T> lowering) {
        FORMS.put(type, (to, op) -> lowering.accept(to, type.cast(op)));
    }

    /** What a caller can choose. */
    record Choices(
            boolean int8Input,
            boolean int8Output,
            boolean denseAsConvolution,
            int batch,
            String description) {}

    static byte[] write(IntegerModel model, Choices choices) {
        Lowering to = new Lowering(model, choices.denseAsConvolution());
        List<String> offenders = new ArrayList<>();
        for (IntegerOp op : model.ops()) {
            try {
                lower(to, model, op, choices);
            } catch (NotSupported e) {
                offenders.add(op.type() + " '" + op.name() + "': " + e.getMessage());
            }
        }
        if (!offenders.isEmpty()) {
            throw new UnsupportedOpException("TFLite", offenders);
        }
        for (TensorType in : model.inputs()) {
            to.graph().inputs().add(to.tensor(in));
        }
        for (TensorType out : model.outputs()) {
            to.graph().outputs().add(to.tensor(out));
        }
        return TfWriter.write(to.graph(), choices.batch(), choices.description(), metadata(model));
    }

    private static void lower(Lowering to, IntegerModel model, IntegerOp op, Choices choices) {
        if (op instanceof Quantize quantize) {
            boolean begins = model.inputs().contains(quantize.input());
            EndLowering.quantize(to, quantize, begins && choices.int8Input());
        } else if (op instanceof Dequantize dequantize) {
            boolean ends = to.readers(op.output()).isEmpty();
            EndLowering.dequantize(to, dequantize, ends && choices.int8Output());
        } else {
            BiConsumer<Lowering, IntegerOp> form = FORMS.get(op.getClass());
            if (form == null) {
                throw new NotSupported(Reasons.of(op));
            }
            form.accept(to, op);
        }
    }

    private static Map<String, byte[]> metadata(IntegerModel model) {
        Map<String, byte[]> entries = new TreeMap<>();
        entries.put("dl4j_qat_requantization", TfWriter.utf8(model.requantization().name()));
        model.metadata()
                .forEach((key, value) -> entries.put("dl4j_qat_" + key, TfWriter.utf8(value)));
        return entries;
    }
}
