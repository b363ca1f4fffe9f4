package io.github.dl4jqat.zoo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.dl4jqat.integer.IntegerNetwork;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(300)
class HttpZooTest {

    /** Longer than a busy machine hesitates. */
    private static final Duration PATIENT = Duration.ofSeconds(30);

    private static final Duration IMPATIENT = Duration.ofMillis(1500);
    private static final String TAG = "\"v1\"";

    @TempDir private Path temporary;
    private Path cache;
    private TestServer server;
    private byte[] manifest;
    private byte[] model;
    private String modelPath;
    private String sha;

    @BeforeEach
    void fillServer() throws IOException {
        cache = temporary.resolve("cache");
        server = new TestServer();
        Path folder = temporary.resolve("origin");
        try (IntegerNetwork network = ZooModels.network(1)) {
            ZooEntry entry =
                    IntegerModelZoo.open(folder)
                            .publish("pets", "1.0.0", network, ZooModels.card());
            modelPath = "/zoo/" + entry.file();
            sha = entry.sha256();
            model = Files.readAllBytes(folder.resolve(entry.file()));
        }
        manifest = Files.readAllBytes(folder.resolve("zoo.json"));
        server.file("/zoo/zoo.json", manifest).file(modelPath, model, TAG);
    }

    @AfterEach
    void stopServer() {
        server.close();
    }

    private ZooOptions options() {
        return ZooOptions.defaults().withCache(cache).withTimeouts(PATIENT, PATIENT);
    }

    private IntegerModelZoo open() {
        return open("/zoo/");
    }

    private IntegerModelZoo open(String path) {
        return IntegerModelZoo.open(server.uri(path), options());
    }

