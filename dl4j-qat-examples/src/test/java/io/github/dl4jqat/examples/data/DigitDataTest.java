package io.github.dl4jqat.examples.data;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.dl4jqat.examples.Seeds;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@link DigitData} takes what is at hand and says what it took. */
class DigitDataTest {

    private static final String CACHE = "org.deeplearning4j.resources.directory";

    @TempDir private Path folder;

    private String before;

    @BeforeEach
    void pointTheCacheAtTheFolder() {
        before = System.setProperty(CACHE, folder.toString());
    }

    @AfterEach
    void restoreTheCache() {
        if (before == null) {
            System.clearProperty(CACHE);
        } else {
            System.setProperty(CACHE, before);
        }
    }

    @Test
    void fromFolder_namesTheFolder() throws IOException {
        writeBoth(folder);
        DigitData data = DigitData.fromFolder(folder);
        assertThat(data.source()).isEqualTo("mnist-idx " + folder);
        assertThat(data.train().size()).isEqualTo(20);
        assertThat(data.test().size()).isEqualTo(10);
    }

    @ParameterizedTest
    @ValueSource(strings = {".", "data/MNIST"})
    void atHand_findsTheCacheOfDeeplearning4j(String place) throws IOException {
        writeBoth(Files.createDirectories(folder.resolve(place)));
        DigitData data = DigitData.atHand();
        assertThat(data.source()).isEqualTo("dl4j-cache");
        assertThat(data.train().size()).isEqualTo(20);
    }

    @Test
    void atHand_draws_whenTheCacheIsIncomplete() throws IOException {
        writeBoth(folder);
        Files.delete(folder.resolve("t10k-labels-idx1-ubyte"));
        DigitData data = DigitData.atHand();
        assertThat(data.source()).isEqualTo("drawn");
        assertThat(data.train().size()).isEqualTo(6_000);
        assertThat(data.test().size()).isEqualTo(2_000);
    }

    @Test
    void limit_keepsTheFirstPictures() throws IOException {
        writeBoth(folder);
        DigitData data = DigitData.fromFolder(folder).limit(12, 1_000);
        assertThat(data.train().size()).isEqualTo(12);
        assertThat(data.test().size()).isEqualTo(10);
        assertThat(data.train().label(11)).isEqualTo(1);
    }

    private static void writeBoth(Path target) throws IOException {
        DrawnDigits drawn = new DrawnDigits(Seeds.seed(), 20, 10);
        IdxBytes.write(target, "train", drawn.train());
        IdxBytes.write(target, "t10k", drawn.test());
    }
}
