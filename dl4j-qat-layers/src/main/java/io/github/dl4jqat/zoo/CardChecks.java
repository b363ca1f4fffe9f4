package io.github.dl4jqat.zoo;

import java.util.List;
import java.util.Objects;

/** What the texts of a card may be: bounded, and nothing that moves a terminal's cursor. */
final class CardChecks {

    private static final int LONGEST_WORD = 100;

    private CardChecks() {}

    /** A short text that must be there. */
    static void word(String field, String value) {
        if (value == null || value.isBlank() || value.length() > LONGEST_WORD) {
            throw new IllegalArgumentException(
                    field
                            + ": "
                            + Quote.of(value)
                            + ", expected a text of 1 to "
                            + LONGEST_WORD
                            + " characters");
        }
        printable(field, value);
    }

    /** A text that may be empty. */
    static void text(String field, String value) {
        if (value == null || value.length() > ZooLimits.TEXT) {
            throw new IllegalArgumentException(
                    field
                            + ": "
                            + Quote.of(value)
                            + ", expected a text of at most "
                            + ZooLimits.TEXT
                            + " characters");
        }
        printable(field, value);
    }

    private static void printable(String field, String value) {
        if (value.chars().anyMatch(c -> c != '\n' && Character.isISOControl(c))) {
            throw new IllegalArgumentException(
                    field + ": " + Quote.of(value) + " has control characters");
        }
    }

    static List<String> words(String field, List<String> values) {
        List<String> copy = list(field, values);
        copy.forEach(value -> word(field, value));
        return copy;
    }

    static List<String> texts(String field, List<String> values) {
        List<String> copy = list(field, values);
        copy.forEach(value -> text(field, value));
        return copy;
    }

    static <T> List<T> list(String field, List<T> values) {
        if (values == null
                || values.size() > ZooLimits.LIST
                || values.stream().anyMatch(Objects::isNull)) {
            throw new IllegalArgumentException(
                    field + ": expected a list of at most " + ZooLimits.LIST + " elements");
        }
        return List.copyOf(values);
    }
}
