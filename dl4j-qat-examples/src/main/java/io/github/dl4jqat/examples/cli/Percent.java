package io.github.dl4jqat.examples.cli;

import java.util.Locale;

/** Fractions for people. */
final class Percent {

    private Percent() {}

    /** With two decimals and the sign. */
    static String of(double fraction) {
        return String.format(Locale.ROOT, "%.2f %%", 100 * fraction);
    }
}
