package io.github.dl4jqat.zoo;

import java.util.Set;
import java.util.regex.Pattern;

/**
 * Which names and paths a zoo may use: those that mean the same on every file system and in every
 * URL, and that cannot leave the zoo. There is no {@code ..}, no absolute path, no backslash, no
 * drive, no percent sign and nothing hidden, because a segment begins with a letter or digit and
 * has few other characters.
 */
final class ZooNames {

    static final String EXTENSION = ".qnet";

    private static final Pattern NAME =
            Pattern.compile("[a-z0-9][a-z0-9._-]{0,62}[a-z0-9]|[a-z0-9]");
    private static final Pattern SEGMENT =
            Pattern.compile("[A-Za-z0-9]([A-Za-z0-9._+-]{0,98}[A-Za-z0-9])?");
    private static final Pattern DEVICE =
            Pattern.compile("(?i)(con|prn|aux|nul|com[0-9]|lpt[0-9])(\\..*)?");
    private static final int LONGEST_PATH = 240;
    private static final int MOST_SEGMENTS = 8;

    /** Names at the top of a folder that a zoo uses itself. */
    private static final Set<String> OWN = Set.of("zoo.json");

    private ZooNames() {}

    /**
     * Passes a good name on.
     *
     * @throws IllegalArgumentException if it is none
     */
    static String name(String name) {
        if (name == null || !NAME.matcher(name).matches() || DEVICE.matcher(name).matches()) {
            throw new IllegalArgumentException(
                    "model name "
                            + Quote.of(name)
                            + " is none; use 1 to 64 lower-case letters, digits, dots, dashes and"
                            + " underscores, a letter or digit first and last");
        }
        return name;
    }

    /**
     * Passes the path of a model file on.
     *
     * @throws IllegalArgumentException if it could lie outside of the zoo or is not portable
     */
    static String path(String path) {
        boolean good = path != null && path.length() <= LONGEST_PATH && !OWN.contains(path);
        if (good) {
            String[] segments = path.split("/", -1);
            good = segments.length <= MOST_SEGMENTS;
            for (String segment : segments) {
                good &= SEGMENT.matcher(segment).matches() && !DEVICE.matcher(segment).matches();
            }
        }
        if (!good) {
            throw new IllegalArgumentException(
                    "file "
                            + Quote.of(path)
                            + " is no path of a zoo; it must lie inside of the zoo, with '/'"
                            + " between names of letters, digits, '.', '_', '+' and '-'");
        }
        return path;
    }

    /** Where {@link IntegerModelZoo#publish} puts a model. */
    static String pathOf(String name, ModelVersion version) {
        return name + "/" + name + "-" + version + EXTENSION;
    }
}
