package io.github.dl4jqat.prepare;

import io.github.dl4jqat.layers.TensorGrid;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Which quantizers must share one grid: those of the inputs of every vertex that adds, compares or
 * concatenates. A layer that feeds two such vertices joins their groups to one. Not thread-safe.
 */
final class ScaleGroups {

    private final Map<String, Set<String>> groupOf = new LinkedHashMap<>();

    /** Notes that a vertex wants its inputs on one grid. */
    void join(Collection<TensorGrid> inputs) {
        Set<String> joined = new LinkedHashSet<>();
        for (TensorGrid grid : inputs) {
            joined.addAll(groupOf.getOrDefault(grid.source(), Set.of(grid.source())));
        }
        joined.forEach(member -> groupOf.put(member, joined));
    }

    /** Those that share the grid of a layer, itself among them; empty if none does. */
    List<String> of(String layer) {
        Set<String> group = groupOf.getOrDefault(layer, Set.of());
        return group.size() < 2 ? List.of() : List.copyOf(group);
    }

    /** All groups of more than one. */
    List<List<String>> all() {
        return groupOf.values().stream()
                .filter(group -> group.size() > 1)
                .map(ArrayList::new)
                .distinct()
                .collect(Collectors.toUnmodifiableList());
    }
}
