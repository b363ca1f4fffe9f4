package io.github.dl4jqat.prepare;

import io.github.dl4jqat.estimator.GradientEstimators;
import io.github.dl4jqat.layers.LayerQuantization;
import io.github.dl4jqat.layers.ScaleGroups;
import io.github.dl4jqat.layers.TensorQuantization;
import io.github.dl4jqat.prepare.PreparationPlan.Entry;
import io.github.dl4jqat.prepare.PreparationPlan.Insertion;
import io.github.dl4jqat.quant.QuantSpec;
import io.github.dl4jqat.quant.Symmetry;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Gives the members of each scale group one kind of integers, and each other's names. */
final class SharedGrids {

    private final ScaleGroups groups;
    private final QuantSpec consecutive;

    /**
     * A planner's groups.
     *
     * @param consecutive the integers of a member that was to have mid-rise ones: of those there
     *     are no sums
     */
    SharedGrids(ScaleGroups groups, QuantSpec consecutive) {
        this.groups = groups;
        this.consecutive = consecutive;
    }

    /** The plan with its groups in it. */
    PreparationPlan applied(PreparationPlan plan) {
        Map<String, QuantSpec> specs = new LinkedHashMap<>();
        for (Entry e : plan.entries()) {
            if (e.quantization() != null) {
                specs.put(e.node().name(), e.quantization().output().spec());
            }
        }
        plan.insertions().forEach(i -> specs.put(i.name(), i.quantization().output().spec()));
        List<Entry> entries = new ArrayList<>();
        for (Entry e : plan.entries()) {
            List<String> group = groups.of(e.node().name());
            entries.add(group.isEmpty() || e.quantization() == null ? e : shared(e, group, specs));
        }
        List<Insertion> insertions = new ArrayList<>();
        for (Insertion i : plan.insertions()) {
            List<String> group = groups.of(i.name());
            insertions.add(
                    group.isEmpty()
                            ? i
                            : new Insertion(
                                    i.after(), i.name(), shared(i.quantization(), group, specs)));
        }
        return new PreparationPlan(List.copyOf(entries), List.copyOf(insertions), groups.all());
    }

    private Entry shared(Entry e, List<String> group, Map<String, QuantSpec> specs) {
        LayerQuantization q = shared(e.quantization(), group, specs);
        TensorQuantization wanted = e.quantization().output();
        String reason = e.reason() + ", one grid with " + others(e, group);
        if (!wanted.spec().equals(q.output().spec())) {
            reason += ", hence " + q.output().spec().typeName();
        }
        if (!wanted.estimator().equals(q.output().estimator())) {
            reason += ", observed because a grid that several share is not learned";
        }
        return e.with(q, reason);
    }

    private static String others(Entry e, List<String> group) {
        return String.join(", ", group.stream().filter(n -> !n.equals(e.node().name())).toList());
    }

    private LayerQuantization shared(
            LayerQuantization q, List<String> group, Map<String, QuantSpec> specs) {
        QuantSpec spec = widest(group, specs);
        TensorQuantization output = q.output();
        // A parameter that one layer learns cannot be the others' too: DL4J's layers share none.
        TensorQuantization observed =
                new TensorQuantization(
                        spec,
                        output.withSpec(spec).followsItsRange()
                                ? output.estimator()
                                : GradientEstimators.clipped(),
                        output.observer());
        LayerQuantization changed = q.withOutput(observed).withGroup(group);
        return q.preActivation() == null ? changed.withPreActivation(null) : changed;
    }

    /** The most bits that any member has; the first one's integers where they are equal. */
    private QuantSpec widest(List<String> group, Map<String, QuantSpec> specs) {
        QuantSpec widest = null;
        for (String member : group) {
            QuantSpec spec = specs.get(member);
            if (spec.symmetry() == Symmetry.MID_RISE) {
                spec = consecutive;
            }
            if (widest == null || spec.bits() > widest.bits()) {
                widest = spec;
            }
        }
        return widest;
    }
}
