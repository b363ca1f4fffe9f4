package io.github.dl4jqat.integer;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Reads and writes {@code .qnet} files, the stored form of an {@link IntegerModel}. What is written
 * and read again is equal, to the last bit of every scale. The format is specified in {@code
 * docs/qnet-format.md}.
 *
 * <p>Thread-safe.
 */
public final class Qnet {

    /** Files of another major version are refused. */
    static final int MAJOR = 1;

    /** Files of a later minor version are read; what they add is passed over. */
    static final int MINOR = 0;

    /** Far more than the largest network needs; a tree in memory is many times as large. */
    static final int LARGEST_MANIFEST = 1 << 24;

    static final String FORMAT = "qnet";
    static final String MANIFEST = "manifest.json";
    static final String MANIFEST_HASH = "manifest.sha256";

    private Qnet() {}

    /**
     * Writes a model: to a temporary neighbour first, which is then moved in place.
     *
     * @throws IOException if it cannot be written; a file that was there before is then unharmed
     */
    public static void write(IntegerModel model, Path file) throws IOException {
        write(model, Optional.empty(), file);
    }

    /**
     * Writes a model and beside it, if there is one, the float network it was made of, so that
     * Deeplearning4j's {@code ModelSerializer} reads the same file. With 8 bits that makes it about
     * five times as large.
     *
     * @throws IOException if it cannot be written; a file that was there before is then unharmed
     */
    public static void write(IntegerModel model, Optional<FloatNetwork> network, Path file)
            throws IOException {
        AtomicFile.write(file, out -> QnetWriter.write(model, network.orElse(null), out));
    }

    /**
     * Reads a model and checks every part of the file. Memory is taken in proportion to the size of
     * the file, whatever the file claims.
     *
     * @throws QnetFormatException if the file is broken; it names the file and the reason
     * @throws IOException if it cannot be read at all
     */
    public static IntegerModel read(Path file) throws IOException {
        return reader(file).read();
    }

    /** What reads a file, once its bytes are in memory. */
    static QnetReader reader(Path file) throws IOException {
        if (Files.isDirectory(file)) {
            throw new FileSystemException(
                    file.toString(), null, "expected a .qnet file, this is a folder");
        }
        long size = Files.size(file);
        if (size > StoredZip.LARGEST_FILE) {
            throw new QnetFormatException(
                    file.toString(),
                    size + " bytes, more than the " + StoredZip.LARGEST_FILE + " of a .qnet file");
        }
        return new QnetReader(Files.readAllBytes(file), file.toString());
    }

    /**
     * Reads a model from the bytes of a file.
     *
     * @param source what error messages call the file
     * @throws QnetFormatException if the bytes are broken
     */
    public static IntegerModel read(byte[] bytes, String source) throws QnetFormatException {
        return new QnetReader(bytes, source).read();
    }
}
