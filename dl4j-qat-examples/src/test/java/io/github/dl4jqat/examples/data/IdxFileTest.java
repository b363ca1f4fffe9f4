package io.github.dl4jqat.examples.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.dl4jqat.examples.Seeds;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@link IdxFile} reads what is right and says in one line what is wrong. */
class IdxFileTest {

    @TempDir private Path folder;

    private final byte[] body = new byte[3 * 4 * 5];

    IdxFileTest() {
        new Random(Seeds.seed()).nextBytes(body);
    }

    @Test
    void read_givesShapeAndBytes_ofAPlainFile() throws IOException {
        IdxFile idx = IdxFile.read(file(good()), 3);
        assertThat(idx.shape()).containsExactly(3, 4, 5);
        assertThat(idx.values()).isEqualTo(body);
    }

    @Test
    void read_recognizesGzip_byContentNotByName() throws IOException {
        IdxFile idx = IdxFile.read(file(IdxBytes.gzip(good())), 3);
        assertThat(idx.values()).isEqualTo(body);
    }

    @Test
    void read_namesTheMissingFile() {
        assertComplaint(folder.resolve("nothing"), "no such file");
    }

    @Test
    void read_refusesAFolder() {
        assertComplaint(folder, "got a folder");
    }

    @Test
    void read_refusesAnotherType() throws IOException {
        byte[] bytes = good();
        bytes[2] = 0x0d; // floats
        assertComplaint(file(bytes), "expected magic number 0x00000803, got 0x00000d03");
    }

    @Test
    void read_refusesLabelsWhereImagesAreExpected() throws IOException {
        assertComplaint(
                file(IdxBytes.join(IdxBytes.header(60), body)),
                "expected magic number 0x00000803, got 0x00000801");
    }

    @Test
    void read_noticesEveryTruncation() throws IOException {
        byte[] good = good();
        for (int length = 0; length < good.length; length++) {
            byte[] part = Arrays.copyOf(good, length);
            assertComplaint(file(part), "truncated");
            assertComplaint(file(IdxBytes.gzip(part)), "truncated");
        }
    }

    @Test
    void read_noticesEveryTruncationOfTheGzipFile() throws IOException {
        byte[] gzip = IdxBytes.gzip(good());
        for (int length = 2; length < gzip.length; length++) {
            assertComplaint(file(Arrays.copyOf(gzip, length)), "truncated");
        }
    }

    @Test
    void read_noticesADamagedGzipFile() throws IOException {
        byte[] gzip = IdxBytes.gzip(good());
        gzip[gzip.length - 8] ^= 1; // the checksum
        assertComplaint(file(gzip), "damaged gzip file");
    }

    @Test
    void read_noticesBytesBehindTheEnd() throws IOException {
        byte[] longer = IdxBytes.join(good(), new byte[1]);
        assertComplaint(file(longer), "too long");
        assertComplaint(file(IdxBytes.gzip(longer)), "too long");
    }

    @Test
    void read_reservesNoMemoryThatTheFileCannotFill() throws IOException {
        byte[] hostile = IdxBytes.header(Integer.MAX_VALUE, Integer.MAX_VALUE, Integer.MAX_VALUE);
        assertComplaint(file(hostile), "more than the file can hold");
        assertComplaint(file(IdxBytes.gzip(hostile)), "more than the file can hold");
    }

    @Test
    void read_refusesNegativeAndEmptyDimensions() throws IOException {
        assertComplaint(file(IdxBytes.header(-1, 28, 28)), "dimension 0 in the header is -1");
        assertComplaint(file(IdxBytes.header(3, 0, 28)), "dimension 1 in the header is 0");
    }

    private byte[] good() {
        return IdxBytes.join(IdxBytes.header(3, 4, 5), body);
    }

    private Path file(byte[] bytes) throws IOException {
        return Files.write(folder.resolve("file"), bytes);
    }

    private static void assertComplaint(Path file, String reason) {
        assertThatThrownBy(() -> IdxFile.read(file, 3))
                .isInstanceOf(DataFormatException.class)
                .hasMessageStartingWith(file + ": ")
                .hasMessageContaining(reason)
                .message()
                .doesNotContain("\n");
    }
}
