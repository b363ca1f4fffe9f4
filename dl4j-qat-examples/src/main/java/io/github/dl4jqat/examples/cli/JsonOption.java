package io.github.dl4jqat.examples.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Option;

/** The option for what programs are to read. */
final class JsonOption {

    @Writes
    @Option(
            names = "--json",
            paramLabel = "FILE",
            description = "Write the result to this file, for programs.")
    private Path file;

    /** Writes one object with its entries in their order, if the option was given. */
    void write(Map<String, ?> entries) throws IOException {
        if (file != null) {
            Json.write(file, entries);
        }
    }

    /** Writes objects in an array, if the option was given. */
    void write(List<? extends Map<String, ?>> objects) throws IOException {
        if (file != null) {
            Json.write(file, objects);
        }
    }
}
