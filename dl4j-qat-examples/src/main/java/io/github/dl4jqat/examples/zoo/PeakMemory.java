package io.github.dl4jqat.examples.zoo;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** The largest amount of memory that this process has had, native memory included; on Linux. */
final class PeakMemory {

    private static final Path STATUS = Path.of("/proc/self/status");
    private static final Path RESET = Path.of("/proc/self/clear_refs");
    private static final long KILO = 1024;

    private PeakMemory() {}

    /** Forgets the peak so far, where the system can. */
    static void reset() {
        try {
            Files.writeString(RESET, "5", StandardCharsets.US_ASCII);
        } catch (IOException e) {
            // Then the peak is that of the whole life of the process, which is no less true.
            return;
        }
    }

    /** The peak in bytes, or -1 where the system does not tell. */
    static long bytes() {
        try {
            for (String line : Files.readAllLines(STATUS, StandardCharsets.US_ASCII)) {
                if (line.startsWith("VmHWM:")) {
                    return Long.parseLong(line.replaceAll("\\D", "")) * KILO;
                }
            }
        } catch (IOException e) {
            return -1;
        }
        return -1;
    }
}
