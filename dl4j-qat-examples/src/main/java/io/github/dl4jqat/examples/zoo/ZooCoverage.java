package io.github.dl4jqat.examples.zoo;

import io.github.dl4jqat.quant.Requantization;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * Takes models of the zoo all the way, each in processes of its own: one that does the work, and
 * two that measure the memory of a few steps of training, with and without quantization.
 */
public final class ZooCoverage {

    /** In bytes; glibc's own limit grows as it goes. */
    private static final String LARGE_ARRAY = "1048576";

    private static final int EXIT_OUT_OF_MEMORY = 137;

    private final Requantization mode;
    private final String heap;
    private final Duration patience;
    private final Watcher watcher;

    /** Hears how far it has come. */
    public interface Watcher {
        /** Work on a model begins. */
        void started(String model, int number, int all);

        /**
         * A model is done with.
         *
         * @throws IOException if that cannot be written down; it ends the whole run
         */
        void finished(ZooRow row) throws IOException;
    }

    /**
     * A run over the zoo.
     *
     * @param mode how the networks requantize
     * @param heap the largest Java heap of a process, as {@code -Xmx} takes it
     * @param patience after which a process is ended
     */
    public ZooCoverage(Requantization mode, String heap, Duration patience, Watcher watcher) {
        this.mode = mode;
        this.heap = heap;
        this.patience = patience;
        this.watcher = watcher;
    }

    /** Takes one model after the other. */
    public List<ZooRow> run(List<ZooSubject> subjects) throws IOException, InterruptedException {
        List<ZooRow> rows = new ArrayList<>();
        for (ZooSubject subject : subjects) {
            watcher.started(subject.name(), rows.size() + 1, subjects.size());
            Path folder = Files.createTempDirectory("qat-zoo");
            try {
                ZooRow row = run(subject, folder);
                rows.add(row);
                watcher.finished(row);
            } finally {
                delete(folder);
            }
        }
        return rows;
    }

    private ZooRow run(ZooSubject subject, Path folder) throws IOException, InterruptedException {
        long start = System.nanoTime();
        String problem =
                start(folder, subject.name(), ZooProcess.RUN, folder.toString(), mode.name());
        Path file = folder.resolve(ZooRun.ROW);
        ZooRow row = Files.exists(file) ? ZooRow.read(file) : new ZooRow(subject.name());
        if (problem != null) {
            row.fail(problem);
        }
        Long plain = peak(subject, folder, ZooRun.FLOAT_ZIP);
        Long prepared = plain == null ? null : peak(subject, folder, ZooRun.PREPARED_ZIP);
        row.put("floatPeakBytes", plain);
        row.put("peakBytes", prepared);
        row.put("memoryRatio", prepared == null ? null : (double) prepared / plain);
        double inPhases = row.number("seconds");
        row.addSeconds("memory", (System.nanoTime() - start) / 1e9 - inPhases);
        return row;
    }

    /** The memory that training a saved network takes, or null. */
    private Long peak(ZooSubject subject, Path folder, String network)
            throws IOException, InterruptedException {
        Path zip = folder.resolve(network);
        if (!Files.exists(zip)) {
            return null;
        }
        Path result = folder.resolve(ZooProcess.PEAK);
        Files.deleteIfExists(result);
        String problem =
                start(folder, subject.name(), ZooProcess.MEMORY, folder.toString(), zip.toString());
        if (problem != null || !Files.exists(result)) {
            return null;
        }
        long bytes = Long.parseLong(Files.readString(result));
        return bytes < 0 ? null : (Long) bytes;
    }

    /** Runs a process; what went wrong with it, or null. */
    private String start(Path folder, String... arguments)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("-Xmx" + heap);
        command.add(ZooProcess.class.getName());
        command.addAll(List.of(arguments));
        Path log = folder.resolve("log.txt");
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
        // A class path can be longer than a command line may be.
        builder.environment().put("CLASSPATH", System.getProperty("java.class.path"));
        if (arguments[1].equals(ZooProcess.MEMORY)) {
            // Freed arrays go back to the system at once, so that a peak is one of use.
            builder.environment().put("MALLOC_MMAP_THRESHOLD_", LARGE_ARRAY);
            builder.environment().put("MALLOC_ARENA_MAX", "2");
        }
        int code;
        try (ChildProcess process = new ChildProcess(builder)) {
            if (!process.ends(patience)) {
                return "it did not end within " + patience.toMinutes() + " minutes";
            }
            code = process.exitCode();
        }
        if (code == 0) {
            return null;
        }
        return "its process ended with exit code "
                + code
                + (code == EXIT_OUT_OF_MEMORY ? ", most likely for lack of memory" : "")
                + lastWords(log);
    }

    private static String lastWords(Path log) throws IOException {
        List<String> lines = Files.readAllLines(log, Charset.defaultCharset());
        return lines.stream()
                .filter(l -> l.contains("Exception") || l.contains("Error") || l.startsWith("#"))
                .findFirst()
                .map(l -> ": " + l.strip())
                .orElse("");
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            files.sorted(Comparator.reverseOrder()).map(Path::toFile).forEach(ZooCoverage::delete);
        }
    }

    private static void delete(File file) {
        if (!file.delete()) {
            throw new UncheckedIOException(new IOException(file + " cannot be deleted"));
        }
    }
}
