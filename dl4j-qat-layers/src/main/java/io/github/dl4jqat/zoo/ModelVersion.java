package io.github.dl4jqat.zoo;

import java.util.Arrays;
import java.util.regex.Pattern;

/**
 * A version such as {@code 2}, {@code 1.10} or {@code 1.2.0-rc1}: one to four numbers, and a word
 * for what comes before a release.
 *
 * <p>Numbers compare as numbers, missing ones count as 0, so {@code 1.2} and {@code 1.2.0} are one
 * version. A version with a word is older than the same one without; words compare piece by piece
 * between their dots, numbers as numbers and before other pieces, a longer one after its beginning.
 */
final class ModelVersion implements Comparable<ModelVersion> {

    private static final int LONGEST = 40;
    private static final int NUMBERS = 4;
    private static final Pattern FORM =
            Pattern.compile(
                    "(0|[1-9][0-9]{0,8})(\\.(0|[1-9][0-9]{0,8})){0,3}"
                            + "(-[0-9a-z]+(\\.[0-9a-z]+)*)?");
    private static final Pattern NUMBER = Pattern.compile("[0-9]{1,9}");

    private final String text;
    private final int[] numbers = new int[NUMBERS];
    private final String[] words;

    private ModelVersion(String text) {
        this.text = text;
        int dash = text.indexOf('-');
        String[] parts = (dash < 0 ? text : text.substring(0, dash)).split("\\.", -1);
        for (int i = 0; i < parts.length; i++) {
            numbers[i] = Integer.parseInt(parts[i]);
        }
        this.words = dash < 0 ? new String[0] : text.substring(dash + 1).split("\\.", -1);
    }

    /**
     * Reads a version.
     *
     * @throws IllegalArgumentException if it has another form
     */
    static ModelVersion of(String text) {
        if (text == null || text.length() > LONGEST || !FORM.matcher(text).matches()) {
            throw new IllegalArgumentException(
                    "version "
                            + Quote.of(text)
                            + " is none; write one to four numbers and perhaps a word in lower"
                            + " case, such as 1.2.0 or 1.2.0-rc1");
        }
        return new ModelVersion(text);
    }

    /** Whether there is no word behind the numbers. */
    boolean isRelease() {
        return words.length == 0;
    }

    @Override
    public int compareTo(ModelVersion other) {
        int byNumbers = Arrays.compare(numbers, other.numbers);
        if (byNumbers != 0) {
            return byNumbers;
        }
        if (words.length == 0 || other.words.length == 0) {
            return Boolean.compare(words.length == 0, other.words.length == 0);
        }
        return Arrays.compare(words, other.words, ModelVersion::compareWords);
    }

    private static int compareWords(String a, String b) {
        boolean numberA = NUMBER.matcher(a).matches();
        boolean numberB = NUMBER.matcher(b).matches();
        if (numberA && numberB) {
            return Integer.compare(Integer.parseInt(a), Integer.parseInt(b));
        }
        return numberA == numberB ? a.compareTo(b) : numberA ? -1 : 1;
    }

    @Override
    public boolean equals(Object o) {
        return o instanceof ModelVersion other && compareTo(other) == 0;
    }

    @Override
    public int hashCode() {
        // not the words: "01" and "1" compare as equal
        return Arrays.hashCode(numbers);
    }

    @Override
    public String toString() {
        return text;
    }
}
