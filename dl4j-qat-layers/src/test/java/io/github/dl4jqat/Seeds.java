package io.github.dl4jqat;

import java.util.Random;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.jupiter.api.extension.TestWatcher;

/**
 * Gives a test method that asks for a {@link Random} one with the seed of this run, and prints the
 * seed when a test fails. {@code -Dqat.seed=...} repeats a run.
 */
public final class Seeds implements ParameterResolver, TestWatcher {

    /** The same in every build, so that a build fails for a change and for nothing else. */
    private static final long DEFAULT = 20_260;

    private static final long SEED = seed();

    private static long seed() {
        String given = System.getProperty("qat.seed", "");
        // The build passes the property on without knowing whether it is set.
        return given.matches("-?\\d+") ? Long.parseLong(given) : DEFAULT;
    }

    /** The seed of this run. */
    public static long current() {
        return SEED;
    }

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext test) {
        return parameter.getParameter().getType() == Random.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext test) {
        return new Random(SEED);
    }

    @Override
    public void testFailed(ExtensionContext test, Throwable cause) {
        System.err.println(test.getDisplayName() + " failed; repeat with -Dqat.seed=" + SEED);
    }
}
