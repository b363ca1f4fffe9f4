package io.github.dl4jqat.zoo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.github.dl4jqat.integer.IntegerNetwork;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Symbolic links in a folder that somebody else has made. */
class ZooSymlinksTest {

    @TempDir private Path temporary;
    private Path folder;
    private Path outside;
    private IntegerModelZoo zoo;
    private ZooEntry entry;

    @BeforeEach
    void publish() throws IOException {
        folder = temporary.resolve("zoo");
        outside = Files.createDirectory(temporary.resolve("outside"));
        zoo = IntegerModelZoo.open(folder);
        try (IntegerNetwork network = ZooModels.network(1)) {
            entry = zoo.publish("pets", "1", network, ZooModels.card());
        }
    }

    private static void link(Path from, Path to) throws IOException {
        try {
            Files.createSymbolicLink(from, to);
        } catch (UnsupportedOperationException | IOException e) {
            assumeThat(e).as("symbolic links on this file system").isNull();
        }
    }

    @Test
    void filesThatAreLinksOutOfTheZooAreNotRead() throws IOException {
        Path file = folder.resolve(entry.file());
        Path moved = outside.resolve("model.qnet");
        Files.move(file, moved);
        link(file, moved);
        assertThatThrownBy(() -> zoo.load("pets"))
                .isInstanceOf(ZooException.class)
                .hasMessageContaining("leads out of the zoo");
        assertThat(zoo.verify()).hasSize(1);
        Files.delete(moved);
        assertThatThrownBy(() -> zoo.load("pets"))
                .isInstanceOf(ZooException.class)
                .hasMessageContaining("leads nowhere");
    }

    @Test
    void foldersThatAreLinksOutOfTheZooAreNeitherReadNorWrittenNorCleared() throws IOException {
        Path models = folder.resolve("pets");
        Path moved = outside.resolve("pets");
        Files.move(models, moved);
        link(models, moved);
        assertThatThrownBy(() -> zoo.load("pets")).isInstanceOf(ZooException.class);
        try (IntegerNetwork network = ZooModels.network(2)) {
            assertThatThrownBy(() -> zoo.publish("pets", "2", network, ZooModels.card()))
                    .isInstanceOf(ZooException.class)
                    .hasMessageContaining("leads out of the zoo");
        }
        assertThat(moved.resolve("pets-2.qnet")).doesNotExist();
        assertThat(zoo.list()).containsExactly(entry);
        assertThatThrownBy(() -> zoo.remove("pets", "1")).isInstanceOf(ZooException.class);
        assertThat(moved.resolve("pets-1.qnet")).exists();
    }

    @Test
    void manifestsThatAreLinksOutOfTheZooAreNotRead() throws IOException {
        Path manifest = folder.resolve("zoo.json");
        Path moved = outside.resolve("zoo.json");
        Files.move(manifest, moved);
        link(manifest, moved);
        assertThatThrownBy(zoo::list)
                .isInstanceOf(ZooException.class)
                .hasMessageContaining("leads out of the zoo");
    }

    @Test
    void linksWithinTheZooAndToTheZooAreFine() throws IOException {
        Path file = folder.resolve(entry.file());
        Path moved = folder.resolve("moved.bin");
        Files.move(file, moved);
        link(file, moved);
        link(temporary.resolve("link"), folder);
        IntegerModelZoo.open(temporary.resolve("link")).load("pets").close();
    }
}
