package io.github.dl4jqat.zoo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.dl4jqat.integer.IntegerNetwork;
import io.github.dl4jqat.integer.Qnet;
import io.github.dl4jqat.integer.QnetFormatException;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FolderZooTest {

    @TempDir private Path temporary;
    private Path folder;
    private IntegerModelZoo zoo;

    @BeforeEach
    void openZoo() {
        folder = temporary.resolve("zoo");
        zoo = IntegerModelZoo.open(folder);
    }

    private ZooEntry publish(String name, String version, long seed) throws IOException {
        try (IntegerNetwork network = ZooModels.network(seed)) {
            return zoo.publish(name, version, network, ZooModels.card());
        }
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> all = Files.walk(folder)) {
            return all.filter(Files::isRegularFile)
                    .map(folder::relativize)
                    .filter(file -> !file.toString().equals(".zoo.lock"))
                    .sorted()
                    .toList();
        }
    }

    @Test
    void whatIsPublishedIsListedAndLoaded() throws IOException {
        ZooEntry nine = publish("pets", "1.9", 1);
        ZooEntry ten = publish("pets", "1.10", 2);
        publish("pets", "2-rc1", 3);
        assertThat(ten.file()).isEqualTo("pets/pets-1.10.qnet");
        assertThat(ten.bytes()).isEqualTo(Files.size(folder.resolve(ten.file())));
        assertThat(zoo.list()).map(ZooEntry::version).containsExactly("1.9", "1.10", "2-rc1");
        assertThat(zoo.entry("pets")).isEqualTo(ten);
        assertThat(zoo.entry("pets", "1.9.0")).isEqualTo(nine);
        assertThat(zoo.card("pets")).isEqualTo(ZooModels.card());
        assertThat(zoo.card("pets", "1.9")).isEqualTo(ZooModels.card());
        assertThat(zoo.pretrainedAvailable("pets")).isTrue();
        assertThat(zoo.pretrainedAvailable("birds")).isFalse();
        try (IntegerNetwork newest = zoo.load("pets");
                IntegerNetwork same = zoo.initPretrained("pets");
                IntegerNetwork older = zoo.load("pets", "1.9")) {
            assertThat(newest.model()).isEqualTo(ZooModels.model(2)).isEqualTo(same.model());
            assertThat(older.model()).isEqualTo(ZooModels.model(1));
        }
        assertThat(zoo.verify()).isEmpty();
        assertThat(IntegerModelZoo.open(folder.toUri()).list()).isEqualTo(zoo.list());
        assertThat(files())
                .containsExactly(
                        Path.of("pets", "pets-1.10.qnet"),
                        Path.of("pets", "pets-1.9.qnet"),
                        Path.of("pets", "pets-2-rc1.qnet"),
                        Path.of("zoo.json"));
    }

    @Test
    void searchLooksForAllWords() throws IOException {
        publish("pets", "1", 1);
        publish("other-animals", "1", 2);
        assertThat(zoo.search("PETS")).hasSize(2); // one by its data set
        assertThat(zoo.search("very  animals"))
                .map(ZooEntry::name)
                .containsExactly("other-animals");
        assertThat(zoo.search("")).hasSize(2);
        assertThat(zoo.search("fish")).isEmpty();
    }

    @Test
    void publishedVersionsAreNotReplaced() throws IOException {
        publish("pets", "1.2", 1);
        byte[] manifest = Files.readAllBytes(folder.resolve("zoo.json"));
        assertThatThrownBy(() -> publish("pets", "1.2.0", 2))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("pets 1.2 already");
        assertThat(folder.resolve("zoo.json")).hasBinaryContent(manifest);
        assertThat(zoo.verify()).isEmpty();
    }

    @Test
    void cardsThatDoNotGoWithTheirModelAreNotPublished() {
        ModelCard wrong = ZooModels.card().toBuilder().labels("one").build();
        try (IntegerNetwork network = ZooModels.network(1)) {
            assertThatThrownBy(() -> zoo.publish("pets", "1", network, wrong))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("1 labels");
            assertThatThrownBy(() -> zoo.publish("../pets", "1", network, ZooModels.card()))
                    .isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> zoo.publish("pets", "new", network, ZooModels.card()))
                    .isInstanceOf(IllegalArgumentException.class);
        }
        assertThat(folder).doesNotExist();
    }

    @Test
    void removedModelsAreGone() throws IOException {
        publish("pets", "1", 1);
        publish("pets", "2", 2);
        zoo.remove("pets", "2");
        assertThat(zoo.entry("pets").version()).isEqualTo("1");
        zoo.remove("pets", "1.0");
        assertThat(zoo.list()).isEmpty();
        assertThat(files()).containsExactly(Path.of("zoo.json"));
        assertThat(folder.resolve("pets")).doesNotExist();
        assertThatThrownBy(() -> zoo.remove("pets", "1"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageEndingWith("no model 'pets'; it is empty");
    }

    @Test
    void unknownModelsAreAnErrorThatNamesTheKnownOnes() throws IOException {
        publish("pets", "1", 1);
        assertThatThrownBy(() -> zoo.load("birds"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("no model 'birds', only [pets]");
        assertThatThrownBy(() -> zoo.load("pets", "3"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("no version 3 of pets, only [1]");
        assertThatThrownBy(() -> zoo.load("pets", "newest"))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void foldersWithoutManifestSaySo() throws IOException {
        assertThatThrownBy(zoo::list)
                .isInstanceOf(ZooException.class)
                .hasMessageContaining("no such folder");
        Files.createDirectory(folder);
        assertThatThrownBy(zoo::list)
                .isInstanceOf(ZooException.class)
                .hasMessageContaining("there is no zoo.json");
        Path file = Files.writeString(temporary.resolve("file"), "x");
        assertThatThrownBy(() -> IntegerModelZoo.open(file))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void damagedFilesAreNotUsedAndVerifyNamesThem() throws IOException {
        publish("flipped", "1", 1);
        publish("good", "1", 2);
        publish("long", "1", 3);
        publish("missing", "1", 4);
        publish("short", "1", 5);
        Path flipped = folder.resolve("flipped/flipped-1.qnet");
        byte[] bytes = Files.readAllBytes(flipped);
        bytes[bytes.length / 2] ^= 1;
        Files.write(flipped, bytes);
        Files.write(folder.resolve("long/long-1.qnet"), new byte[100_000]);
        Files.delete(folder.resolve("missing/missing-1.qnet"));
        Path shortened = folder.resolve("short/short-1.qnet");
        Files.write(shortened, java.util.Arrays.copyOf(Files.readAllBytes(shortened), 100));
        Files.write(folder.resolve("stray.qnet"), new byte[1]);
        assertThat(zoo.verify())
                .map(ZooProblem::file)
                .containsExactly(
                        "flipped/flipped-1.qnet",
                        "long/long-1.qnet",
                        "missing/missing-1.qnet",
                        "short/short-1.qnet",
                        "stray.qnet");
        assertThat(zoo.verify())
                .map(ZooProblem::reason)
                .satisfiesExactly(
                        why -> assertThat(why).contains("SHA-256"),
                        why -> assertThat(why).contains("more than the"),
                        why -> assertThat(why).contains("the folder has it not"),
                        why -> assertThat(why).contains("100 bytes, the manifest promises"),
                        why -> assertThat(why).contains("does not name it"));
        for (String name : List.of("flipped", "long", "missing", "short")) {
            assertThatThrownBy(() -> zoo.load(name)).isInstanceOf(ZooException.class);
            Path copy = temporary.resolve("copy.qnet");
            assertThatThrownBy(() -> zoo.copy(name, copy)).isInstanceOf(ZooException.class);
            assertThat(copy).doesNotExist();
        }
        zoo.load("good").close();
    }

    @Test
    void fileWithTheRightChecksumThatIsNoModelIsRefused() throws IOException {
        ZooEntry entry = publish("pets", "1", 1);
        byte[] bytes = "no model".getBytes(java.nio.charset.StandardCharsets.UTF_8);
        Files.write(folder.resolve(entry.file()), bytes);
        ZooManifest manifest =
                ZooManifest.empty()
                        .with(
                                new ZooEntry(
                                        "pets",
                                        "1",
                                        entry.file(),
                                        bytes.length,
                                        Bytes.sha256(bytes),
                                        entry.card()));
        Files.write(folder.resolve("zoo.json"), manifest.toJson());
        assertThatThrownBy(() -> zoo.load("pets")).isInstanceOf(QnetFormatException.class);
        assertThat(zoo.verify()).hasSize(1);
    }

    @Test
    void copiesAreTheFilesThemselves() throws IOException {
        ZooEntry entry = publish("pets", "1", 1);
        Path copy = temporary.resolve("copy.qnet");
        zoo.copy("pets", copy);
        assertThat(copy).hasSameBinaryContentAs(folder.resolve(entry.file()));
        assertThat(Qnet.read(copy)).isEqualTo(ZooModels.model(1));
        publish("pets", "2", 2);
        zoo.copy("pets", "2", copy);
        assertThat(Qnet.read(copy)).isEqualTo(ZooModels.model(2));
        assertThatThrownBy(() -> zoo.copy("pets", temporary.resolve("no/copy.qnet")))
                .isInstanceOf(ZooException.class)
                .hasMessageContaining("a folder that exists");
    }

    @Test
    void addressesOfOtherKindsAreRefused() {
        for (String address :
                List.of(
                        "ftp://example.org/zoo",
                        "zoo",
                        "https:zoo",
                        "https://example.org/zoo?x=1",
                        "https://example.org/#zoo",
                        "https://me:secret@example.org/")) {
            assertThatThrownBy(() -> IntegerModelZoo.open(URI.create(address)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("expected");
        }
    }

    @Test
    void onlyFoldersCanBeChanged() {
        IntegerModelZoo read = IntegerModelZoo.open(URI.create("classpath:nowhere"));
        try (IntegerNetwork network = ZooModels.network(1)) {
            assertThatThrownBy(() -> read.publish("pets", "1", network, ZooModels.card()))
                    .isInstanceOf(UnsupportedOperationException.class)
                    .hasMessageContaining("can only be read");
        }
        assertThatThrownBy(() -> read.remove("pets", "1"))
                .isInstanceOf(UnsupportedOperationException.class);
        assertThatThrownBy(read::list)
                .isInstanceOf(ZooException.class)
                .hasMessageContaining("classpath:nowhere/zoo.json");
    }
}
