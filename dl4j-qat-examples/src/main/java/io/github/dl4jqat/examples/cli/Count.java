package io.github.dl4jqat.examples.cli;

import java.util.Locale;

/** Counts in words: one model, but two models. */
final class Count {

    private Count() {}

    /** The number and the noun, with an s unless it is one. */
    static String of(long number, String noun) {
        return String.format(Locale.ROOT, "%,d %s%s", number, noun, number == 1 ? "" : "s");
    }
}