    private List<String> installed() throws IOException {
        if (!Files.isDirectory(cache.resolve("files"))) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(cache.resolve("files"))) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith(".qnet"))
                    .toList();
        }
    }

    private void loads(IntegerModelZoo zoo) throws IOException {
        try (IntegerNetwork network = zoo.load("pets")) {
            assertThat(network.model()).isEqualTo(ZooModels.model(1));
        }
        assertThat(installed()).containsExactly(sha + ".qnet");
        try (Stream<Path> files = Files.list(cache.resolve("files"))) {
            assertThat(files.map(Path::toString)).noneMatch(name -> name.contains(".part"));
        }
    }

    @Test
    void modelsAreFetchedOnceAndThenLoadWithoutTheServer() throws IOException {
        loads(open("/zoo"));
        loads(open());
        assertThat(server.requests).containsExactly("/zoo/zoo.json", modelPath, "/zoo/zoo.json");
        URI address = server.uri("/zoo/");
        server.close();
        IntegerModelZoo offline = IntegerModelZoo.open(address, options());
        assertThat(offline.list()).hasSize(1);
        loads(offline);
        assertThat(offline.verify()).isEmpty();
        assertThatThrownBy(() -> IntegerModelZoo.open(address.resolve("/other/"), options()).list())
                .isInstanceOf(ZooUnreachableException.class)
                .hasMessageContaining("no answer");
    }

    @Test
    void damagedCacheIsFetchedAgain() throws IOException {
        loads(open());
        Path file = cache.resolve("files").resolve(sha + ".qnet");
        byte[] bytes = model.clone();
        bytes[99] ^= 4;
        Files.write(file, bytes);
        loads(open());
        assertThat(file).hasBinaryContent(model);
    }

    @ParameterizedTest
    @ValueSource(strings = {"no tag", "same tag", "weak tag"})
    void brokenDownloadGoesOnWhereItEnded(String kind) throws IOException {
        String tag =
                switch (kind) {
                    case "no tag" -> "";
                    case "weak tag" -> "W/\"v1\"";
                    default -> TAG;
                };
        server.on(modelPath, TestServer.cutOff(model, 1000, tag));
        assertThatThrownBy(() -> open().load("pets"))
                .isInstanceOf(ZooUnreachableException.class)
                .hasMessageContaining("after 1000 bytes");
        assertThat(installed()).isEmpty();
        server.requests.clear();
        server.file(modelPath, model, tag);
        loads(open());
        assertThat(server.requests).containsExactly("/zoo/zoo.json", modelPath + " bytes=1000-");
    }

    @Test
    void serversWithoutRangesSendItAllAgain() throws IOException {
        server.on(modelPath, TestServer.cutOff(model, 1000, TAG));
        assertThatThrownBy(() -> open().load("pets")).isInstanceOf(ZooUnreachableException.class);
        server.file(modelPath, model);
        loads(open());
    }

    @Test
    void changedFileIsNotPutTogetherFromTwoVersions() throws IOException {
        byte[] other = model.clone();
        Arrays.fill(other, 0, 1000, (byte) 7);
        server.on(modelPath, TestServer.cutOff(other, 1000, "\"v0\""));
        assertThatThrownBy(() -> open().load("pets")).isInstanceOf(ZooUnreachableException.class);
        server.file(modelPath, model, TAG);
        loads(open());
    }

    @Test
    void wrongBeginningWithoutTagIsFoundByTheChecksumAndFetchedAgain() throws IOException {
        byte[] other = model.clone();
        other[500] ^= 1;
        server.on(modelPath, TestServer.cutOff(other, 1000, ""));
        assertThatThrownBy(() -> open().load("pets")).isInstanceOf(ZooUnreachableException.class);
        server.requests.clear();
        server.file(modelPath, model, "");
        loads(open());
        assertThat(server.requests)
                .containsExactly("/zoo/zoo.json", modelPath + " bytes=1000-", modelPath);
    }

    @Test
    void rangeThatTheServerRefusesOrMisreadsIsFetchedWhole() throws IOException {
        for (int status : new int[] {416, 206}) {
            server.on(modelPath, TestServer.cutOff(model, 1000, TAG));
            assertThatThrownBy(() -> open().load("pets"))
                    .isInstanceOf(ZooUnreachableException.class);
            server.on(
                    modelPath,
                    exchange -> {
                        if (exchange.getRequestHeaders().containsKey("Range")) {
                            exchange.getResponseHeaders().set("Content-Range", "bytes 5-9/10");
                            TestServer.send(exchange, status, new byte[5], 0);
                        } else {
                            TestServer.send(exchange, 200, model, 0);
                        }
                    });
            loads(open());
            Files.delete(cache.resolve("files").resolve(sha + ".qnet"));
        }
    }

    @Test
    void wrongBytesAreNotInstalled() throws IOException {
        byte[] wrong = model.clone();
        wrong[model.length - 1] ^= 1;
        server.file(modelPath, wrong, TAG);
        assertThatThrownBy(() -> open().load("pets"))
                .isInstanceOf(ZooException.class)
                .hasMessageContaining("SHA-256");
        assertThat(open().verify()).hasSize(1);
        assertThat(installed()).isEmpty();
        server.file(modelPath, model, TAG);
        loads(open());
    }

    @Test
    void wrongLengthsAreNotInstalled() throws IOException {
        server.file(modelPath, Arrays.copyOf(model, model.length - 1));
        assertThatThrownBy(() -> open().load("pets"))
                .isInstanceOf(ZooException.class)
                .hasMessageContaining("the manifest promises " + model.length);
        server.on(
                modelPath,
                exchange -> {
                    exchange.sendResponseHeaders(200, 0); // chunks, no length
                    try (exchange) {
                        for (int i = 0; i < 1000; i++) {
                            exchange.getResponseBody().write(model);
                        }
                    }
                });
        assertThatThrownBy(() -> open().load("pets"))
                .isInstanceOf(ZooException.class)
                .hasMessageContaining("more than the " + model.length + " bytes");
        server.on(
                modelPath,
                exchange -> {
                    exchange.sendResponseHeaders(200, 0);
                    try (exchange) {
                        exchange.getResponseBody().write(model, 0, 500);
                    }
                });
        assertThatThrownBy(() -> open().load("pets"))
                .isInstanceOf(ZooUnreachableException.class)
                .hasMessageContaining("ended after 500 of " + model.length);
        assertThat(installed()).isEmpty();
    }

    @Test
    void serversThatStandStillAreLeft() throws IOException {
        IntegerModelZoo zoo =
                IntegerModelZoo.open(
                        server.uri("/zoo/"), options().withTimeouts(PATIENT, IMPATIENT));
        assertThat(zoo.list()).hasSize(1);
        server.on(modelPath, server.standStill(model, 700));
        assertThatThrownBy(() -> zoo.load("pets"))
                .isInstanceOf(ZooUnreachableException.class)
                .hasMessageContaining("after 700 bytes (nothing came for 1500 ms");
        server.on(modelPath, server.silence());
        assertThatThrownBy(() -> zoo.load("pets"))
                .isInstanceOf(ZooUnreachableException.class)
                .hasMessageContaining("no answer");
        assertThat(installed()).isEmpty();
    }

    @Test
    void manifestsThatStandStillGiveWayToTheOldOne() throws IOException {
        ZooOptions impatient = options().withTimeouts(PATIENT, IMPATIENT);
        server.on("/zoo/zoo.json", server.standStill(manifest, 100));
        assertThatThrownBy(() -> IntegerModelZoo.open(server.uri("/zoo/"), impatient).list())
                .isInstanceOf(ZooUnreachableException.class)
                .hasMessageContaining("broke off after 100 bytes");
        server.file("/zoo/zoo.json", manifest);
        assertThat(open().list()).hasSize(1);
        server.on("/zoo/zoo.json", server.silence());
        assertThat(IntegerModelZoo.open(server.uri("/zoo/"), impatient).list()).hasSize(1);
    }

    @Test
    void serversThatFailAreUnreachableAndThoseThatRefuseAreNot() throws IOException {
        open().list();
        for (int status : new int[] {500, 503, 429}) {
            server.on("/zoo/zoo.json", TestServer.status(status));
            assertThat(open().list()).hasSize(1);
        }
        for (int status : new int[] {400, 403, 404, 204, 206}) {
            server.on("/zoo/zoo.json", TestServer.status(status));
            assertThatThrownBy(() -> open().list())
                    .isExactlyInstanceOf(ZooException.class)
                    .hasMessageContaining("status " + status);
        }
    }

    @Test
    void brokenManifestReplacesNothing() throws IOException {
        open().list();
        server.file("/zoo/zoo.json", Arrays.copyOf(manifest, 300));
        assertThatThrownBy(() -> open().list()).isExactlyInstanceOf(ZooException.class);
        server.on("/zoo/zoo.json", TestServer.status(500));
        assertThat(open().list()).hasSize(1);
    }

    /**
     * An answer that says how long it is, and one that does not. Both go on for a while: a server
     * that ends right behind its headers may be gone before they are read.
     */
    @ParameterizedTest
    @ValueSource(longs = {0, 1L << 40})
    void endlessManifestIsCutOff(long length) {
        server.on(
                "/zoo/zoo.json",
                exchange -> {
                    exchange.sendResponseHeaders(200, length);
                    byte[] blanks = new byte[1 << 20];
                    Arrays.fill(blanks, (byte) ' ');
                    try (exchange) {
                        for (int i = 0; i < 100; i++) {
                            exchange.getResponseBody().write(blanks);
                        }
                    }
                });
        assertThatThrownBy(() -> open().list())
                .isExactlyInstanceOf(ZooException.class)
                .hasMessageContaining("more than the");
    }

    @ParameterizedTest
    @ValueSource(ints = {301, 302, 303, 307, 308})
    void redirectsWithinTheWebAreFollowed(int status) throws IOException {
        server.on("/old/zoo.json", TestServer.redirect(status, "/zoo/zoo.json"));
        server.on(
                "/old" + modelPath.substring("/zoo".length()),
                TestServer.redirect(status, server.uri(modelPath).toString()));
        loads(open("/old/"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "file:///etc/passwd",
                "ftp://localhost/zoo.json",
                "jar:file:/x.jar!/zoo.json",
                "classpath:zoo.json",
                "http:///zoo.json",
                "http:zoo.json",
                "",
                "not an address"
            })
    void redirectsElsewhereAreNot(String location) {
        server.on("/zoo/zoo.json", TestServer.redirect(302, location));
        assertThatThrownBy(() -> open().list())
                .isExactlyInstanceOf(ZooException.class)
                .hasMessageContaining("redirects to");
    }

    @Test
    void redirectsInCirclesEnd() {
        server.on("/zoo/zoo.json", TestServer.redirect(302, "zoo.json"));
        assertThatThrownBy(() -> open().list())
                .isExactlyInstanceOf(ZooException.class)
                .hasMessageContaining("again and again");
        assertThat(server.requests).hasSize(6);
    }

    @Test
    void encryptionIsNotGivenUp() {
        assertThatThrownBy(
                        () ->
                                HttpFetch.target(
                                        URI.create("https://example.org/a/zoo.json"),
                                        "http://example.org/a/zoo.json"))
                .isExactlyInstanceOf(ZooException.class)
                .hasMessageContaining("gives up encryption");
    }

    @Test
    void encryptedTargetsAreResolved() throws ZooException {
        URI from = URI.create("https://example.org/a/zoo.json");
        assertThat(HttpFetch.target(from, "../b/c.json"))
                .isEqualTo(URI.create("https://example.org/b/c.json"));
        assertThat(HttpFetch.target(URI.create("http://example.org/"), "HTTPS://example.org/b"))
                .hasToString("HTTPS://example.org/b");
    }

    @Test
    void cacheLiesAmongTheModelsOfDeeplearning4j() {
        String property = "org.deeplearning4j.resources.directory";
        String before = System.getProperty(property);
        try {
            System.setProperty(property, temporary.toString());
            assertThat(ZooOptions.defaults().cache())
                    .isEqualTo(temporary.resolve("models").resolve("integer"));
            System.clearProperty(property);
            assertThat(ZooOptions.defaults().cache())
                    .isEqualTo(
                            Path.of(
                                    System.getProperty("user.home"),
                                    ".deeplearning4j",
                                    "models",
                                    "integer"));
        } finally {
            if (before != null) {
                System.setProperty(property, before);
            }
        }
    }

    @Test
    void cacheThatCannotBeWrittenSaysWhatToDo() throws IOException {
        Path file = Files.writeString(temporary.resolve("file"), "x");
        IntegerModelZoo zoo = IntegerModelZoo.open(server.uri("/zoo/"), options().withCache(file));
        assertThatThrownBy(zoo::list)
                .isExactlyInstanceOf(ZooException.class)
                .hasMessageContaining("ZooOptions");
    }

    @Test
    void optionsMustMakeSense() {
        assertThatThrownBy(() -> options().withTimeouts(Duration.ZERO, PATIENT))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("connectTimeout");
        assertThatThrownBy(() -> options().withTimeouts(PATIENT, null))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("stallTimeout");
        assertThatThrownBy(() -> options().withCache(null))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
