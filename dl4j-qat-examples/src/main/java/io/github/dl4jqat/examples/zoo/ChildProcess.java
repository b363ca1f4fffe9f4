package io.github.dl4jqat.examples.zoo;

import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * A process that does not outlive the one that starts it, however that ends: a shutdown hook ends
 * it with this one, and where there is no time for that, as after a SIGKILL, it ends by itself if
 * it calls {@link #endWithParent} first.
 */
final class ChildProcess implements AutoCloseable {

    private static final String PARENT = "QAT_PARENT_PROCESS";

    private final Process process;
    private final Thread hook;

    /**
     * Starts it.
     *
     * @throws IllegalStateException if this process is about to end
     */
    ChildProcess(ProcessBuilder builder) throws IOException {
        builder.environment().put(PARENT, Long.toString(ProcessHandle.current().pid()));
        process = builder.start();
        hook = new Thread(this::destroy, "end of a child process");
        try {
            Runtime.getRuntime().addShutdownHook(hook);
        } catch (IllegalStateException e) {
            destroy();
            throw e;
        }
    }

    /** In the child: ends it as soon as its parent is gone. */
    static void endWithParent() {
        String parent = System.getenv(PARENT);
        if (parent == null) {
            return;
        }
        Optional<ProcessHandle> handle = ProcessHandle.of(Long.parseLong(parent));
        if (handle.isEmpty()) {
            Runtime.getRuntime().halt(1);
        } else {
            var unused = handle.get().onExit().thenRun(() -> Runtime.getRuntime().halt(1));
        }
    }

    /** Whether it ended in that time. */
    boolean ends(Duration within) throws InterruptedException {
        return process.waitFor(within.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** The exit code of a process that has ended. */
    int exitCode() {
        return process.exitValue();
    }

    private void destroy() {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
    }

    /** Ends it, if it has not ended. */
    @Override
    public void close() {
        destroy();
        try {
            process.waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // This process is about to end; the hook has nothing left to do.
            assert !process.isAlive();
        }
    }
}
