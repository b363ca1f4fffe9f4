package io.github.dl4jqat.integer;

import io.github.dl4jqat.quant.QuantParams;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** The table that {@link IntegerNetwork#summary()} gives. */
final class NetworkSummary {

    private static final String[] HEAD = {
        "layer", "type", "in", "out", "weights", "bits", "scales", "output", "bytes"
    };

    private NetworkSummary() {}

    static String of(IntegerModel model, String engine) {
        List<String[]> rows = new ArrayList<>();
        rows.add(HEAD);
        long parameters = 0;
        for (IntegerOp op : model.ops()) {
            rows.add(row(op));
            parameters += op.parameters();
        }
        int[] widths = new int[HEAD.length];
        for (String[] row : rows) {
            for (int i = 0; i < row.length; i++) {
                widths[i] = Math.max(widths[i], row[i].length());
            }
        }
        int total = HEAD.length * 2;
        for (int width : widths) {
            total += width;
        }
        String rule = "=".repeat(total) + "\n";
        StringBuilder table = new StringBuilder(rule);
        for (String[] row : rows) {
            for (int i = 0; i < row.length; i++) {
                table.append(String.format(Locale.ROOT, "%-" + (widths[i] + 2) + "s", row[i]));
            }
            table.append('\n');
            if (row == HEAD) {
                table.append("-".repeat(total)).append('\n');
            }
        }
        table.append("-".repeat(total)).append('\n');
        return table.append("Parameters: ")
                .append(parameters)
                .append(" (weights and biases), ")
                .append(model.weightBytes())
                .append(" bytes; as floats ")
                .append(parameters * Float.BYTES)
                .append(" bytes\nEngine: ")
                .append(engine)
                .append("; requantization: ")
                .append(model.requantization())
                .append('\n')
                .append(floats(model))
                .append(rule)
                .toString();
    }

    /** Nobody should take a model with float layers for one without. */
    private static String floats(IntegerModel model) {
        if (model.floatIslands().isEmpty()) {
            return "";
        }
        long floats =
                model.ops().stream()
                        .filter(FloatOp.class::isInstance)
                        .mapToLong(IntegerOp::parameters)
                        .sum();
        return "Computed in float: "
                + String.join(", ", model.floatIslands())
                + (floats == 0 ? "" : ", with " + floats + " float weights")
                + "\n";
    }

    private static String weights(IntegerOp op) {
        if (op instanceof Embedding embedding) {
            return List.of(embedding.vocabulary(), embedding.output().size(0)).toString();
        }
        return op.constants().map(w -> w.shape().toString()).orElse("-");
    }

    private static String[] row(IntegerOp op) {
        Weights weights = op.constants().orElse(null);
        QuantParams out = op.output().params();
        return new String[] {
            op.name(),
            op.type(),
            shapes(op.inputs()),
            op.output().shape().toString(),
            weights(op),
            weights == null ? "-" : weights.params().spec().typeName(),
            weights == null ? "-" : range(weights.params().scales()),
            out == null
                    ? "float"
                    : String.format(
                            Locale.ROOT,
                            "%s scale %.4g zero %d",
                            out.spec().typeName(),
                            out.scale(),
                            out.zeroPoint()),
            op.constantBytes() == 0 ? "-" : Long.toString(op.constantBytes())
        };
    }

    /** One shape where all are equal, otherwise each. */
    private static String shapes(List<TensorType> inputs) {
        List<String> shapes = inputs.stream().map(t -> t.shape().toString()).toList();
        if (Set.copyOf(shapes).size() > 1) {
            return String.join(" ", shapes);
        }
        return shapes.size() == 1 ? shapes.get(0) : shapes.size() + " x " + shapes.get(0);
    }

    private static String range(float[] scales) {
        float low = Float.MAX_VALUE;
        float high = 0;
        for (float scale : scales) {
            low = Math.min(low, scale);
            high = Math.max(high, scale);
        }
        return low == high
                ? String.format(Locale.ROOT, "%.4g", low)
                : String.format(Locale.ROOT, "%.4g..%.4g", low, high);
    }
}
