package io.github.dl4jqat.integer;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Which operations a run needs: those between what is fed and what is wanted. */
final class RunPlan {

    private RunPlan() {}

    /** Checks the arguments of a run and names the operations to compute, in order. */
    static List<IntegerOp> of(
            IntegerModel model,
            Map<String, TensorData> feeds,
            Collection<String> wanted,
            int batch) {
        if (batch < 1) {
            throw new IllegalArgumentException("IntegerEngine: a batch of " + batch + " examples");
        }
        feeds.forEach((name, data) -> data.check(model.tensor(name), batch));
        Set<String> needed = new HashSet<>();
        for (String name : wanted) {
            checkSize(model.tensor(name), batch);
            needed.add(name);
        }
        needed.removeAll(feeds.keySet());
        List<IntegerOp> plan = new ArrayList<>();
        for (int i = model.ops().size() - 1; i >= 0; i--) {
            IntegerOp op = model.ops().get(i);
            if (needed.remove(op.output().name())) {
                plan.add(op);
                for (TensorType input : op.inputs()) {
                    if (!feeds.containsKey(input.name())) {
                        needed.add(input.name());
                    }
                }
            }
        }
        if (!needed.isEmpty()) {
            throw new IllegalArgumentException(
                    "IntegerEngine: "
                            + wanted
                            + " cannot be computed, "
                            + needed
                            + " is not fed; fed are "
                            + feeds.keySet());
        }
        Collections.reverse(plan);
        for (IntegerOp op : plan) {
            if (op instanceof Embedding embedding) {
                embedding.indices(feeds.get(embedding.input().name()), 0, batch);
            }
        }
        return plan;
    }

    private static void checkSize(TensorType type, int batch) {
        if ((long) type.elements() * batch > Integer.MAX_VALUE - 8) {
            throw new IllegalArgumentException(
                    "Tensor "
                            + type
                            + ": "
                            + batch
                            + " examples do not fit into an array; use smaller batches");
        }
    }
}
