package io.github.dl4jqat.examples.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Pieces of work that are timed against each other: in each round every one runs once for a while,
 * A B C A B C, so that whatever else the machine does falls on all of them alike. A ratio is taken
 * within a round; what is reported is the median of these.
 */
final class Contest {

    /** Fewer rounds say nothing about the spread. */
    static final int LEAST_ROUNDS = 5;

    private static final double NANOS = 1e6;

    private final Map<String, Runnable> entrants = new LinkedHashMap<>();
    private final List<String[]> comparisons = new ArrayList<>();

    /** Adds a piece of work. */
    Contest enter(String name, Runnable work) {
        entrants.put(name, work);
        return this;
    }

    /** Asks for the ratio of one to another. */
    Contest compare(String name, String baseline) {
        if (!entrants.containsKey(name) || !entrants.containsKey(baseline)) {
            throw new IllegalArgumentException(
                    "no entrant '" + name + "' or '" + baseline + "' among " + entrants.keySet());
        }
        comparisons.add(new String[] {name, baseline});
        return this;
    }

    /**
     * Runs everything.
     *
     * @param prefix of the figures' names
     */
    List<Figure> run(String suite, String prefix, Effort effort) {
        Map<String, double[]> times = new LinkedHashMap<>();
        entrants.keySet().forEach(name -> times.put(name, new double[effort.rounds()]));
        for (int round = -effort.warmups(); round < effort.rounds(); round++) {
            for (Map.Entry<String, Runnable> entrant : entrants.entrySet()) {
                double millis = time(entrant.getValue(), effort.millis());
                if (round >= 0) {
                    times.get(entrant.getKey())[round] = millis;
                }
            }
        }
        List<Figure> figures = new ArrayList<>();
        for (String[] pair : comparisons) {
            double[] own = times.get(pair[0]);
            double[] base = times.get(pair[1]);
            double[] ratios = new double[own.length];
            Arrays.setAll(ratios, i -> own[i] / base[i]);
            figures.add(
                    new Figure(
                            suite,
                            prefix + pair[0],
                            pair[1],
                            quantile(ratios, 0.5),
                            quantile(ratios, 0.75) - quantile(ratios, 0.25),
                            quantile(own, 0.5),
                            Figure.Unit.MILLISECONDS));
        }
        return figures;
    }

    /** Milliseconds of one call, over at least so many. */
    private static double time(Runnable work, double least) {
        long start = System.nanoTime();
        long now = start;
        int calls = 0;
        do {
            work.run();
            calls++;
            now = System.nanoTime();
        } while (now - start < least * NANOS);
        return (now - start) / NANOS / calls;
    }

    /** The value below which that fraction of the values lies, between two of them if need be. */
    static double quantile(double[] values, double fraction) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        double at = fraction * (sorted.length - 1);
        int below = (int) at;
        int above = Math.min(below + 1, sorted.length - 1);
        return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
    }
}
