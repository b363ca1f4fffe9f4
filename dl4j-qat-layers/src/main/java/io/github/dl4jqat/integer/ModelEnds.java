package io.github.dl4jqat.integer;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Where the integers of a model begin and end. Floats before the first and behind the last of them
 * belong to its ends, which an engine may leave to {@link JavaEngine}; floats between integers are
 * islands, which belong to the core between the ends.
 *
 * <p>Immutable and thread-safe.
 */
final class ModelEnds {

    private final List<IntegerOp> begins = new ArrayList<>();
    private final List<IntegerOp> core = new ArrayList<>();
    private final Map<String, TensorType> ends = new LinkedHashMap<>();

    ModelEnds(IntegerModel model) {
        Set<String> early = new HashSet<>();
        model.inputs().forEach(x -> early.add(x.name()));
        List<IntegerOp> later = new ArrayList<>();
        for (IntegerOp op : model.ops()) {
            if (!op.inputs().stream().allMatch(x -> early.contains(x.name()))) {
                later.add(op);
            } else if (op instanceof FloatOp) {
                early.add(op.output().name());
            } else {
                begins.add(op);
            }
        }
        Set<String> inner = new HashSet<>();
        Set<String> outward = new HashSet<>();
        model.outputs().forEach(y -> outward.add(y.name()));
        Collections.reverse(later);
        List<TensorType> found = new ArrayList<>();
        for (IntegerOp op : later) {
            TensorType in = op.inputs().get(0);
            String out = op.output().name();
            boolean writesFloats = op.output().isFloat();
            if (!writesFloats || inner.contains(out)) {
                core.add(op);
                op.inputs().forEach(t -> inner.add(t.name()));
            }
            // A tensor may lead to an island and out of the model as well.
            if (writesFloats && (outward.contains(out) || !inner.contains(out))) {
                if (op instanceof Dequantize) {
                    found.add(in);
                } else {
                    op.inputs().forEach(t -> outward.add(t.name()));
                }
            }
        }
        Collections.reverse(core);
        Collections.reverse(found);
        found.forEach(q -> ends.putIfAbsent(q.name(), q));
    }

    /**
     * The operations that make the first integers of floats: {@link Quantize}, {@link Embedding}.
     */
    List<IntegerOp> begins() {
        return begins;
    }

    /** The operations between the ends, in order, islands among them. */
    List<IntegerOp> core() {
        return core;
    }

    /** The last integers by name: what floats that leave the model are made of. */
    Map<String, TensorType> ends() {
        return ends;
    }

    /**
     * The last integers that a float tensor is made of, by way of float operations; empty where it
     * is made of inputs.
     */
    static Optional<TensorType> endOf(IntegerModel model, String tensor) {
        Optional<IntegerOp> op = model.producer(tensor);
        while (op.isPresent() && op.get() instanceof FloatOp floatOp) {
            op = model.producer(floatOp.input().name());
        }
        return op.map(dequantize -> dequantize.inputs().get(0));
    }
}
