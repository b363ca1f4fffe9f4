package io.github.dl4jqat.integer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Errors about places of files name the file that was asked for, never a temporary one. */
class FilePlacesTest {

    @TempDir private Path folder;

    @Test
    void missingFolder_isNamed() {
        Path file = folder.resolve("none").resolve("m.qnet");
        assertThatThrownBy(() -> AtomicFile.write(file, out -> out.write(1)))
                .isInstanceOf(NoSuchFileException.class)
                .hasMessage(file + ": the folder to write it to does not exist");
    }

    @Test
    void folderInsteadOfAFile_isNamed() throws IOException {
        assertThatThrownBy(() -> AtomicFile.write(folder, out -> out.write(1)))
                .isInstanceOf(FileSystemException.class)
                .hasMessageStartingWith(folder + ": expected a file to write");
        assertThatThrownBy(() -> Qnet.read(folder))
                .isInstanceOf(FileSystemException.class)
                .hasMessageStartingWith(folder + ": expected a .qnet file");
        try (var files = Files.list(folder)) {
            assertThat(files).isEmpty();
        }
    }
}
