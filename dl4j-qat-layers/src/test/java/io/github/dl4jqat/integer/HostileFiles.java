package io.github.dl4jqat.integer;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.ObjectMapper;
import org.nd4j.shade.jackson.databind.node.ArrayNode;
import org.nd4j.shade.jackson.databind.node.ContainerNode;
import org.nd4j.shade.jackson.databind.node.JsonNodeFactory;
import org.nd4j.shade.jackson.databind.node.ObjectNode;

/**
 * Bad files made of good ones: damaged at random, or changed in their structure by somebody who
 * gets every length and checksum right.
 */
final class HostileFiles {

    private static final ObjectMapper TREES = new ObjectMapper();
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
    private static final int[] NUMBERS = {
        0,
        1,
        -1,
        2,
        3,
        16,
        17,
        255,
        256,
        65_535,
        65_536,
        65_537,
        1 << 28,
        (1 << 28) + 1,
        1 << 30,
        Integer.MAX_VALUE - 1,
        Integer.MAX_VALUE,
        Integer.MIN_VALUE
    };
    private static final String[] TEXTS = {
        "",
        "x",
        "q",
        "NaN",
        "Infinity",
        "-1",
        "0",
        "1e-45",
        "1e-30",
        "1e-20",
        "1e20",
        "1e38",
        "0x1p3",
        "AFFINE",
        "SYMMETRIC",
        "MID_RISE",
        "PER_TENSOR",
        "PER_CHANNEL",
        "PER_GROUP",
        "MAX",
        "SUM",
        "\u001b[2J\n",
        "../../x"
    };

    private final Random random;
    private final Map<String, byte[]> entries;

    HostileFiles(byte[] good, Random random) throws IOException {
        this.random = random;
        this.entries = new LinkedHashMap<>();
        StoredZip.read(good, "good")
                .forEach(
                        (name, content) -> {
                            byte[] copy = new byte[content.remaining()];
                            content.get(copy);
                            entries.put(name, copy);
                        });
    }

    /** Bytes flipped, cut off, put in, moved or doubled. */
    byte[] damaged(byte[] good) {
        byte[] bad = good.clone();
        for (int n = random.nextInt(4); n >= 0; n--) {
            bad = damagedOnce(bad);
        }
        return bad;
    }

    private byte[] damagedOnce(byte[] good) {
        int at = random.nextInt(good.length + 1);
        int length = Math.min(good.length - at, 1 + random.nextInt(64));
        return switch (random.nextInt(6)) {
            case 0 -> {
                byte[] bad = good.clone();
                if (at < bad.length) {
                    bad[at] ^= (byte) (1 << random.nextInt(Byte.SIZE));
                }
                yield bad;
            }
            case 1 -> Arrays.copyOf(good, at);
            case 2 -> spliced(good, at, 0, new byte[1 + random.nextInt(64)]);
            case 3 -> spliced(good, at, length, new byte[0]);
            case 4 -> spliced(good, at, 0, Arrays.copyOfRange(good, at, at + length));
            default -> {
                byte[] bad = good.clone();
                int value = NUMBERS[random.nextInt(NUMBERS.length)];
                for (int i = 0; i < Integer.BYTES && at + i < bad.length; i++) {
                    bad[at + i] = (byte) (value >> (Byte.SIZE * i));
                }
                yield bad;
            }
        };
    }

    private static byte[] spliced(byte[] bytes, int at, int removed, byte[] added) {
        ByteBuffer out = ByteBuffer.allocate(bytes.length - removed + added.length);
        out.put(bytes, 0, at).put(added).put(bytes, at + removed, bytes.length - at - removed);
        return out.array();
    }

    /** A file with other fields or other parts, and sums that fit them. */
    byte[] rebuilt() throws IOException {
        Map<String, byte[]> changed = new LinkedHashMap<>(entries);
        ObjectNode manifest = (ObjectNode) TREES.readTree(changed.get(Qnet.MANIFEST));
        for (int n = random.nextInt(3); n >= 0; n--) {
            if (random.nextInt(6) == 0) {
                changePart(changed);
            } else {
                change(manifest);
            }
        }
        for (JsonNode part : manifest.path("parts")) {
            byte[] content = changed.get(part.path("path").asText());
            if (content != null && part instanceof ObjectNode node) {
                node.put("bytes", content.length);
                node.put("sha256", QnetWriter.sha256(ByteBuffer.wrap(content)));
            }
        }
        return zip(changed, TREES.writeValueAsBytes(manifest));
    }

