package io.github.dl4jqat.prepare;

import io.github.dl4jqat.estimator.GradientEstimators;
import io.github.dl4jqat.estimator.StraightThrough;
import io.github.dl4jqat.layers.LayerQuantization;
import io.github.dl4jqat.layers.TensorQuantization;
import io.github.dl4jqat.prepare.PreparationPlan.Entry;
import io.github.dl4jqat.prepare.PreparationPlan.Insertion;
import io.github.dl4jqat.quant.QuantSpec;
import io.github.dl4jqat.quant.Quantizers;
import io.github.dl4jqat.quant.Symmetry;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Gives the members of each scale group one kind of integers, and each other's names. */
final class SharedGrids {

    private final ScaleGroups groups;

    SharedGrids(ScaleGroups groups) {
        this.groups = groups;
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
            entries.add(
                    group.isEmpty() || e.quantization() == null
                            ? e
                            : e.with(
                                    shared(e.quantization(), group, specs),
                                    e.reason() + ", one grid with " + others(e, group)));
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

    private static String others(Entry e, List<String> group) {
        return String.join(", ", group.stream().filter(n -> !n.equals(e.node().name())).toList());
    }

    private static LayerQuantization shared(
            LayerQuantization q, List<String> group, Map<String, QuantSpec> specs) {
        QuantSpec spec = widest(group, specs);
        TensorQuantization output = q.output();
        // A parameter that one layer learns cannot be the others' too: DL4J's layers share none.
        TensorQuantization observed =
                new TensorQuantization(
                        spec,
                        output.estimator() instanceof StraightThrough
                                ? output.estimator()
                                : GradientEstimators.clipped(),
                        output.observer());
        LayerQuantization changed = q.withOutput(observed).withGroup(group);
        return q.preActivation() == null ? changed.withPreActivation(null) : changed;
    }

    /** The most bits that any member has; the first one's integers where they are equal. */
    private static QuantSpec widest(List<String> group, Map<String, QuantSpec> specs) {
        QuantSpec widest = null;
        for (String member : group) {
            QuantSpec spec = specs.get(member);
            if (spec.symmetry() == Symmetry.MID_RISE) {
                spec = Quantizers.uintPerTensor(spec.bits());
            }
            if (widest == null || spec.bits() > widest.bits()) {
                widest = spec;
            }
        }
        return widest;
    }
}
