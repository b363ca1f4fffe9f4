package io.github.dl4jqat.integer;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.UUID;

/** Writes a file so that at every moment there is the old one or the new one, never half of it. */
public final class AtomicFile {

    /** What is written. */
    public interface Content {
        /** Writes all of it; the stream is closed by others. */
        void writeTo(OutputStream out) throws IOException;
    }

    private AtomicFile() {}

    /**
     * Writes a temporary neighbor and moves it to its place.
     *
     * @throws IOException if that is not possible; a file that was there before is then unharmed
     */
    public static void write(Path file, Content content) throws IOException {
        Path target = file.toAbsolutePath();
        if (target.getParent() == null || !Files.isDirectory(target.getParent())) {
            throw new NoSuchFileException(
                    file.toString(), null, "the folder to write it to does not exist");
        }
        if (Files.isDirectory(target)) {
            throw new FileSystemException(
                    file.toString(), null, "expected a file to write, this is a folder");
        }
        Path temporary =
                target.resolveSibling(
                        "." + target.getFileName() + "." + UUID.randomUUID() + ".tmp");
        try {
            try (FileChannel channel =
                            FileChannel.open(
                                    temporary,
                                    StandardOpenOption.CREATE_NEW,
                                    StandardOpenOption.WRITE);
                    OutputStream out =
                            new BufferedOutputStream(Channels.newOutputStream(channel))) {
                content.writeTo(out);
                out.flush();
                // The name must not come to stand for data that a power cut could still lose.
                channel.force(true);
            }
            try {
                Files.move(
                        temporary,
                        target,
                        StandardCopyOption.ATOMIC_MOVE,
                        StandardCopyOption.REPLACE_EXISTING);
            } catch (AtomicMoveNotSupportedException e) {
                Files.move(temporary, target, StandardCopyOption.REPLACE_EXISTING);
            }
        } catch (FileSystemException e) {
            // Nobody knows the temporary name; the file that was asked for is what cannot be
            // written.
            FileSystemException clear =
                    new FileSystemException(
                            file.toString(),
                            null,
                            "it cannot be written there (" + e.getClass().getSimpleName() + ")");
            clear.initCause(e);
            throw clear;
        } finally {
            Files.deleteIfExists(temporary);
        }
    }
}
