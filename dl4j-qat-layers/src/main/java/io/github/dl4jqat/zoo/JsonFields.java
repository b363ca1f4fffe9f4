package io.github.dl4jqat.zoo;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.nd4j.shade.jackson.core.JsonFactory;
import org.nd4j.shade.jackson.core.JsonParser;
import org.nd4j.shade.jackson.core.JsonToken;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.ObjectMapper;

/**
 * An object of a manifest; asked for a field, it gives one of the right kind or says where in which
 * document there is none. Only the tree model of Jackson is used: no class is ever named by a
 * document. Fields that nobody asks for are passed over, a later minor version may add them.
 */
final class JsonFields {

    /** The shortest decimal that names a double has up to 24 characters. */
    private static final int LONGEST_NUMBER = 24;

    private static final ObjectMapper TREES = new ObjectMapper();

    private final JsonNode node;
    private final String source;
    private final String place;

    private JsonFields(JsonNode node, String source, String place) {
        this.node = node;
        this.source = source;
        this.place = place;
    }

    /**
     * Parses a document, after a pass over its tokens that takes no memory: depth, lengths of
     * numbers, fields that are there twice, text behind the end.
     */
    static JsonFields parse(byte[] json, String source) throws ZooException {
        JsonNode root;
        try {
            scan(json, source);
            root = TREES.readTree(json);
        } catch (ZooException e) {
            throw e;
        } catch (IOException e) {
            throw new ZooException(source, "not a manifest of a zoo, not even JSON", e);
        }
        if (root == null || !root.isObject()) {
            throw new ZooException(source, "not a manifest of a zoo, no JSON object");
        }
        return new JsonFields(root, source, "");
    }

    private static void scan(byte[] json, String source) throws IOException {
        JsonFactory factory =
                new JsonFactory().enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION);
        int depth = 0;
        int roots = 0;
        try (JsonParser parser = factory.createParser(json)) {
            JsonToken token = parser.nextToken();
            while (token != null) {
                roots += depth == 0 ? 1 : 0;
                if (token.isStructStart()) {
                    depth++;
                } else if (token.isStructEnd()) {
                    depth--;
                    // an end at the top belongs to a start that was counted before
                } else if (token.isNumeric() && parser.getTextLength() > LONGEST_NUMBER) {
                    throw new ZooException(source, "a number has too many digits");
                }
                if (depth > ZooLimits.DEPTH) {
                    throw new ZooException(
                            source, "nested deeper than the " + ZooLimits.DEPTH + " of a manifest");
                }
                if (roots > 1) {
                    throw new ZooException(source, "something follows the manifest's object");
                }
                token = parser.nextToken();
            }
        }
    }

    ZooException error(String reason) {
        return new ZooException(source, place.isEmpty() ? reason : place + ": " + reason);
    }

    ZooException error(IllegalArgumentException cause) {
        return new ZooException(
                source, (place.isEmpty() ? "" : place + ": ") + cause.getMessage(), cause);
    }

    private JsonNode field(String name, String kind, Predicate<JsonNode> fits) throws ZooException {
        JsonNode value = node.get(name);
        if (value == null) {
            throw error("'" + name + "' is missing, expected " + kind);
        }
        if (!fits.test(value)) {
            throw error("'" + name + "' is " + value.getNodeType() + ", expected " + kind);
        }
        return value;
    }

    boolean has(String name) {
        return node.hasNonNull(name);
    }

    String text(String name) throws ZooException {
        return field(name, "a text", JsonNode::isTextual).textValue();
    }

    int integer(String name) throws ZooException {
        return field(name, "an integer of 32 bits", JsonFields::isInt).intValue();
    }

    long longInteger(String name) throws ZooException {
        return field(
                        name,
                        "an integer of 64 bits",
                        value -> value.isIntegralNumber() && value.canConvertToLong())
                .longValue();
    }

    double number(String name) throws ZooException {
        return field(name, "a number", JsonNode::isNumber).doubleValue();
    }

    JsonFields object(String name) throws ZooException {
        JsonNode value = field(name, "an object", JsonNode::isObject);
        return new JsonFields(value, source, under(name));
    }

    List<JsonFields> objects(String name, int most) throws ZooException {
        List<JsonFields> objects = new ArrayList<>();
        for (JsonNode value : list(name, most, "objects", JsonNode::isObject)) {
            objects.add(new JsonFields(value, source, under(name) + "[" + objects.size() + "]"));
        }
        return objects;
    }

    List<String> texts(String name) throws ZooException {
        List<String> texts = new ArrayList<>();
        for (JsonNode value : list(name, ZooLimits.LIST, "texts", JsonNode::isTextual)) {
            texts.add(value.textValue());
        }
        return texts;
    }

    List<Integer> integers(String name) throws ZooException {
        List<Integer> integers = new ArrayList<>();
        for (JsonNode value : list(name, ZooLimits.LIST, "integers", JsonFields::isInt)) {
            integers.add(value.intValue());
        }
        return integers;
    }

    private JsonNode list(String name, int most, String kind, Predicate<JsonNode> element)
            throws ZooException {
        JsonNode list = field(name, "a list of " + kind, JsonNode::isArray);
        if (list.size() > most) {
            throw error("'" + name + "' has " + list.size() + " elements, at most " + most);
        }
        for (JsonNode value : list) {
            if (!element.test(value)) {
                throw error("'" + name + "' has " + value.getNodeType() + ", expected " + kind);
            }
        }
        return list;
    }

    private static boolean isInt(JsonNode value) {
        return value.isIntegralNumber() && value.canConvertToInt();
    }

    private String under(String name) {
        return place.isEmpty() ? name : place + "." + name;
    }
}
