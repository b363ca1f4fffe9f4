package io.github.dl4jqat.integer;

import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.nd4j.shade.jackson.databind.node.ArrayNode;
import org.nd4j.shade.jackson.databind.node.ObjectNode;

/** The entries of a {@code .qnet} file that the integer model can do without. */
final class QnetExtras {

    private static final String CONFIGURATION = "configuration.json";
    private static final String COEFFICIENTS = "coefficients.bin";
    private static final Set<String> KNOWN = Set.of(CONFIGURATION, COEFFICIENTS);

    /**
     * What else Deeplearning4j looks for in a zip, some of it serialized Java objects. No version
     * may carry them: the file would not be safe in its hands.
     */
    private static final Set<String> FORBIDDEN =
            Set.of("updaterState.bin", "normalizer.bin", "preprocessor.bin", "noParams.marker");

    private static final Pattern PLAIN_NAME = Pattern.compile("[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}");

    private QnetExtras() {}

    /** Lists the float network in a manifest, and tells its entries. */
    static Map<String, byte[]> write(FloatNetwork network, ObjectNode manifest) {
        Map<String, byte[]> entries = new LinkedHashMap<>();
        if (network != null) {
            entries.put(CONFIGURATION, copy(network.configuration()));
            entries.put(COEFFICIENTS, copy(network.coefficients()));
            ArrayNode list = manifest.putArray("extras");
            entries.forEach((path, bytes) -> QnetParts.list(list, path, ByteBuffer.wrap(bytes)));
        }
        return entries;
    }

    private static byte[] copy(ByteBuffer bytes) {
        byte[] copy = new byte[bytes.remaining()];
        bytes.get(copy);
        return copy;
    }

    /**
     * Takes the extra entries out of {@code entries} and checks each.
     *
     * @param later whether the file is of a later minor version, whose extras need not be known
     * @return the float network, or null if there is none
     */
    static FloatNetwork read(QnetFields manifest, Map<String, ByteBuffer> entries, boolean later)
            throws QnetFormatException {
        if (!manifest.has("extras")) {
            return null;
        }
        Map<String, ByteBuffer> extras = new HashMap<>();
        for (QnetFields extra : manifest.objects("extras")) {
            String path = extra.text("path");
            boolean allowed =
                    KNOWN.contains(path)
                            || (later
                                    && PLAIN_NAME.matcher(path).matches()
                                    && !FORBIDDEN.contains(path));
            if (!allowed) {
                throw extra.error("'" + path + "' is none of the extra entries " + KNOWN);
            }
            extras.put(path, QnetParts.content(extra, path, entries));
        }
        ByteBuffer configuration = extras.get(CONFIGURATION);
        ByteBuffer coefficients = extras.get(COEFFICIENTS);
        if (configuration == null && coefficients == null) {
            return null;
        }
        if (configuration == null
                || coefficients == null
                || !configuration.hasRemaining()
                || !coefficients.hasRemaining()) {
            throw manifest.error(
                    CONFIGURATION
                            + " and "
                            + COEFFICIENTS
                            + " go together and are not empty; one of them is missing or empty");
        }
        return FloatNetwork.over(configuration, coefficients);
    }
}
