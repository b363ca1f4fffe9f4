package io.github.dl4jqat.examples.cli;

import io.github.dl4jqat.examples.network.Network;
import io.github.dl4jqat.integer.EngineChoice;
import io.github.dl4jqat.integer.IntegerNetwork;
import io.github.dl4jqat.integer.Qnet;
import io.github.dl4jqat.integer.QnetFormatException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.ZipException;
import java.util.zip.ZipFile;

/**
 * Reads the two kinds of model files: zips of Deeplearning4j and {@code .qnet} files. What a file
 * is follows from its content, not from its name.
 */
final class NetworkFile {

    private static final String CONFIGURATION = "configuration.json";
    private static final String COEFFICIENTS = "coefficients.bin";
    private static final String MANIFEST = "manifest.json";

    private NetworkFile() {}

    /** The two kinds. */
    enum Kind {
        DEEPLEARNING4J,
        INTEGER
    }

    /**
     * Looks into a file. A .qnet file that carries its float network too counts as integers.
     *
     * @throws InputException if it is not there or not a zip at all
     */
    static Kind kind(Path file) throws InputException {
        try (ZipFile zip = open(file)) {
            return zip.getEntry(CONFIGURATION) != null && zip.getEntry(MANIFEST) == null
                    ? Kind.DEEPLEARNING4J
                    : Kind.INTEGER;
        } catch (IOException e) {
            throw new InputException(file + ": cannot be read (" + e.getMessage() + ")", e);
        }
    }

    /**
     * Loads a network that Deeplearning4j has saved, with the state of its updater if it is there.
     *
     * @throws InputException if the file is anything else
     */
    static Network network(Path file) throws InputException {
        try (ZipFile zip = open(file)) {
            if (zip.getEntry(CONFIGURATION) == null || zip.getEntry(COEFFICIENTS) == null) {
                throw new InputException(
                        file
                                + ": expected a model saved by Deeplearning4j (a zip with "
                                + CONFIGURATION
                                + " and "
                                + COEFFICIENTS
                                + ")");
            }
        } catch (IOException e) {
            throw new InputException(file + ": cannot be read (" + e.getMessage() + ")", e);
        }
        try {
            return Network.load(file);
        } catch (IOException | RuntimeException e) {
            throw new InputException(
                    file + ": Deeplearning4j cannot load it (" + firstLine(e) + ")", e);
        }
    }

    /**
     * Loads an integer model and the engine that is to run it.
     *
     * @throws InputException if the file is anything else, or the engine is not there or cannot run
     *     it
     */
    static IntegerNetwork integer(Path file, EngineChoice engine) throws InputException {
        if (kind(file) != Kind.INTEGER) {
            throw new InputException(
                    file + ": expected a .qnet file, got a Deeplearning4j zip (see 'qat convert')");
        }
        try {
            return IntegerNetwork.of(Qnet.read(file), engine);
        } catch (QnetFormatException | UnsupportedOperationException e) {
            throw new InputException(firstLine(e), e);
        } catch (IOException e) {
            throw new InputException(file + ": cannot be read (" + firstLine(e) + ")", e);
        }
    }

    private static ZipFile open(Path file) throws InputException, IOException {
        if (!Files.exists(file)) {
            throw new InputException(file + ": no such file");
        }
        if (Files.isDirectory(file)) {
            throw new InputException(file + ": expected a model file, got a folder");
        }
        try {
            return new ZipFile(file.toFile());
        } catch (ZipException e) {
            throw new InputException(
                    file + ": neither a Deeplearning4j zip nor a .qnet file, or truncated", e);
        }
    }

    private static String firstLine(Exception e) {
        String message = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
        return message.lines().findFirst().orElse("");
    }
}
