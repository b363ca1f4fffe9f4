package io.github.dl4jqat.zoo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import io.github.dl4jqat.Seeds;
import io.github.dl4jqat.integer.IntegerNetwork;
import io.github.dl4jqat.integer.QnetFormatException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Damages files in thousands of ways, at random and where it hurts. */
@ExtendWith(Seeds.class)
@Timeout(300)
class ZooMutationTest {

    private static final int MANIFESTS = 4_000;
    private static final int MODELS = 1_500;

    /** What a writer of bad manifests would put in the place of something. */
    private static final String[] POISON = {
        "../",
        "/",
        "\\\\",
        "C:",
        "..",
        "\\u0000",
        "null",
        "true",
        "-1",
        "1e400",
        "99999999999999999999",
        "2147483648",
        "0.5",
        "\"\"",
        "[]",
        "{}",
        "[[[[[[[[[[[[[[[[",
        "{\"a\":",
        "\"",
        ",",
        ":",
        "}",
        "]",
        "\u0000",
        "\ufeff",
        "\ud83d\ude00",
        "9".repeat(5_000),
        "x".repeat(70_000)
    };

    @TempDir private Path folder;
    private IntegerModelZoo zoo;
    private byte[] manifest;
    private byte[] model;
    private Path modelFile;

    @BeforeEach
    void publish() throws IOException {
        zoo = IntegerModelZoo.open(folder);
        try (IntegerNetwork network = ZooModels.network(1)) {
            ZooEntry entry = zoo.publish("pets", "1.0.0", network, ZooModels.card());
            zoo.publish("pets", "1.0.1", network, ZooModels.card());
            modelFile = folder.resolve(entry.file());
        }
        manifest = Files.readAllBytes(folder.resolve("zoo.json"));
        model = Files.readAllBytes(modelFile);
    }

    private static byte[] damaged(byte[] bytes, Random random) {
        int at = random.nextInt(bytes.length);
        byte[] changed = bytes.clone();
        switch (random.nextInt(4)) {
            case 0 -> changed[at] ^= (byte) (1 << random.nextInt(8));
            case 1 -> changed[at] = (byte) random.nextInt();
            case 2 -> changed = Arrays.copyOf(bytes, at);
            default -> {
                int to = Math.min(bytes.length, at + 1 + random.nextInt(200));
                random.nextBytes(changed);
                System.arraycopy(bytes, 0, changed, 0, at);
                System.arraycopy(bytes, to, changed, to, bytes.length - to);
            }
        }
        return changed;
    }

    private byte[] poisoned(Random random) {
        String text = new String(manifest, StandardCharsets.UTF_8);
        String poison = POISON[random.nextInt(POISON.length)];
        int at = random.nextInt(text.length());
        int to = Math.min(text.length(), at + random.nextInt(20));
        if (random.nextBoolean()) {
            // a whole value rather than any piece
            at = text.indexOf(" : ", at) + 3;
            int end = at < 3 ? -1 : text.indexOf('\n', at);
            to = end < 0 ? text.length() : end - (text.charAt(end - 1) == ',' ? 1 : 0);
            at = Math.max(at, 3);
        }
        to = Math.max(at, to);
        return (text.substring(0, at) + poison + text.substring(to))
                .getBytes(StandardCharsets.UTF_8);
    }

    @Test
    void damagedManifestsAreRefusedOrMeanAZoo(Random random) throws IOException {
        int refused = 0;
        Path file = folder.resolve("zoo.json");
        for (int i = 0; i < MANIFESTS; i++) {
            byte[] changed = i % 2 == 0 ? damaged(manifest, random) : poisoned(random);
            Files.write(file, changed);
            try {
                for (ZooEntry entry : zoo.list()) {
                    load(entry);
                }
            } catch (ZooException e) {
                refused++;
            } catch (RuntimeException | IOException | StackOverflowError e) {
                fail("manifest " + i + ":\n" + new String(changed, StandardCharsets.UTF_8), e);
            }
        }
        // what is left has changed in a text that may be anything
        assertThat(refused).isBetween(MANIFESTS / 2, MANIFESTS - 1);
    }

    private void load(ZooEntry entry) throws IOException {
        try (IntegerNetwork network = zoo.load(entry.name(), entry.version())) {
            assertThat(network.model()).isEqualTo(ZooModels.model(1));
        }
    }

    @Test
    void damagedModelsAreRefused(Random random) throws IOException {
        for (int i = 0; i < MODELS; i++) {
            byte[] changed = damaged(model, random);
            if (Arrays.equals(changed, model)) {
                continue;
            }
            Files.write(modelFile, changed);
            try (IntegerNetwork network = zoo.load("pets", "1.0.0")) {
                fail("model " + i + " was loaded");
            } catch (ZooException e) {
                assertThat(e).hasMessageContaining("pets-1.0.0.qnet");
            }
        }
    }

    @Test
    void damagedModelsWhoseManifestWasMadeToFitAreRefusedOrMeanAModel(Random random)
            throws IOException {
        ZooEntry entry = zoo.entry("pets", "1.0.0");
        for (int i = 0; i < MODELS; i++) {
            byte[] changed = damaged(model, random);
            if (changed.length == 0) {
                continue;
            }
            Files.write(modelFile, changed);
            ZooManifest fitting =
                    ZooManifest.empty()
                            .with(
                                    new ZooEntry(
                                            entry.name(),
                                            entry.version(),
                                            entry.file(),
                                            changed.length,
                                            Bytes.sha256(changed),
                                            entry.card()));
            Files.write(folder.resolve("zoo.json"), fitting.toJson());
            try {
                zoo.load("pets").close();
            } catch (QnetFormatException e) {
                assertThat(e).hasMessageContaining("pets-1.0.0.qnet");
            }
        }
    }
}
