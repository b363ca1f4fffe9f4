package io.github.dl4jqat.integer;

import io.github.dl4jqat.quant.QuantSpec;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.nd4j.shade.jackson.databind.node.ArrayNode;

/**
 * The numbered parts of a {@code .qnet} file, each used once. Lengths are compared with the bytes
 * that are there before memory is taken. Not thread-safe.
 */
final class QnetParts {

    private final List<ByteBuffer> parts = new ArrayList<>();
    private final List<Boolean> used = new ArrayList<>();

    /** The parts that a manifest lists, which must be all entries that are left. */
    QnetParts(QnetFields manifest, Map<String, ByteBuffer> entries, String source)
            throws QnetFormatException {
        for (QnetFields part : manifest.objects("parts")) {
            String path = part.text("path");
            if (!path.equals(QnetWriter.partPath(parts.size()))) {
                throw part.error(
                        "path is '"
                                + path
                                + "', expected '"
                                + QnetWriter.partPath(parts.size())
                                + "'");
            }
            ByteBuffer content = content(part, path, entries);
            parts.add(content.order(ByteOrder.LITTLE_ENDIAN));
            used.add(false);
        }
        if (!entries.isEmpty()) {
            throw new QnetFormatException(
                    source, "entries that the manifest does not list: " + entries.keySet());
        }
    }

    /** Takes an entry out of {@code entries} and compares it with what the manifest says of it. */
    static ByteBuffer content(QnetFields part, String path, Map<String, ByteBuffer> entries)
            throws QnetFormatException {
        ByteBuffer content = entries.remove(path);
        if (content == null) {
            throw part.error("there is no entry '" + path + "'");
        }
        if (part.integer("bytes") != content.remaining()) {
            throw part.error(
                    "'"
                            + path
                            + "' has "
                            + content.remaining()
                            + " bytes, expected "
                            + part.integer("bytes"));
        }
        if (!QnetWriter.sha256(content.duplicate()).equals(part.text("sha256"))) {
            throw part.error("the SHA-256 of '" + path + "' does not match");
        }
        return content;
    }

    /** What a manifest says of an entry. */
    static void list(ArrayNode list, String path, ByteBuffer content) {
        list.addObject()
                .put("path", path)
                .put("bytes", content.remaining())
                .put("sha256", QnetWriter.sha256(content.duplicate()));
    }

    void checkAllUsed(QnetFields manifest) throws QnetFormatException {
        if (used.contains(false)) {
            throw manifest.error("part " + used.indexOf(false) + " is used by nothing");
        }
    }

    /** A part of packed integers, which must be as many as are claimed. */
    PackedLevels packed(QnetFields fields, String name, long count, QuantSpec spec)
            throws QnetFormatException {
        ByteBuffer packed = part(fields, name);
        if (count < 0 || packed.remaining() != BitPacking.bytes(count, spec.bits())) {
            throw fields.error(
                    count
                            + " integers of "
                            + spec.bits()
                            + " bits take "
                            + BitPacking.bytes(count, spec.bits())
                            + " bytes, the part has "
                            + packed.remaining());
        }
        if (count > TensorType.MAX_ELEMENTS) {
            throw fields.error(count + " integers, more than " + TensorType.MAX_ELEMENTS);
        }
        return PackedLevels.of(packed, (int) count, spec);
    }

    /** A part as it is. */
    ByteBuffer part(QnetFields fields, String name) throws QnetFormatException {
        int index = fields.integer(name);
        if (index < 0 || index >= parts.size()) {
            throw fields.error("'" + name + "' is part " + index + " of " + parts.size());
        }
        if (used.set(index, true)) {
            throw fields.error("'" + name + "' is part " + index + ", which is used already");
        }
        return parts.get(index);
    }

    private ByteBuffer words(QnetFields fields, String name) throws QnetFormatException {
        ByteBuffer part = part(fields, name);
        if (part.remaining() % Integer.BYTES != 0) {
            throw fields.error(
                    "'" + name + "' has " + part.remaining() + " bytes, no multiple of 4");
        }
        return part.duplicate().order(ByteOrder.LITTLE_ENDIAN);
    }

    /** A part of 32-bit integers. */
    int[] ints(QnetFields fields, String name) throws QnetFormatException {
        ByteBuffer part = words(fields, name);
        int[] values = new int[part.remaining() / Integer.BYTES];
        part.asIntBuffer().get(values);
        return values;
    }

    /** A part of floats. */
    float[] floats(QnetFields fields, String name) throws QnetFormatException {
        ByteBuffer part = words(fields, name);
        float[] values = new float[part.remaining() / Float.BYTES];
        part.asFloatBuffer().get(values);
        return values;
    }
}
