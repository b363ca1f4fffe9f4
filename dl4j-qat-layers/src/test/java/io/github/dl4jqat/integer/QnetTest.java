package io.github.dl4jqat.integer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.Quantizers;
import io.github.dl4jqat.quant.Requantization;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class QnetTest {

    private static final String[] HOSTILE = {
        "0",
        "-1",
        "2147483647",
        "-2147483648",
        "1e9",
        "99999999999999999999",
        "null",
        "true",
        "\"x\"",
        "[]",
        "{}",
        "65536",
        "0.5"
    };

    static byte[] bytes(IntegerModel model) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        QnetWriter.write(model, out);
        return out.toByteArray();
    }

    private static IntegerModel small() {
        TestModels models = new TestModels(11, Requantization.FLOAT, 8, 3);
        return models.lenet(16, 2, 2, 3, 2);
    }

    @ParameterizedTest
    @EnumSource(TestModels.Kind.class)
    void everyOperationComesBackAtEveryWidth(TestModels.Kind kind) throws IOException {
        for (Requantization mode : Requantization.values()) {
            for (int bits = 2; bits <= 16; bits++) {
                int weightBits = Math.min(bits, 18 - bits);
                TestModels models = new TestModels(bits, mode, bits, weightBits);
                IntegerOp op = models.op(kind);
                IntegerModel model =
                        TestModels.begun(op, mode)
                                .add(end(op))
                                .output("y")
                                .metadata("umlaut", "Ä \u2192 \"quoted\"")
                                .build();
                IntegerModel back = Qnet.read(bytes(model), "memory");
                assertThat(back).isEqualTo(model);
                assertThat(back.ops()).isEqualTo(model.ops());
                assertThat(back.tensors()).isEqualTo(model.tensors());
                assertThat(back.metadata()).isEqualTo(model.metadata());
                assertThat(bytes(back)).isEqualTo(bytes(model));
            }
        }
    }

    private static Dequantize end(IntegerOp op) {
        TensorType out = op.output();
        float[] table = new float[Lookup.levels(out.params())];
        for (int i = 0; i < table.length; i++) {
            table[i] = (float) Math.tanh(i * 0.01);
        }
        TensorType y = new TensorType("y", out.shape(), null);
        return new Dequantize("end", out, y, table, true);
    }

    @Test
    void weightsOfEveryWidthArePacked() throws IOException {
        Random random = new Random(1);
        for (int bits = 2; bits <= 16; bits++) {
            TestModels models = new TestModels(bits, Requantization.FLOAT, 2, bits);
            Weights weights = ((Dense) models.op(TestModels.Kind.DENSE)).weights();
            byte[] packed = BitPacking.pack(weights);
            assertThat(packed).hasSize((weights.elements() * bits + 7) / 8);
            int[] back = BitPacking.unpack(packed, weights.elements(), weights.params().spec());
            assertThat(back).isEqualTo(weights.values());
            int at = random.nextInt(weights.elements());
            int value = 0;
            for (int b = 0; b < bits; b++) {
                int bit = at * bits + b;
                value |= ((packed[bit / 8] >> (bit % 8)) & 1) << b;
            }
            assertThat((value << (32 - bits)) >> (32 - bits)).isEqualTo(weights.get(at));
        }
    }

    /** The example in the specification. */
    @Test
    void packingStartsAtTheLowestBit() {
        QuantParams params = QuantParams.of(Quantizers.intPerTensor(3), 1f, 0);
        Weights weights = Weights.of(params, List.of(1, 3), new int[] {1, -1, 2}, new int[1]);
        assertThat(BitPacking.pack(weights)).containsExactly(0xB9, 0x00);
    }

    @Test
    void fileIsMovedInPlaceAndLeavesNothingBehind(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("net.qnet");
        Files.writeString(file, "old");
        Qnet.write(small(), file);
        assertThat(Qnet.read(file)).isEqualTo(small());
        try (Stream<Path> files = Files.list(folder)) {
            assertThat(files).containsExactly(file);
        }
        assertThatThrownBy(() -> Qnet.write(small(), folder.resolve("no/such/folder.qnet")))
                .isInstanceOf(IOException.class);
        assertThatThrownBy(() -> Qnet.read(folder.resolve("missing.qnet")))
                .isInstanceOf(NoSuchFileException.class);
    }

    @Test
    void fileThatIsNoQnetSaysSo(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("other.qnet");
        Files.writeString(file, "{\"format\": \"something else, but long enough\"}");
        assertThatThrownBy(() -> Qnet.read(file))
                .isInstanceOf(QnetFormatException.class)
                .hasMessageContaining("other.qnet")
                .hasMessageContaining("does not end like a .qnet file");
    }

    /** Every byte of a file flipped in turn, and the file cut short at every length. */
    @Test
    void damageIsFoundWhereverItIs() throws IOException {
        IntegerModel model = small();
        byte[] good = bytes(model);
        Random random = new Random(2);
        int refused = 0;
        for (int i = 0; i < good.length; i++) {
            byte[] bad = good.clone();
            bad[i] ^= (byte) (1 << random.nextInt(8));
            refused += refusedOrEqual(bad, model);
        }
        // What may change unseen is the version that a header asks of a zip tool.
        assertThat(refused).isGreaterThan(good.length - 300);
        for (int length = 0; length < good.length; length += 1 + random.nextInt(5)) {
            byte[] cut = Arrays.copyOf(good, length);
            assertThat(refusedOrEqual(cut, model)).isEqualTo(1);
        }
        for (int i = 0; i < 2000; i++) {
            byte[] bad = good.clone();
            for (int n = random.nextInt(20); n >= 0; n--) {
                bad[random.nextInt(bad.length)] = (byte) random.nextInt();
            }
            refusedOrEqual(bad, model);
        }
    }

    static int refusedOrEqual(byte[] bytes, IntegerModel model) {
        try {
            assertThat(Qnet.read(bytes, "damaged")).isEqualTo(model);
            return 0;
        } catch (QnetFormatException e) {
            assertThat(e).hasMessageStartingWith("damaged: ");
            return 1;
        }
    }

    /** A writer with bad intentions gets every checksum right. */
    @Test
    void hostileManifestIsRefusedOrMeansAModel() throws IOException {
        hostile(small());
        hostile(GraphModelTest.model(Requantization.FLOAT));
    }

    private static void hostile(IntegerModel model) throws IOException {
        String good = manifest(model);
        Map<String, byte[]> entries = entries(model);
        Random random = new Random(3);
        int refused = 0;
        for (int i = 0; i < 4000; i++) {
            String bad = good;
            for (int n = random.nextInt(3); n >= 0; n--) {
                bad = mutate(bad, random);
            }
            try {
                Qnet.read(withManifest(entries, bad), "hostile");
            } catch (QnetFormatException e) {
                refused++;
            }
        }
        assertThat(refused).isGreaterThan(2000);
    }

    static String mutate(String json, Random random) {
        int at = random.nextInt(json.length());
        return switch (random.nextInt(3)) {
            case 0 ->
                    json.substring(0, at)
                            + (char) (32 + random.nextInt(95))
                            + json.substring(at + 1);
            case 1 ->
                    json.substring(0, at)
                            + json.substring(Math.min(json.length(), at + 1 + random.nextInt(30)));
            default -> {
                int from = json.indexOf(" : ", at);
                if (from < 0) {
                    yield json;
                }
                int to = from + 3;
                while (to < json.length() && ",\n}".indexOf(json.charAt(to)) < 0) {
                    to++;
                }
                String value = HOSTILE[random.nextInt(HOSTILE.length)];
                yield json.substring(0, from + 3) + value + json.substring(to);
            }
        };
    }

    static String manifest(IntegerModel model) throws IOException {
        ByteBuffer json = StoredZip.read(bytes(model), "memory").get(Qnet.MANIFEST);
        return StandardCharsets.UTF_8.decode(json).toString();
    }

    static Map<String, byte[]> entries(IntegerModel model) throws IOException {
        Map<String, byte[]> entries = new LinkedHashMap<>();
        StoredZip.read(bytes(model), "memory")
                .forEach(
                        (name, content) -> {
                            byte[] copy = new byte[content.remaining()];
                            content.get(copy);
                            entries.put(name, copy);
                        });
        return entries;
    }

    private static byte[] zip(Map<String, byte[]> entries) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        StoredZip.write(entries, out);
        return out.toByteArray();
    }

    static byte[] withManifest(IntegerModel model, String json) throws IOException {
        return withManifest(entries(model), json);
    }

    static byte[] withManifest(Map<String, byte[]> entries, String json) throws IOException {
        byte[] bytes = json.getBytes(StandardCharsets.UTF_8);
        entries.put(Qnet.MANIFEST, bytes);
        String hash = QnetWriter.sha256(ByteBuffer.wrap(bytes));
        entries.put(Qnet.MANIFEST_HASH, hash.getBytes(StandardCharsets.US_ASCII));
        return zip(entries);
    }

    private static void refusedWith(UnaryOperator<String> change, String message)
            throws IOException {
        refusedWith(small(), change, message);
    }

    static void refusedWith(IntegerModel model, UnaryOperator<String> change, String message)
            throws IOException {
        String good = manifest(model);
        String bad = change.apply(good);
        assertThat(bad).isNotEqualTo(good);
        byte[] file = withManifest(model, bad);
        assertThatThrownBy(() -> Qnet.read(file, "net.qnet"))
                .isInstanceOf(QnetFormatException.class)
                .hasMessageStartingWith("net.qnet: ")
                .hasMessageContaining(message);
    }

    @Test
    void namesWhatIsWrongInTheManifest() throws IOException {
        refusedWith(j -> j.replace("\"major\" : 1", "\"major\" : 2"), "the file has version 2.0");
        refusedWith(j -> j.replace("\"qnet\"", "\"other\""), "format is 'other'");
        refusedWith(j -> j.replace("\"FLOAT\"", "\"EXACT\""), "'requantization' is 'EXACT'");
        refusedWith(j -> j.replace("\"MaxPool2d\"", "\"Pool9d\""), "'Pool9d' is not known");
        refusedWith(
                j -> j.replace("\"input\" : \"c1\"", "\"inputs\" : [\"c1\", \"q\"]"),
                "lists 2 inputs, a MaxPool2d has one input");
        refusedWith(
                j -> j.replace("\"input\" : \"c1\"", "\"inputs\" : [\"c1\"]"),
                "'inputs' lists 1 tensors");
        refusedWith(j -> j.replace("\"input\" : \"c1\"", "\"inputs\" : []"), "'inputs' lists 0");
        refusedWith(j -> j.replace("\"values\" : 0", "\"values\" : 99"), "is part 99");
        refusedWith(j -> j.replace("\"values\" : 0", "\"values\" : 1"), "the part has");
        refusedWith(j -> j.replace("tensors/000.bin", "../000.bin"), "path is '../000.bin'");
        refusedWith(j -> j.replace("\"kernelH\" : 5", "\"kernelH\" : 1.5"), "'kernelH' should be");
        refusedWith(j -> j.replaceFirst("\"groups\" : 1,", ""), "'groups' should be");
        refusedWith(j -> j + "{}", "goes on after its object");
        refusedWith(j -> j.replaceFirst("\\{", "{\"format\":\"qnet\","), "is not JSON");
        refusedWith(j -> j.replaceFirst("\\{", "{\"deep\":" + "[".repeat(99999)), "nested deeper");
        refusedWith(
                j -> j.replaceFirst("\\{", "{\"n\":" + "9".repeat(99999) + ","), "too many digits");
        refusedWith(j -> "[]", "is not a JSON object");
        refusedWith(j -> "", "is not");
    }

    @Test
    void namesWhatIsWrongWithAJoin() throws IOException {
        IntegerModel model = GraphModelTest.model(Requantization.FLOAT);
        String both = "\"inputs\" : [ \"conv\", \"qa\" ]";
        refusedWith(
                model,
                j -> j.replace(both, "\"input\" : \"conv\""),
                "Combine 'add': 1 inputs, expected 2");
        refusedWith(
                model,
                j -> j.replace(both, "\"inputs\" : [ \"conv\", \"nowhere\" ]"),
                "there is no tensor 'nowhere'");
        refusedWith(model, j -> j.replace(both, "\"inputs\" : [ \"conv\", 3 ]"), "list of texts");
        refusedWith(
                model,
                j -> j.replace(both, "\"inputs\" : [ \"conv\", \"qb\" ]"),
                "does not go with 'conv'");
        refusedWith(model, j -> j.replace("\"SUM\"", "\"MEDIAN\""), "'kind' is 'MEDIAN'");
        refusedWith(model, j -> j.replace("\"SUM\"", "\"MAX\""), "clamp -20..127 on a maximum");
        refusedWith(
                model,
                j -> j.replace("[ 1, 2, 2 ]", "[ 1, 2147483647, 2 ]"),
                "elements, more than");
        refusedWith(model, j -> j.replace("[ 0, 1, 1 ]", "[ 0, 1, 9 ]"), "is not within the input");
        refusedWith(model, j -> j.replaceFirst("\"axis\" : 0", "\"axis\" : 3"), "axis 3 is none");
    }

    @Test
    void laterMinorVersionMayAddFields() throws IOException {
        String later =
                manifest(small())
                        .replace("\"minor\" : 0", "\"minor\" : 7")
                        .replaceFirst("\\{", "{\"added\":[1,2],")
                        .replace("\"groups\"", "\"novelty\" : {}, \"groups\"");
        assertThat(Qnet.read(withManifest(small(), later), "later")).isEqualTo(small());
    }

    @Test
    void entriesAreExactlyTheOnesListed() throws IOException {
        Map<String, byte[]> extra = entries(small());
        extra.put("readme.txt", new byte[3]);
        assertThatThrownBy(() -> Qnet.read(zip(extra), "x"))
                .isInstanceOf(QnetFormatException.class)
                .hasMessageContaining("does not list: [readme.txt]");
        Map<String, byte[]> missing = entries(small());
        missing.remove("tensors/000.bin");
        assertThatThrownBy(() -> Qnet.read(zip(missing), "x"))
                .hasMessageContaining("there is no entry 'tensors/000.bin'");
        Map<String, byte[]> changed = entries(small());
        changed.get("tensors/000.bin")[0] ^= 1;
        assertThatThrownBy(() -> Qnet.read(zip(changed), "x"))
                .hasMessageContaining("the SHA-256 of 'tensors/000.bin' does not match");
        Map<String, byte[]> shorter = entries(small());
        shorter.put("tensors/000.bin", new byte[1]);
        assertThatThrownBy(() -> Qnet.read(zip(shorter), "x")).hasMessageContaining("1 bytes");
        Map<String, byte[]> noManifest = entries(small());
        noManifest.remove(Qnet.MANIFEST_HASH);
        assertThatThrownBy(() -> Qnet.read(zip(noManifest), "x"))
                .hasMessageContaining("must both be there");
    }

    private static String withExtra(String manifest, String path, byte[] content) {
        return manifest.replaceFirst(
                "\\{",
                "{\"extras\":[{\"path\":\""
                        + path
                        + "\",\"bytes\":"
                        + content.length
                        + ",\"sha256\":\""
                        + QnetWriter.sha256(ByteBuffer.wrap(content))
                        + "\"}],");
    }

    private static byte[] fileWithExtra(String manifest, String path, String content)
            throws IOException {
        byte[] bytes = content.getBytes(StandardCharsets.US_ASCII);
        Map<String, byte[]> entries = entries(small());
        entries.put(path, bytes);
        return withManifest(entries, withExtra(manifest, path, bytes));
    }

    @Test
    void floatNetworkComesBackByteForByte() throws IOException {
        FloatNetwork network = FloatNetwork.of(new byte[] {1, 2}, new byte[] {3});
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        QnetWriter.write(small(), network, out);
        QnetReader reader = new QnetReader(out.toByteArray(), "both");
        assertThat(reader.read()).isEqualTo(small());
        assertThat(reader.floatNetwork()).isEqualTo(network);
        assertThat(reader.floatNetwork().bytes()).isEqualTo(3);
        QnetReader slim = new QnetReader(bytes(small()), "slim");
        assertThat(slim.read()).isEqualTo(small());
        assertThat(slim.floatNetwork()).isNull();
        assertThatThrownBy(() -> FloatNetwork.of(new byte[1], new byte[0]))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("both must be there");
    }

    @Test
    void extraEntriesAreTheKnownOnes() throws IOException {
        String now = manifest(small());
        for (String path : List.of("readme.txt", "preprocessor.bin", "../x", "manifest.json")) {
            byte[] file = fileWithExtra(now, path, "x");
            assertThatThrownBy(() -> Qnet.read(file, "x"))
                    .as(path)
                    .isInstanceOf(QnetFormatException.class);
        }
        byte[] half = fileWithExtra(now, "configuration.json", "{}");
        assertThatThrownBy(() -> Qnet.read(half, "x")).hasMessageContaining("go together");
        byte[] empty = fileWithExtra(now, "coefficients.bin", "");
        assertThatThrownBy(() -> Qnet.read(empty, "x")).hasMessageContaining("go together");
        Map<String, byte[]> unlisted = entries(small());
        unlisted.put("configuration.json", new byte[2]);
        assertThatThrownBy(() -> Qnet.read(zip(unlisted), "x"))
                .hasMessageContaining("does not list: [configuration.json]");
    }

    /**
     * What a later minor version adds is checked and passed over, but never what others execute.
     */
    @Test
    void laterMinorVersionMayAddEntries() throws IOException {
        String later = manifest(small()).replace("\"minor\" : 0", "\"minor\" : 1");
        assertThat(Qnet.read(fileWithExtra(later, "calibration.json", "{}"), "later"))
                .isEqualTo(small());
        for (String path :
                List.of("preprocessor.bin", "../x", "a/b", "/x", ".x", "manifest.json")) {
            byte[] file = fileWithExtra(later, path, "x");
            assertThatThrownBy(() -> Qnet.read(file, "x"))
                    .as(path)
                    .isInstanceOf(QnetFormatException.class);
        }
        Map<String, byte[]> damaged = entries(small());
        damaged.put("new.bin", new byte[] {1, 2});
        byte[] file = withManifest(damaged, withExtra(later, "new.bin", new byte[] {1, 3}));
        assertThatThrownBy(() -> Qnet.read(file, "x"))
                .hasMessageContaining("the SHA-256 of 'new.bin' does not match");
    }

    @Test
    void zipThatIsCompressedOrHasTheSameNameTwiceIsRefused() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(out)) {
            zip.putNextEntry(new ZipEntry(Qnet.MANIFEST));
            zip.write(new byte[1000]);
            zip.closeEntry();
        }
        assertThatThrownBy(() -> Qnet.read(out.toByteArray(), "x"))
                .isInstanceOf(QnetFormatException.class)
                .hasMessageContaining("compressed");
        Map<String, byte[]> two = new LinkedHashMap<>();
        two.put("a", new byte[] {1});
        two.put("b", new byte[] {1});
        byte[] twice = zip(two);
        for (int i = 0; i < twice.length; i++) {
            if (twice[i] == 'b') {
                twice[i] = 'a';
            }
        }
        assertThatThrownBy(() -> Qnet.read(twice, "x")).hasMessageContaining("is there twice");
    }

    @Test
    void claimsDoNotTakeMemory() throws IOException {
        for (String shape : List.of("[ 2147483647, 1 ]", "[ 65536, 32767 ]", "[ 1, 268435456 ]")) {
            String huge = manifest(small());
            int at = huge.indexOf("\"shape\"", huge.indexOf("\"Dense\""));
            int end = huge.indexOf("]", at) + 1;
            String bad = huge.substring(0, at) + "\"shape\" : " + shape + huge.substring(end);
            byte[] file = withManifest(small(), bad);
            assertThatThrownBy(() -> Qnet.read(file, "x"))
                    .isInstanceOf(QnetFormatException.class)
                    .hasMessageContaining("bytes, the part has");
        }
    }
}
