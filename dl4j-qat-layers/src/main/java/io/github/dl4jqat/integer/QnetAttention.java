package io.github.dl4jqat.integer;

import java.util.List;
import org.nd4j.shade.jackson.databind.node.ObjectNode;

/** The float weights of an attention in a manifest. */
final class QnetAttention {

    private static final String PROJECTIONS = "projections";

    private QnetAttention() {}

    static void write(AttentionWeights weights, ObjectNode node, QnetWriter writer) {
        ObjectNode projections = node.putObject(PROJECTIONS);
        write(projections, "queries", weights.queries(), writer);
        write(projections, "keys", weights.keys(), writer);
        write(projections, "values", weights.values(), writer);
        write(projections, "output", weights.output(), writer);
    }

    private static void write(
            ObjectNode node, String name, FloatConstant constant, QnetWriter writer) {
        ObjectNode fields = node.putObject(name);
        QnetWriter.list(fields, "shape", constant.shape());
        fields.put("values", writer.part(QnetWriter.floats(constant.values())));
    }

    static AttentionWeights read(QnetFields f, QnetParts parts) throws QnetFormatException {
        QnetFields p = f.object(PROJECTIONS);
        return new AttentionWeights(
                constant(p, "queries", parts),
                constant(p, "keys", parts),
                constant(p, "values", parts),
                constant(p, "output", parts));
    }

    /** The part's own length says how many floats there are; the shape has to go with it. */
    private static FloatConstant constant(QnetFields f, String name, QnetParts parts)
            throws QnetFormatException {
        QnetFields fields = f.object(name);
        List<Integer> shape = fields.integers("shape");
        return FloatConstant.of(shape, parts.floats(fields, "values"));
    }
}
