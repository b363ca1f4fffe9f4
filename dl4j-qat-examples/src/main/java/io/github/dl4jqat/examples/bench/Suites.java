package io.github.dl4jqat.examples.bench;

import java.util.List;

/** All suites, in the order in which they run. */
public final class Suites {

    private static final List<Suite> ALL =
            List.of(
                    new KernelSuite(),
                    new TrainSuite(),
                    new InferSuite(),
                    new GrowthSuite(),
                    new PrepareSuite());

    private Suites() {}

    /** All of them. */
    public static List<Suite> all() {
        return ALL;
    }

    /**
     * The suite of that name.
     *
     * @throws IllegalArgumentException if there is none; it names them all
     */
    public static Suite named(String name) {
        return ALL.stream()
                .filter(s -> s.name().equals(name))
                .findFirst()
                .orElseThrow(
                        () ->
                                new IllegalArgumentException(
                                        "no suite '"
                                                + name
                                                + "'; there are "
                                                + String.join(
                                                        ", ",
                                                        ALL.stream().map(Suite::name).toList())));
    }
}
