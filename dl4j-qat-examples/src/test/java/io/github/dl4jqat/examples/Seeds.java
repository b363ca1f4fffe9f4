package io.github.dl4jqat.examples;

/** The one seed of these tests: printed, and chosen with {@code -Dqat.seed=...}. */
public final class Seeds {

    private static final long SEED = read();

    private Seeds() {}

    /** The seed of this run. */
    public static long seed() {
        return SEED;
    }

    private static long read() {
        String chosen = System.getProperty("qat.seed", "");
        // an unset Maven property arrives as its own name
        boolean none = chosen.isBlank() || chosen.startsWith("${");
        long seed = none ? 20_260 : Long.parseLong(chosen);
        System.out.println("Seed of the tests: -Dqat.seed=" + seed);
        return seed;
    }
}
