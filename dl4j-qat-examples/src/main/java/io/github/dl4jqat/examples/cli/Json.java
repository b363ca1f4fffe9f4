package io.github.dl4jqat.examples.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.nd4j.shade.jackson.databind.ObjectMapper;
import org.nd4j.shade.jackson.databind.SerializationFeature;

/** Writes results for programs to read, with the JSON writer that ND4J carries anyway. */
final class Json {

    private static final ObjectMapper MAPPER =
            new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

    private Json() {}

    /** Writes the entries in their order as one JSON object. */
    static void write(Path file, Map<String, ?> entries) throws IOException {
        writeValue(file, entries);
    }

    /** Writes the objects, each with its entries in their order, as one JSON array. */
    static void write(Path file, List<? extends Map<String, ?>> objects) throws IOException {
        writeValue(file, objects);
    }

    private static void writeValue(Path file, Object value) throws IOException {
        String text = MAPPER.writeValueAsString(value) + "\n";
        AtomicFile.write(file, draft -> Files.writeString(draft, text));
    }
}
