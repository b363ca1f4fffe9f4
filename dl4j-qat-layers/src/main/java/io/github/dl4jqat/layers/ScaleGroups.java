package io.github.dl4jqat.layers;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Which quantizers share one grid: those of the inputs of every vertex that adds, compares or
 * concatenates. A layer that belongs to two groups joins them to one. Not thread-safe.
 */
public final class ScaleGroups {

    private final Map<String, Set<String>> groupOf = new LinkedHashMap<>();

    /** Notes that these layers share one grid. */
    public void join(Collection<String> layers) {
        Set<String> joined = new LinkedHashSet<>();
        for (String layer : layers) {
            joined.addAll(groupOf.getOrDefault(layer, Set.of(layer)));
        }
        joined.forEach(member -> groupOf.put(member, joined));
    }

    /** Those that share the grid of a layer, itself among them; empty if none does. */
    public List<String> of(String layer) {
        Set<String> group = groupOf.getOrDefault(layer, Set.of());
        return group.size() < 2 ? List.of() : List.copyOf(group);
    }

    /** All groups of more than one. */
    public List<List<String>> all() {
        return groupOf.values().stream()
                .filter(group -> group.size() > 1)
                .map(ArrayList::new)
                .distinct()
                .collect(Collectors.toUnmodifiableList());
    }
}
