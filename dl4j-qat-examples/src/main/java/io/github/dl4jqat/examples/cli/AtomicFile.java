package io.github.dl4jqat.examples.cli;

import java.io.IOException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/**
 * Writes a file beside its place and moves it in when it is complete, so that nobody ever sees half
 * a file and a failure leaves the old one.
 */
final class AtomicFile {

    private AtomicFile() {}

    /** Something that writes a file. */
    @FunctionalInterface
    interface Content {
        void writeTo(Path file) throws IOException;
    }

    static void write(Path target, Content content) throws IOException {
        Path folder = target.toAbsolutePath().getParent();
        // not createTempFile: the result has to have the permissions of an ordinary file
        Path draft =
                folder.resolve(
                        "." + target.getFileName() + "." + ProcessHandle.current().pid() + ".part");
        try {
            content.writeTo(draft);
            try {
                Files.move(draft, target, StandardCopyOption.ATOMIC_MOVE);
            } catch (AtomicMoveNotSupportedException e) {
                Files.move(draft, target, StandardCopyOption.REPLACE_EXISTING);
            }
        } finally {
            Files.deleteIfExists(draft);
        }
    }

    /** Says early that a file would take the place of the one it is made of. */
    static void requireOther(Path target, Path source) throws InputException, IOException {
        if (Files.exists(target) && Files.exists(source) && Files.isSameFile(target, source)) {
            throw new InputException(
                    target + ": is what is read; write to another file, or it would be lost");
        }
    }
}
