package io.github.dl4jqat.examples.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.dl4jqat.examples.zoo.ZooRow;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@link ZooFile} holds at any time what is known at that time. */
class ZooFileTest {

    @TempDir private Path folder;

    private Path file;
    private List<ZooRow> rows;

    @BeforeEach
    void makeRows() throws IOException {
        file = folder.resolve("zoo.json");
        Path source = folder.resolve("source.json");
        Files.writeString(
                source,
                """
                [ {"model": "VGG16", "maxLsb": 1}, {"model": "LeNet", "maxLsb": 2},
                  {"model": "VGG16", "maxLsb": 3}, {"model": "of another zoo", "maxLsb": 4} ]
                """);
        rows = ZooRow.readAll(source);
    }

    private List<String> written() throws IOException {
        return ZooRow.readAll(file).stream()
                .map(row -> row.text("model") + " " + row.number("maxLsb"))
                .toList();
    }

    @Test
    void eachRow_isWrittenAtOnce_inTheOrderOfTheZoo() throws IOException {
        ZooFile results = new ZooFile(file);
        results.put(rows.get(0));
        assertThat(written()).containsExactly("VGG16 1.0");
        results.put(rows.get(1));
        assertThat(written()).containsExactly("LeNet 2.0", "VGG16 1.0");
        results.put(rows.get(2));
        assertThat(written()).containsExactly("LeNet 2.0", "VGG16 3.0");
        results.put(rows.get(3));
        assertThat(written()).containsExactly("LeNet 2.0", "VGG16 3.0", "of another zoo 4.0");
        try (var files = Files.list(folder)) {
            assertThat(files).hasSize(2);
        }
    }

    @Test
    void whatIsLoaded_staysUnlessItIsReplaced() throws Exception {
        ZooFile before = new ZooFile(file);
        before.put(rows.get(0));
        before.put(rows.get(1));
        ZooFile results = new ZooFile(file);
        results.load();
        results.put(rows.get(2));
        assertThat(written()).containsExactly("LeNet 2.0", "VGG16 3.0");
    }

    @Test
    void aFileThatIsNotThere_isAnEmptyOne() throws Exception {
        ZooFile results = new ZooFile(file);
        results.load();
        assertThat(results.rows()).isEmpty();
        assertThat(file).doesNotExist();
    }

    @Test
    void withoutFile_resultsAreKept() throws IOException {
        ZooFile results = new ZooFile(null);
        results.put(rows.get(0));
        assertThat(results.rows()).containsExactly(rows.get(0));
    }
}
