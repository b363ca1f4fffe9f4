package io.github.dl4jqat.examples.bench;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * One measured figure.
 *
 * @param suite what kind of benchmark it belongs to
 * @param name what was measured
 * @param baseline what it is compared with; null for a figure that stands by itself
 * @param ratio median over the rounds of its time divided by the baseline's in the same round, or
 *     of its memory; NaN without a baseline
 * @param spread distance of the quartiles of that ratio
 * @param amount median milliseconds of one call, or megabytes
 * @param unit of the amount
 */
public record Figure(
        String suite,
        String name,
        String baseline,
        double ratio,
        double spread,
        double amount,
        Unit unit) {

    /** What an amount counts. */
    public enum Unit {
        /** Milliseconds. */
        MILLISECONDS("absoluteMs"),
        /** Megabytes of 10^6 bytes. */
        MEGABYTES("absoluteMb");

        private final String key;

        Unit(String key) {
            this.key = key;
        }

        /** The amount's name in JSON. */
        public String key() {
            return key;
        }
    }

    /** The figure for programs; a number that there is none of is null. */
    public Map<String, Object> entries() {
        Map<String, Object> entries = new LinkedHashMap<>();
        entries.put("suite", suite);
        entries.put("case", name);
        entries.put("baseline", baseline);
        entries.put("ratio", finite(ratio));
        entries.put("spread", finite(spread));
        entries.put(unit.key(), finite(amount));
        return entries;
    }

    private static Double finite(double value) {
        return Double.isFinite(value) ? value : null;
    }
}
