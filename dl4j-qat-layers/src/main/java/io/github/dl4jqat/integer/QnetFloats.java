package io.github.dl4jqat.integer;

import java.util.List;
import org.nd4j.shade.jackson.databind.node.ArrayNode;
import org.nd4j.shade.jackson.databind.node.ObjectNode;

/** The fields of float operations in a manifest; their numbers are texts, like scales. */
final class QnetFloats {

    private static final int ATTENTION_INPUTS = 3;

    private QnetFloats() {}

    static void write(FloatOp op, ObjectNode node, QnetWriter writer) {
        if (op instanceof LocalResponseNorm lrn) {
            node.put("k", Double.toString(lrn.k())).put("n", lrn.n());
            node.put("alpha", Double.toString(lrn.alpha()));
            node.put("beta", Double.toString(lrn.beta()));
        } else if (op instanceof L2Normalize normalize) {
            node.put("eps", Double.toString(normalize.eps()));
        } else if (op instanceof PNormPool2d pool) {
            node.put("p", pool.p());
        } else if (op instanceof GlobalPNormPool pool) {
            node.put("p", pool.p());
        } else if (op instanceof YoloActivation yolo) {
            ArrayNode priors = node.putArray("priors");
            yolo.priors().forEach(prior -> priors.add(Float.toString(prior)));
        } else if (op instanceof MultiHeadAttention attention) {
            QnetAttention.write(attention.weights(), node, writer);
        }
    }

    /** The operation of a type, or null where the type is that of no float operation. */
    static FloatOp read(
            QnetFields f,
            String type,
            String name,
            List<TensorType> inputs,
            TensorType out,
            QnetParts parts)
            throws QnetFormatException {
        TensorType in = inputs.get(0);
        return switch (type) {
            case "LocalResponseNormalization" ->
                    new LocalResponseNorm(
                            name,
                            in,
                            out,
                            f.decimal("k"),
                            f.integer("n"),
                            f.decimal("alpha"),
                            f.decimal("beta"));
            case "L2Normalize" -> new L2Normalize(name, in, out, f.decimal("eps"));
            case "PNormPool2d" ->
                    new PNormPool2d(name, in, out, QnetReader.window(f), f.integer("p"));
            case "GlobalPNormPool" -> new GlobalPNormPool(name, in, out, f.integer("p"));
            case "FloatSoftmax" -> new FloatSoftmax(name, in, out);
            case "YoloActivation" -> new YoloActivation(name, in, out, f.floats("priors"));
            case "DotProductAttention" -> {
                requireThree(f, type, inputs);
                yield new DotProductAttention(name, in, inputs.get(1), inputs.get(2), out);
            }
            case "MultiHeadAttention" -> {
                requireThree(f, type, inputs);
                AttentionWeights weights = QnetAttention.read(f, parts);
                yield new MultiHeadAttention(name, in, inputs.get(1), inputs.get(2), out, weights);
            }
            default -> null;
        };
    }

    private static void requireThree(QnetFields f, String type, List<TensorType> inputs)
            throws QnetFormatException {
        if (inputs.size() != ATTENTION_INPUTS) {
            throw f.error(
                    "lists "
                            + inputs.size()
                            + " inputs, a "
                            + type
                            + " has queries, keys and values");
        }
    }
}
