package io.github.dl4jqat.zoo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.dl4jqat.integer.IntegerNetwork;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(300)
class ManyPublishersTest {

    private static final int VERSIONS = 8;

    @TempDir private Path temporary;

    private static Process program(Path folder, String name) throws IOException {
        String classPath =
                Stream.of(System.getProperty("java.class.path").split(File.pathSeparator))
                        .map(Path::of)
                        .filter(
                                path ->
                                        path.toString().contains("classes")
                                                || path.getFileName()
                                                        .toString()
                                                        .matches("(jackson-1|slf4j-api|logback).*"))
                        .map(path -> path.toAbsolutePath().toString())
                        .collect(Collectors.joining(File.pathSeparator));
        return new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        classPath,
                        PublishingProgram.class.getName(),
                        folder.toString(),
                        name,
                        Integer.toString(VERSIONS))
                .redirectErrorStream(true)
                .redirectOutput(folder.resolveSibling(name + ".log").toFile())
                .start();
    }

    @Test
    void publishersInTwoProcessesAndTwoThreadsLoseNothingAndReadersNeverSeeHalfAZoo()
            throws Exception {
        Path folder = temporary.resolve("zoo");
        try (IntegerNetwork network = ZooModels.network(0)) {
            IntegerModelZoo.open(folder).publish("first", "1", network, ZooModels.card());
        }
        List<Process> processes =
                List.of(program(folder, "process-a"), program(folder, "process-b"));
        ExecutorService threads = Executors.newFixedThreadPool(3);
        AtomicBoolean done = new AtomicBoolean();
        try {
            List<Future<?>> publishers = new ArrayList<>();
            for (String name : List.of("thread-a", "thread-b")) {
                publishers.add(
                        threads.submit(
                                () -> {
                                    PublishingProgram.publish(folder, name, VERSIONS);
                                    return null;
                                }));
            }
            Future<Integer> reader =
                    threads.submit(
                            () -> {
                                int most = 0;
                                IntegerModelZoo zoo = IntegerModelZoo.open(folder);
                                while (!done.get()) {
                                    List<ZooEntry> entries = zoo.list();
                                    assertThat(entries.size()).isGreaterThanOrEqualTo(most);
                                    most = entries.size();
                                    ZooEntry any = entries.get(most / 2);
                                    zoo.load(any.name(), any.version()).close();
                                }
                                return most;
                            });
            for (Future<?> publisher : publishers) {
                publisher.get();
            }
            for (Process process : processes) {
                assertThat(process.waitFor(240, TimeUnit.SECONDS)).isTrue();
            }
            done.set(true);
            assertThat(reader.get()).isPositive();
        } finally {
            done.set(true);
            processes.forEach(Process::destroyForcibly);
            threads.shutdownNow();
        }
        for (String name : List.of("process-a", "process-b")) {
            assertThat(temporary.resolve(name + ".log")).content().doesNotContain("Exception");
        }
        IntegerModelZoo zoo = IntegerModelZoo.open(folder);
        assertThat(zoo.list()).hasSize(1 + 4 * VERSIONS);
        assertThat(zoo.verify()).isEmpty();
        try (Stream<Path> files = Files.list(folder)) {
            assertThat(files.map(file -> file.getFileName().toString()))
                    .containsExactlyInAnyOrder(
                            ".zoo.lock",
                            "zoo.json",
                            "first",
                            "process-a",
                            "process-b",
                            "thread-a",
                            "thread-b");
        }
    }

    @Test
    void patienceEnds() throws Exception {
        Path file = temporary.resolve("lock");
        ExecutorService other = Executors.newSingleThreadExecutor();
        try (FolderLock held = FolderLock.take(file, Duration.ofSeconds(1))) {
            Future<?> waiting = other.submit(() -> FolderLock.take(file, Duration.ofMillis(50)));
            assertThatThrownBy(waiting::get)
                    .cause()
                    .isInstanceOf(ZooException.class)
                    .hasMessageContaining("held this lock");
        } finally {
            other.shutdownNow();
        }
        FolderLock.take(file, Duration.ofMillis(50)).close();
    }
}
