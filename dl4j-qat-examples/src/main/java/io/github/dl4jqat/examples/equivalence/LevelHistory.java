package io.github.dl4jqat.examples.equivalence;

import java.util.Arrays;

/**
 * When the weights of a network changed their level, and to which: the change points. Not
 * thread-safe.
 */
final class LevelHistory {

    private static final int PATTERN = 4;

    private final int[] first;
    private final int[] last;
    private int[] weights = new int[1024];
    private int[] steps = new int[1024];
    private int[] levels = new int[1024];
    private int changes;

    /** Starts with the levels before the first step; takes a copy. */
    LevelHistory(int[] levels) {
        first = levels.clone();
        last = levels.clone();
    }

    /** The level of a weight after a step; steps do not fall. */
    void note(int step, int weight, int level) {
        if (last[weight] == level) {
            return;
        }
        last[weight] = level;
        if (changes == weights.length) {
            weights = Arrays.copyOf(weights, 2 * changes);
            steps = Arrays.copyOf(steps, 2 * changes);
            levels = Arrays.copyOf(levels, 2 * changes);
        }
        weights[changes] = weight;
        steps[changes] = step;
        levels[changes++] = level;
    }

    /** The levels after the last step. */
    int[] levels() {
        return last.clone();
    }

    /** How many changes there were. */
    int changes() {
        return changes;
    }

    /**
     * Compares with another history of as many weights.
     *
     * @param compressed whether the repetitions in a sequence such as {@code a b a b} are taken out
     *     first
     */
    SequenceAgreement agreement(LevelHistory other, boolean compressed) {
        Sequences mine = new Sequences(this);
        Sequences others = new Sequences(other);
        int equal = 0;
        int changed = 0;
        int equalChanged = 0;
        long points = 0;
        long distance = 0;
        for (int w = 0; w < first.length; w++) {
            int[][] a = mine.of(w, compressed);
            int[][] b = others.of(w, compressed);
            boolean same = Arrays.equals(a[0], b[0]);
            boolean moved = a[0].length > 1 || b[0].length > 1;
            equal += same ? 1 : 0;
            changed += moved ? 1 : 0;
            if (same && moved) {
                equalChanged++;
                for (int i = 1; i < a[1].length; i++) {
                    distance += Math.abs(a[1][i] - b[1][i]);
                    points++;
                }
            }
        }
        return new SequenceAgreement(
                (double) equal / first.length,
                (double) changed / first.length,
                changed == 0 ? 1 : (double) equalChanged / changed,
                points == 0 ? 0 : (double) distance / points);
    }

    /** The changes sorted by weight. */
    private static final class Sequences {

        private final LevelHistory history;
        private final int[] start;
        private final int[] order;

        Sequences(LevelHistory history) {
            this.history = history;
            start = new int[history.first.length + 1];
            for (int i = 0; i < history.changes; i++) {
                start[history.weights[i] + 1]++;
            }
            for (int w = 0; w < history.first.length; w++) {
                start[w + 1] += start[w];
            }
            int[] next = start.clone();
            order = new int[history.changes];
            for (int i = 0; i < history.changes; i++) {
                order[next[history.weights[i]]++] = i;
            }
        }

        /** Levels, the first one included, and the steps at which they were reached. */
        int[][] of(int weight, boolean compressed) {
            int n = start[weight + 1] - start[weight];
            int[] levels = new int[n + 1];
            int[] steps = new int[n + 1];
            levels[0] = history.first[weight];
            int length = 1;
            for (int i = start[weight]; i < start[weight + 1]; i++) {
                levels[length] = history.levels[order[i]];
                steps[length++] = history.steps[order[i]];
                if (compressed) {
                    length = withoutRepetition(levels, steps, length);
                }
            }
            return new int[][] {Arrays.copyOf(levels, length), Arrays.copyOf(steps, length)};
        }

        /** Takes the middle pair out of a b a b at the end: what is left is a b. */
        private static int withoutRepetition(int[] levels, int[] steps, int length) {
            int n = length;
            while (n >= PATTERN
                    && levels[n - 1] == levels[n - 3]
                    && levels[n - 2] == levels[n - 4]) {
                levels[n - 3] = levels[n - 1];
                steps[n - 3] = steps[n - 1];
                n -= 2;
            }
            return n;
        }
    }
}
