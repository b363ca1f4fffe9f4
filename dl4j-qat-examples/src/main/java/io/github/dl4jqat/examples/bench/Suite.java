package io.github.dl4jqat.examples.bench;

import java.util.List;
import java.util.Map;

/** Benchmarks that belong together. */
public interface Suite {

    /** What it is called on the command line. */
    String name();

    /** The benchmarks by name, in their order; each gives one or several figures. */
    Map<String, Bench> benches();

    /** One benchmark. It checks what it is going to time first. */
    @FunctionalInterface
    interface Bench {
        /**
         * Measures.
         *
         * @throws IllegalStateException if a result is wrong; then there is nothing to time
         */
        List<Figure> run(Effort effort) throws Exception;
    }
}
