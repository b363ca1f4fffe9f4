package io.github.dl4jqat.examples.bench;

/**
 * How long a benchmark takes.
 *
 * @param rounds that count
 * @param warmups rounds before them
 * @param millis how long each entrant runs in a round, at the least
 */
public record Effort(int rounds, int warmups, double millis) {

    /** Checks that there are enough rounds to say something about the spread. */
    public Effort {
        if (rounds < Contest.LEAST_ROUNDS) {
            throw new IllegalArgumentException(
                    "expected at least "
                            + Contest.LEAST_ROUNDS
                            + " rounds, without which nothing can be said about the spread, got "
                            + rounds);
        }
    }

    /** The usual effort with that many rounds. */
    public static Effort of(int rounds) {
        return new Effort(rounds, 3, 100);
    }
}
