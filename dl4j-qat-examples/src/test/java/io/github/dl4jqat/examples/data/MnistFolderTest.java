package io.github.dl4jqat.examples.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.dl4jqat.examples.Seeds;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@link MnistFolder} finds the four files and checks that they belong together. */
class MnistFolderTest {

    @TempDir private Path folder;

    private final DigitSet digits = new DrawnDigits(Seeds.seed(), 7, 0).train();

    @Test
    void train_givesBackWhatWasWritten() throws IOException {
        IdxBytes.write(folder, "train", digits);
        DigitSet read = MnistFolder.of(folder).train();
        assertThat(read.size()).isEqualTo(7);
        for (int i = 0; i < read.size(); i++) {
            assertThat(read.label(i)).isEqualTo(digits.label(i));
            for (int p = 0; p < DigitSet.PIXELS; p++) {
                assertThat(read.pixel(i, p / 28, p % 28))
                        .isEqualTo(digits.pixel(i, p / 28, p % 28));
            }
        }
    }

    @ParameterizedTest
    @CsvSource({
        "t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte",
        "t10k-images-idx3-ubyte.gz, t10k-labels-idx1-ubyte.gz",
        "t10k-images.idx3-ubyte, t10k-labels.idx1-ubyte",
        "t10k-images.idx3-ubyte.gz, t10k-labels-idx1-ubyte",
        "test-images-idx3-ubyte, test-labels-idx1-ubyte"
    })
    void test_isFound_inEverySpelling(String images, String labels) throws IOException {
        IdxBytes.write(folder, "x", digits);
        Files.move(folder.resolve("x-images-idx3-ubyte.gz"), folder.resolve(images));
        Files.move(folder.resolve("x-labels-idx1-ubyte"), folder.resolve(labels));
        assertThat(MnistFolder.of(folder).test().size()).isEqualTo(7);
    }

    @Test
    void train_namesTheFileThatIsMissing() throws IOException {
        assertComplaint("expected a file named train-images-idx3-ubyte");
        IdxBytes.write(folder, "train", digits);
        Files.delete(folder.resolve("train-labels-idx1-ubyte"));
        assertComplaint("expected a file named train-labels-idx1-ubyte");
    }

    @Test
    void train_comparesTheCounts() throws IOException {
        IdxBytes.write(folder, "train", digits);
        Files.write(
                folder.resolve("train-labels-idx1-ubyte"),
                IdxBytes.join(IdxBytes.header(6), new byte[6]));
        assertComplaint(
                "expected 7 labels, one for each image of train-images-idx3-ubyte.gz, got 6");
    }

    @Test
    void train_refusesImagesOfAnotherSize() throws IOException {
        IdxBytes.write(folder, "train", digits);
        Files.write(
                folder.resolve("train-images-idx3-ubyte"),
                IdxBytes.join(IdxBytes.header(7, 32, 32), new byte[7 * 32 * 32]));
        assertComplaint("expected images of 28 x 28 pixels, got 32 x 32");
    }

    @Test
    void train_refusesALabelThatIsNoDigit() throws IOException {
        IdxBytes.write(folder, "train", digits);
        Files.write(
                folder.resolve("train-labels-idx1-ubyte"),
                IdxBytes.join(IdxBytes.header(7), new byte[] {0, 1, 2, 10, 4, 5, 6}));
        assertComplaint("label 3 is 10, expected 0 to 9");
    }

    @Test
    void of_refusesAMissingFolderAndAFile() throws IOException {
        Path missing = folder.resolve("missing");
        assertThatThrownBy(() -> MnistFolder.of(missing))
                .isInstanceOf(DataFormatException.class)
                .hasMessage(missing + ": no such folder");
        Path file = Files.writeString(folder.resolve("file"), "x");
        assertThatThrownBy(() -> MnistFolder.of(file))
                .isInstanceOf(DataFormatException.class)
                .hasMessageContaining("got a file");
    }

    private void assertComplaint(String reason) {
        assertThatThrownBy(() -> MnistFolder.of(folder).train())
                .isInstanceOf(DataFormatException.class)
                .hasMessageStartingWith(folder.toString())
                .hasMessageContaining(reason)
                .message()
                .doesNotContain("\n");
    }
}
