package io.github.dl4jqat.examples.zoo;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@link ChildProcess} leaves nothing running; the parents here are processes of their own. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class ChildProcessTest {

    private static final Duration FOREVER = Duration.ofMinutes(1);

    @TempDir private Path folder;

    /** A program that starts another one, which says its number and does nothing. */
    static final class Parent {

        private Parent() {}

        public static void main(String[] arguments) throws IOException, InterruptedException {
            try (ChildProcess child =
                    new ChildProcess(java(Idle.class).redirectErrorStream(true).inheritIO())) {
                child.ends(FOREVER);
            }
        }
    }

    /** The program that is started. */
    static final class Idle {

        private Idle() {}

        @SuppressWarnings("ThreadSleepMillis") // it has nothing else to do
        public static void main(String[] arguments) throws InterruptedException {
            ChildProcess.endWithParent();
            System.out.println("running");
            Thread.sleep(FOREVER.toMillis());
        }
    }

    private static ProcessBuilder java(Class<?> program) {
        ProcessBuilder builder =
                new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx64m",
                        program.getName());
        builder.environment().put("CLASSPATH", System.getProperty("java.class.path"));
        return builder;
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void endsWithItsParent(boolean atOnce) throws Exception {
        Process parent = java(Parent.class).redirectErrorStream(true).start();
        try {
            assertThat(parent.inputReader().readLine()).isEqualTo("running");
            ProcessHandle child = parent.children().findFirst().orElseThrow();
            if (atOnce) {
                parent.destroyForcibly();
            } else {
                parent.destroy();
            }
            child.onExit().get(30, TimeUnit.SECONDS);
            assertThat(child.isAlive()).isFalse();
        } finally {
            parent.descendants().forEach(ProcessHandle::destroyForcibly);
            parent.destroyForcibly();
        }
    }

    @Test
    void endsWhenItIsClosed_andSaysHowItEnded() throws Exception {
        ChildProcess idle = new ChildProcess(java(Idle.class).redirectErrorStream(true));
        assertThat(idle.ends(Duration.ofMillis(1))).isFalse();
        idle.close();
        assertThat(idle.ends(Duration.ZERO)).isTrue();
        assertThat(idle.exitCode()).isNotZero();
        ProcessBuilder unknown = java(Idle.class);
        unknown.command().set(2, "no.such.Program");
        unknown.redirectError(folder.resolve("errors.txt").toFile());
        try (ChildProcess failing = new ChildProcess(unknown)) {
            assertThat(failing.ends(FOREVER)).isTrue();
            assertThat(failing.exitCode()).isEqualTo(1);
        }
    }
}
