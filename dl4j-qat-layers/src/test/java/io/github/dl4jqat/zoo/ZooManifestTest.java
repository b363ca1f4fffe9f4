package io.github.dl4jqat.zoo;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

class ZooManifestTest {

    private static final String SHA = "0123456789abcdef".repeat(4);

    private static ZooEntry entry(String name, String version) {
        String file = name + "/" + name + "-" + version + ".qnet";
        return new ZooEntry(name, version, file, 1234, SHA, ZooModels.card());
    }

    private static ZooManifest two() {
        return ZooManifest.empty().with(entry("b", "1.10")).with(entry("a", "1-rc1"));
    }

    private static String json() throws ZooException {
        return new String(two().toJson(), UTF_8);
    }

    private static ZooManifest parse(String json) throws ZooException {
        return ZooManifest.parse(json.getBytes(UTF_8), "zoo");
    }

    @Test
    void everyFieldComesBack() throws ZooException {
        assertThat(parse(json()).entries()).isEqualTo(two().entries());
        assertThat(parse(json()).entries())
                .containsExactly(entry("a", "1-rc1"), entry("b", "1.10"));
        ZooEntry without =
                new ZooEntry(
                        "c",
                        "1",
                        "c.qnet",
                        1,
                        SHA,
                        ModelCard.of(ZooModels.model(0)).task("t").licence("l").build());
        ZooManifest manifest = ZooManifest.empty().with(without);
        assertThat(ZooManifest.parse(manifest.toJson(), "zoo").entries()).containsExactly(without);
        assertThat(ZooManifest.parse(ZooManifest.empty().toJson(), "zoo").entries()).isEmpty();
    }

    @Test
    void newestIsTheHighestRelease() {
        ZooManifest manifest =
                ZooManifest.empty()
                        .with(entry("a", "9"))
                        .with(entry("a", "10"))
                        .with(entry("a", "11-beta"))
                        .with(entry("b", "0.1-a"))
                        .with(entry("b", "0.1-b"));
        assertThat(manifest.newest("a")).hasValue(entry("a", "10"));
        assertThat(manifest.newest("b")).hasValue(entry("b", "0.1-b"));
        assertThat(manifest.newest("c")).isEmpty();
        assertThat(manifest.find("a", ModelVersion.of("9.0"))).hasValue(entry("a", "9"));
        assertThat(manifest.without(entry("a", "10")).newest("a")).hasValue(entry("a", "9"));
    }

    @Test
    void laterMinorVersionMayAddFields() throws ZooException {
        String later =
                json().replace("\"minor\" : 0", "\"minor\" : 7")
                        .replace("\"task\"", "\"moreOfIt\" : [ { } ], \"task\"")
                        .replace("\"bytes\"", "\"signature\" : \"abc\", \"bytes\"");
        assertThat(later).contains("moreOfIt", "signature");
        assertThat(parse(later).entries()).isEqualTo(two().entries());
    }

    private static void refused(UnaryOperator<String> change, String... messages)
            throws ZooException {
        String changed = change.apply(json());
        assertThat(changed).isNotEqualTo(json());
        assertThatThrownBy(() -> parse(changed))
                .isInstanceOf(ZooException.class)
                .hasMessageStartingWith("zoo: ")
                .hasMessageContainingAll(messages);
    }

    @Test
    void laterMajorVersionIsRefusedByNumber() throws ZooException {
        refused(s -> s.replace("\"major\" : 1", "\"major\" : 2"), "version 2.0", "reads 1.x");
        refused(s -> s.replace("\"minor\" : 0", "\"minor\" : -1"), "version 1.-1");
        refused(s -> s.replace("dl4j-qat-zoo", "other"), "format is 'other'");
    }

    @Test
    void pathsOutOfTheZooAreRefused() throws ZooException {
        for (String path : new String[] {"../a.qnet", "/a.qnet", "a\\\\b", "C:/a", "http://x/a"}) {
            refused(
                    s -> s.replace("\"a/a-1-rc1.qnet\"", "\"" + path + "\""),
                    "models[0]",
                    "inside of the zoo");
        }
    }

    @Test
    void nothingIsThereTwice() throws ZooException {
        refused(
                s ->
                        s.replace("\"name\" : \"a\"", "\"name\" : \"b\"")
                                .replace("1-rc1\"", "1.10.0\""),
                "two entries for b 1.10");
        refused(s -> s.replace("a/a-1-rc1.qnet", "B/b-1.10.qnet"), "two entries for the file");
        refused(s -> s.replace("\"bytes\"", "\"name\" : \"x\", \"bytes\""), "not even JSON");
        assertThatThrownBy(() -> two().with(entry("b", "1.10.0")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("two entries for b 1.10, which is also 1.10.0");
    }

    @Test
    void fieldsOfAnotherKindAreRefusedWithTheirPlace() throws ZooException {
        refused(
                s -> s.replaceFirst("\"task\" : \"[a-z-]*\"", "\"task\" : 7"),
                "models[0].card",
                "'task' is NUMBER, expected a text");
        refused(s -> s.replaceFirst("\"licence\"", "\"license\""), "'licence' is missing");
        refused(s -> s.replace("\"bytes\" : 1234", "\"bytes\" : 1234.0"), "integer of 64 bits");
        refused(
                s -> s.replace("\"bytes\" : 1234", "\"bytes\" : 99999999999999999999"),
                "integer of 64 bits");
        refused(s -> s.replace("\"bytes\" : 1234", "\"bytes\" : 0"), "0 bytes");
        refused(
                s -> s.replace("\"bytes\" : 1234", "\"bytes\" : 4611686018427387904"),
                "bytes, expected 1 to");
        refused(s -> s.replace("\"weightBits\" : 4", "\"weightBits\" : 1e1"), "32 bits");
        refused(s -> s.replace("-0.5", "1e999999999"), "finite");
        refused(s -> s.replace("-0.5", "1" + "0".repeat(400)), "too many digits");
        refused(s -> s.replace("[ 6 ]", "[ 6.5 ]"), "'shape'");
        refused(s -> s.replace("2026-11-21", "2026-13-21"), "expected a day");
        refused(s -> s.replace("2026-11-21", "yesterday"), "expected a day");
        refused(s -> s.replace(SHA, SHA.toUpperCase(java.util.Locale.ROOT)), "64 lower-case hex");
        refused(
                s -> s.replace("\"version\" : \"1.10\"", "\"version\" : \"latest\""),
                "version 'latest'");
    }

    @Test
    void absurdDocumentsAreRefusedWithoutReadingThemAll() throws ZooException {
        refused(s -> "[".repeat(1_000_000), "nested deeper than the 12");
        refused(s -> "{\"a\":".repeat(1_000_000), "nested deeper");
        refused(s -> s + "{}", "something follows");
        refused(s -> s + s, "something follows");
        refused(s -> s + "x", "not even JSON");
        refused(s -> "", "no JSON object");
        refused(s -> "[]", "no JSON object");
        refused(s -> "null", "no JSON object");
        refused(s -> s.substring(0, s.length() / 2), "not even JSON");
        refused(s -> "{\"format\": NaN}", "not even JSON");
        refused(s -> "{\"format\": " + "9".repeat(2_000_000) + "}", "too many digits");
    }

    @Test
    void classNamesInADocumentMeanNothing() throws ZooException {
        String typed =
                json().replace(
                                "\"task\"",
                                "\"@class\" : \"javax.script.ScriptEngineManager\", \"task\"");
        assertThat(parse(typed).entries()).isEqualTo(two().entries());
    }
}
