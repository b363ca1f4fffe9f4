package io.github.dl4jqat.zoo;

import java.util.regex.Pattern;

/**
 * One model of a zoo in one version: where its file is, how to know it is the right one, and its
 * card.
 *
 * <p>Immutable and thread-safe.
 *
 * @param name lower-case letters, digits, dots, dashes and underscores
 * @param version such as {@code 1.2.0}
 * @param file the path of its {@code .qnet} file inside the zoo, with {@code /} between names
 * @param bytes the size of that file
 * @param sha256 the SHA-256 of that file, 64 lower-case hexadecimal digits
 * @param card what it is for, what it takes, how good it is
 */
public record ZooEntry(
        String name, String version, String file, long bytes, String sha256, ModelCard card) {

    private static final Pattern SHA_256 = Pattern.compile("[0-9a-f]{64}");

    /**
     * Checks every part.
     *
     * @throws IllegalArgumentException naming the part that cannot be right
     */
    public ZooEntry {
        ZooNames.name(name);
        ModelVersion.of(version);
        ZooNames.path(file);
        if (bytes < 1 || bytes > ZooLimits.MODEL_BYTES) {
            throw new IllegalArgumentException(
                    "model file of " + bytes + " bytes, expected 1 to " + ZooLimits.MODEL_BYTES);
        }
        if (sha256 == null || !SHA_256.matcher(sha256).matches()) {
            throw new IllegalArgumentException(
                    "SHA-256 " + Quote.of(sha256) + " is none; it has 64 lower-case hex digits");
        }
        if (card == null) {
            throw new IllegalArgumentException("no card for model " + name);
        }
    }

    /** The version as something to compare. */
    ModelVersion parsedVersion() {
        return ModelVersion.of(version);
    }

    /** Name and version, for messages. */
    String title() {
        return name + " " + version;
    }
}
