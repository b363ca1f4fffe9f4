package io.github.dl4jqat.integer;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.ToDoubleFunction;
import org.nd4j.shade.jackson.core.JsonFactory;
import org.nd4j.shade.jackson.core.JsonFactoryBuilder;
import org.nd4j.shade.jackson.core.JsonParser;
import org.nd4j.shade.jackson.core.JsonToken;
import org.nd4j.shade.jackson.core.StreamReadFeature;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.ObjectMapper;

/**
 * An object of the manifest with typed access to its fields; every error names the file and the
 * place. Fields that nobody asks for are passed over: a later minor version may add them.
 */
final class QnetFields {

    private static final int DEEPEST = 16;
    private static final int LONGEST_NUMBER = 20;

    /** The shortest decimal that names a double has up to 24 characters. */
    private static final int LONGEST_DECIMAL = 24;

    /** Names in a file of a stranger are not kept beyond it, and make no table of names slow. */
    private static final JsonFactory FACTORY =
            new JsonFactoryBuilder()
                    .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
                    .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .build();

    private static final ObjectMapper TREES = new ObjectMapper(FACTORY);

    private final JsonNode node;
    private final String source;
    private final String place;

    private QnetFields(JsonNode node, String source, String place) {
        this.node = node;
        this.source = source;
        this.place = place;
    }

    /** Parses a document after a look at its depth and its numbers, which costs no memory. */
    static QnetFields parse(byte[] json, String source) throws QnetFormatException {
        JsonNode root;
        try {
            scan(json, source);
            root = TREES.readTree(json);
        } catch (QnetFormatException e) {
            throw e;
        } catch (IOException e) {
            throw new QnetFormatException(
                    source, Qnet.MANIFEST + " is not JSON: " + e.getMessage(), e);
        }
        if (root == null || !root.isObject()) {
            throw new QnetFormatException(source, Qnet.MANIFEST + " is not a JSON object");
        }
        return new QnetFields(root, source, Qnet.MANIFEST);
    }

    private static void scan(byte[] json, String source) throws IOException {
        int depth = 0;
        boolean ended = false;
        try (JsonParser parser = FACTORY.createParser(json)) {
            for (JsonToken t = parser.nextToken(); t != null; t = parser.nextToken()) {
                if (ended) {
                    throw new QnetFormatException(
                            source, Qnet.MANIFEST + " goes on after its object");
                }
                if (t.isStructStart() && ++depth > DEEPEST) {
                    throw new QnetFormatException(
                            source, Qnet.MANIFEST + " is nested deeper than " + DEEPEST);
                }
                if (t.isStructEnd()) {
                    ended = --depth == 0;
                }
                if (t.isNumeric() && parser.getTextLength() > LONGEST_NUMBER) {
                    throw new QnetFormatException(
                            source, Qnet.MANIFEST + " has a number with too many digits");
                }
            }
        }
    }

    QnetFormatException error(String reason) {
        return new QnetFormatException(source, place + ": " + reason);
    }

    private JsonNode field(String name, String kind, boolean fits) throws QnetFormatException {
        JsonNode value = node.get(name);
        if (value == null || !fits) {
            throw error(
                    "'"
                            + name
                            + "' should be "
                            + kind
                            + ", is "
                            + (value == null ? "missing" : value.getNodeType().toString()));
        }
        return value;
    }

    boolean has(String name) {
        return node.has(name);
    }

    String text(String name) throws QnetFormatException {
        return field(name, "text", node.path(name).isTextual()).textValue();
    }

    boolean flag(String name) throws QnetFormatException {
        return field(name, "true or false", node.path(name).isBoolean()).booleanValue();
    }

    int integer(String name) throws QnetFormatException {
        boolean fits = node.path(name).isIntegralNumber() && node.path(name).canConvertToInt();
        return field(name, "an integer of 32 bits", fits).intValue();
    }

    float positiveFloat(String name) throws QnetFormatException {
        return (float) parsed(name, text(name), LONGEST_NUMBER, Float::parseFloat);
    }

    /** A number that is written as text, so that it comes back exactly. */
    double decimal(String name) throws QnetFormatException {
        return parsed(name, text(name), LONGEST_DECIMAL, Double::parseDouble);
    }

    /** A list of floats that are written as texts. */
    List<Float> floats(String name) throws QnetFormatException {
        List<Float> floats = new ArrayList<>();
        for (String text : texts(name)) {
            floats.add((float) parsed(name, text, LONGEST_NUMBER, Float::parseFloat));
        }
        return floats;
    }

    private double parsed(String name, String text, int longest, ToDoubleFunction<String> parser)
            throws QnetFormatException {
        if (text.length() > longest) {
            throw error("'" + name + "' is too long for a number");
        }
        try {
            return parser.applyAsDouble(text);
        } catch (NumberFormatException e) {
            throw new QnetFormatException(
                    source, place + ": '" + name + "' is no number: " + text, e);
        }
    }

    <E extends Enum<E>> E choice(String name, Class<E> type) throws QnetFormatException {
        String text = text(name);
        for (E value : type.getEnumConstants()) {
            if (value.name().equals(text)) {
                return value;
            }
        }
        throw error(
                "'"
                        + name
                        + "' is '"
                        + text
                        + "', expected one of "
                        + Arrays.toString(type.getEnumConstants()));
    }

    QnetFields object(String name) throws QnetFormatException {
        JsonNode value = field(name, "an object", node.path(name).isObject());
        return new QnetFields(value, source, place + "." + name);
    }

    List<QnetFields> objects(String name) throws QnetFormatException {
        JsonNode array = field(name, "a list of objects", node.path(name).isArray());
        List<QnetFields> objects = new ArrayList<>();
        for (JsonNode value : array) {
            String where = place + "." + name + "[" + objects.size() + "]";
            if (!value.isObject()) {
                throw new QnetFormatException(source, where + " is not an object");
            }
            objects.add(new QnetFields(value, source, where));
        }
        return objects;
    }

    List<String> texts(String name) throws QnetFormatException {
        JsonNode array = field(name, "a list of texts", node.path(name).isArray());
        List<String> texts = new ArrayList<>();
        for (JsonNode value : array) {
            if (!value.isTextual()) {
                throw error("'" + name + "' should be a list of texts, has " + value.getNodeType());
            }
            texts.add(value.textValue());
        }
        return texts;
    }

    List<Integer> integers(String name) throws QnetFormatException {
        JsonNode array = field(name, "a list of integers", node.path(name).isArray());
        List<Integer> integers = new ArrayList<>();
        for (JsonNode value : array) {
            if (!value.isIntegralNumber() || !value.canConvertToInt()) {
                throw error("'" + name + "' should be a list of integers of 32 bits");
            }
            integers.add(value.intValue());
        }
        return integers;
    }

    /** The names of all fields. */
    List<String> names() {
        List<String> names = new ArrayList<>();
        node.fieldNames().forEachRemaining(names::add);
        return names;
    }
}
