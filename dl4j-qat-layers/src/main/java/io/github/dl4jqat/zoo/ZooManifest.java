package io.github.dl4jqat.zoo;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.nd4j.shade.jackson.databind.ObjectMapper;
import org.nd4j.shade.jackson.databind.SerializationFeature;
import org.nd4j.shade.jackson.databind.node.ArrayNode;
import org.nd4j.shade.jackson.databind.node.ObjectNode;

/**
 * What {@code zoo.json} says: the entries of a zoo, by name and then by version. No two entries
 * have one name and version, and no two one file, not even where a file system does not tell cases
 * apart.
 *
 * <p>Immutable.
 */
final class ZooManifest {

    static final String FILE = "zoo.json";

    private static final String FORMAT = "dl4j-qat-zoo";
    private static final int MAJOR = 1;
    private static final int MINOR = 0;

    private static final ObjectMapper WRITER =
            new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);
    private static final Comparator<ZooEntry> ORDER =
            Comparator.comparing(ZooEntry::name).thenComparing(ZooEntry::parsedVersion);

    private final List<ZooEntry> entries;

    private ZooManifest(List<ZooEntry> entries) {
        this.entries = entries.stream().sorted(ORDER).toList();
        Set<String> files = new HashSet<>();
        ZooEntry before = null;
        for (ZooEntry entry : this.entries) {
            if (before != null && ORDER.compare(before, entry) == 0) {
                throw new IllegalArgumentException(
                        "there are two entries for "
                                + before.title()
                                + (before.version().equals(entry.version())
                                        ? ""
                                        : ", which is also " + entry.version()));
            }
            if (!files.add(entry.file().toLowerCase(Locale.ROOT))) {
                throw new IllegalArgumentException(
                        "there are two entries for the file " + Quote.of(entry.file()));
            }
            before = entry;
        }
        if (this.entries.size() > ZooLimits.MODELS) {
            throw new IllegalArgumentException(
                    this.entries.size()
                            + " entries, more than the "
                            + ZooLimits.MODELS
                            + " of a zoo");
        }
    }

    static ZooManifest empty() {
        return new ZooManifest(List.of());
    }

    /**
     * Reads a manifest.
     *
     * @param source what messages call it
     */
    static ZooManifest parse(byte[] json, String source) throws ZooException {
        JsonFields root = JsonFields.parse(json, source);
        String format = root.text("format");
        if (!format.equals(FORMAT)) {
            throw root.error("format is " + Quote.of(format) + ", expected '" + FORMAT + "'");
        }
        JsonFields version = root.object("formatVersion");
        int major = version.integer("major");
        int minor = version.integer("minor");
        if (major != MAJOR || minor < 0) {
            throw root.error(
                    "the zoo has format version "
                            + major
                            + "."
                            + minor
                            + ", this library reads "
                            + MAJOR
                            + ".x; use a library that knows it");
        }
        List<ZooEntry> entries = new ArrayList<>();
        for (JsonFields model : root.objects("models", ZooLimits.MODELS)) {
            entries.add(entry(model));
        }
        try {
            return new ZooManifest(entries);
        } catch (IllegalArgumentException e) {
            throw root.error(e);
        }
    }

    private static ZooEntry entry(JsonFields json) throws ZooException {
        String name = json.text("name");
        String version = json.text("version");
        String file = json.text("file");
        long bytes = json.longInteger("bytes");
        String sha256 = json.text("sha256");
        ModelCard card = CardJson.read(json.object("card"));
        try {
            return new ZooEntry(name, version, file, bytes, sha256, card);
        } catch (IllegalArgumentException e) {
            throw json.error(e);
        }
    }

    /** The manifest as its file has it. */
    byte[] toJson() throws ZooException {
        ObjectNode root = WRITER.createObjectNode();
        root.put("format", FORMAT);
        root.putObject("formatVersion").put("major", MAJOR).put("minor", MINOR);
        ArrayNode models = root.putArray("models");
        for (ZooEntry entry : entries) {
            ObjectNode model = models.addObject();
            model.put("name", entry.name());
            model.put("version", entry.version());
            model.put("file", entry.file());
            model.put("bytes", entry.bytes());
            model.put("sha256", entry.sha256());
            CardJson.write(entry.card(), model.putObject("card"));
        }
        byte[] json;
        try {
            json = (WRITER.writeValueAsString(root) + "\n").getBytes(StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new ZooException(FILE, "cannot be written", e);
        }
        if (json.length > ZooLimits.MANIFEST_BYTES) {
            throw new ZooException(
                    FILE, "would have more than the " + ZooLimits.MANIFEST_BYTES + " bytes of one");
        }
        return json;
    }

    /** All entries, by name and then from the oldest version to the newest. */
    List<ZooEntry> entries() {
        return entries;
    }

    /** The newest release of a model, or where there is none the newest version of any kind. */
    Optional<ZooEntry> newest(String name) {
        List<ZooEntry> versions =
                entries.stream().filter(entry -> entry.name().equals(name)).toList();
        return versions.stream()
                .filter(entry -> entry.parsedVersion().isRelease())
                .reduce((older, newer) -> newer)
                .or(() -> versions.stream().reduce((older, newer) -> newer));
    }

    Optional<ZooEntry> find(String name, ModelVersion version) {
        return entries.stream()
                .filter(entry -> entry.name().equals(name))
                .filter(entry -> entry.parsedVersion().equals(version))
                .findFirst();
    }

    /** With one entry more. */
    ZooManifest with(ZooEntry entry) {
        List<ZooEntry> more = new ArrayList<>(entries);
        more.add(entry);
        return new ZooManifest(more);
    }

    /** Without an entry. */
    ZooManifest without(ZooEntry entry) {
        return new ZooManifest(entries.stream().filter(other -> !other.equals(entry)).toList());
    }
}
