package io.github.dl4jqat.prepare;

import io.github.dl4jqat.layers.NetworkView;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.deeplearning4j.nn.conf.layers.Layer;

/** Which rules hold for which layers of a network. */
final class LayerRules {

    private static final LayerRule NOTHING = LayerRule.NOTHING;

    /** A rule with the layers it is for: those of a name or glob pattern, or of a type. */
    record Selected(String pattern, Class<? extends Layer> type, LayerRule rule) {

        boolean matches(NetworkView.Node node) {
            return type != null
                    ? type.isInstance(node.layer())
                    : matchesName(node.name())
                            || (node.layer() != null
                                    && node.layer().getLayerName() != null
                                    && matchesName(node.layer().getLayerName()));
        }

        private boolean matchesName(String name) {
            StringBuilder regex = new StringBuilder();
            for (int i = 0; i < pattern.length(); i++) {
                char c = pattern.charAt(i);
                if (c == '*') {
                    regex.append(".*");
                } else if (c == '?') {
                    regex.append('.');
                } else {
                    regex.append(Pattern.quote(String.valueOf(c)));
                }
            }
            return name.matches(regex.toString());
        }

        String describe() {
            return type != null ? "type " + type.getSimpleName() : "name '" + pattern + "'";
        }
    }

    private LayerRules() {}

    /** What all matching rules together say of a node. */
    static LayerRule of(List<Selected> rules, NetworkView.Node node) {
        LayerRule result = NOTHING;
        for (Selected selected : rules) {
            if (selected.matches(node)) {
                result = result.overriddenBy(selected.rule());
            }
        }
        return result;
    }

    /**
     * Refuses rules that no layer matches: most likely a misspelt name, and then a layer would be
     * treated other than its author believes.
     */
    static void requireAllMatch(List<Selected> rules, NetworkView network) {
        List<String> problems = new ArrayList<>();
        for (Selected selected : rules) {
            if (network.nodes().stream().noneMatch(selected::matches)) {
                problems.add(
                        "the rule for "
                                + selected.describe()
                                + " matches no layer; "
                                + (selected.type() != null
                                        ? "the network has the types " + types(network)
                                        : "did you mean " + nearest(selected.pattern(), network)));
            }
        }
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException("QatConfig: " + String.join("; ", problems));
        }
    }

    private static Set<String> types(NetworkView network) {
        Set<String> types = new LinkedHashSet<>();
        network.nodes().forEach(n -> types.add(n.kind()));
        return types;
    }

    private static String nearest(String pattern, NetworkView network) {
        return network.nodes().stream()
                .filter(n -> n.layer() != null)
                .map(NetworkView.Node::name)
                .sorted(Comparator.comparingInt(name -> distance(pattern, name)))
                .limit(3)
                .map(name -> "'" + name + "'")
                .collect(Collectors.joining(", "));
    }

    /** How many letters must be changed, added or removed to get from one word to the other. */
    private static int distance(String a, String b) {
        int[] previous = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            previous[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int[] row = new int[b.length() + 1];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int same = a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1;
                row[j] = Math.min(previous[j - 1] + same, 1 + Math.min(previous[j], row[j - 1]));
            }
            previous = row;
        }
        return previous[b.length()];
    }
}