    static byte[] zip(Map<String, byte[]> entries, byte[] manifest) throws IOException {
        Map<String, byte[]> all = new LinkedHashMap<>(entries);
        all.put(Qnet.MANIFEST, manifest);
        String hash = QnetWriter.sha256(ByteBuffer.wrap(manifest));
        all.put(Qnet.MANIFEST_HASH, hash.getBytes(StandardCharsets.US_ASCII));
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        StoredZip.write(all, out);
        return out.toByteArray();
    }

    private void changePart(Map<String, byte[]> all) {
        List<String> parts =
                all.keySet().stream().filter(name -> name.startsWith("tensors/")).toList();
        String name = parts.get(random.nextInt(parts.size()));
        byte[] content = all.get(name);
        all.put(name, content.length == 0 ? new byte[] {1} : damaged(content));
    }

    private void change(ObjectNode manifest) {
        List<ContainerNode<?>> containers = new ArrayList<>();
        collect(manifest, containers);
        ContainerNode<?> chosen = containers.get(random.nextInt(containers.size()));
        if (chosen instanceof ObjectNode object) {
            List<String> names = new ArrayList<>();
            object.fieldNames().forEachRemaining(names::add);
            String name = names.get(random.nextInt(names.size()));
            if (random.nextInt(12) == 0) {
                object.remove(name);
            } else {
                object.set(name, other(object.get(name), name, containers));
            }
        } else {
            ArrayNode array = (ArrayNode) chosen;
            int i = random.nextInt(array.size());
            int k = random.nextInt(array.size());
            switch (random.nextInt(5)) {
                case 0 -> array.remove(i);
                case 1 -> array.add(array.get(i).deepCopy());
                case 2 -> {
                    JsonNode first = array.get(i);
                    array.set(i, array.get(k));
                    array.set(k, first);
                }
                default -> array.set(i, other(array.get(i), "", containers));
            }
        }
    }

    private static void collect(JsonNode node, List<ContainerNode<?>> containers) {
        if (node instanceof ContainerNode<?> container && node.size() > 0) {
            containers.add(container);
            node.forEach(child -> collect(child, containers));
        }
    }

    /** Something else in place of a value: of the same kind as a rule, so that it goes far. */
    private JsonNode other(JsonNode old, String field, List<ContainerNode<?>> containers) {
        int dice = random.nextInt(10);
        if (dice == 0) {
            return scalar();
        }
        if (dice < 4) {
            // What stands in a field of this name elsewhere: another tensor, part, window, spec.
            List<JsonNode> same = new ArrayList<>();
            for (ContainerNode<?> c : containers) {
                if (c.has(field)) {
                    same.add(c.get(field));
                }
            }
            if (!same.isEmpty()) {
                return same.get(random.nextInt(same.size())).deepCopy();
            }
        }
        if (old.isInt()) {
            int n = old.intValue();
            return JSON.numberNode(
                    switch (random.nextInt(5)) {
                        case 0 -> n + 1;
                        case 1 -> n - 1;
                        case 2 -> n * 2;
                        case 3 -> -n;
                        default -> NUMBERS[random.nextInt(NUMBERS.length)];
                    });
        }
        if (old.isTextual()) {
            return JSON.textNode(TEXTS[random.nextInt(TEXTS.length)]);
        }
        return old.isBoolean() ? JSON.booleanNode(!old.booleanValue()) : scalar();
    }

    private JsonNode scalar() {
        return switch (random.nextInt(6)) {
            case 0 -> JSON.nullNode();
            case 1 -> JSON.booleanNode(random.nextBoolean());
            case 2 -> JSON.textNode(TEXTS[random.nextInt(TEXTS.length)]);
            case 3 -> JSON.numberNode(0.5);
            case 4 -> random.nextBoolean() ? JSON.arrayNode() : JSON.objectNode();
            default -> JSON.numberNode(NUMBERS[random.nextInt(NUMBERS.length)]);
        };
    }
}
