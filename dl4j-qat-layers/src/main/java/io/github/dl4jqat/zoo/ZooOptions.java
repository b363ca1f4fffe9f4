package io.github.dl4jqat.zoo;

import java.nio.file.Path;
import java.time.Duration;

/**
 * How to deal with a zoo on a web server.
 *
 * <p>Immutable and thread-safe.
 *
 * @param cache where downloaded models are kept
 * @param connectTimeout how long a server may take to accept a connection
 * @param stallTimeout how long it may send nothing, before its answer begins and within it
 */
public record ZooOptions(Path cache, Duration connectTimeout, Duration stallTimeout) {

    /** Checks that nothing is missing and that the waiting ends. */
    public ZooOptions {
        if (cache == null) {
            throw new IllegalArgumentException("ZooOptions: no folder for the cache");
        }
        positive("connectTimeout", connectTimeout);
        positive("stallTimeout", stallTimeout);
    }

    private static void positive(String name, Duration time) {
        if (time == null || time.isZero() || time.isNegative()) {
            throw new IllegalArgumentException(
                    "ZooOptions: " + name + " " + time + ", expected a time above 0");
        }
    }

    /**
     * 10 seconds to connect, 30 of silence, and a cache among Deeplearning4j's own models: in
     * {@code models/integer} below the folder that the system property {@code
     * org.deeplearning4j.resources.directory} names, without it {@code .deeplearning4j} in the
     * user's home.
     */
    public static ZooOptions defaults() {
        String configured = System.getProperty("org.deeplearning4j.resources.directory");
        Path base =
                configured == null
                        ? Path.of(System.getProperty("user.home", "."), ".deeplearning4j")
                        : Path.of(configured);
        return new ZooOptions(
                base.resolve("models").resolve("integer"),
                Duration.ofSeconds(10),
                Duration.ofSeconds(30));
    }

    /** The same with another cache. */
    public ZooOptions withCache(Path folder) {
        return new ZooOptions(folder, connectTimeout, stallTimeout);
    }

    /** The same with other times. */
    public ZooOptions withTimeouts(Duration connect, Duration stall) {
        return new ZooOptions(cache, connect, stall);
    }
}
