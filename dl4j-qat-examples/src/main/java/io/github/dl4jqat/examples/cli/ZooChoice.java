package io.github.dl4jqat.examples.cli;

import io.github.dl4jqat.zoo.IntegerModelZoo;
import io.github.dl4jqat.zoo.ZooEntry;
import java.io.IOException;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** One model of a zoo, in one version. */
final class ZooChoice {

    @Parameters(paramLabel = "NAME", description = "The model.")
    private String name;

    @Option(
            names = "--model-version",
            paramLabel = "V",
            description = "Which version. Default: the newest release.")
    private String version;

    ZooEntry in(IntegerModelZoo zoo) throws IOException {
        return version == null ? zoo.entry(name) : zoo.entry(name, version);
    }
}
