package io.github.dl4jqat.examples.cli;

import io.github.dl4jqat.examples.data.DigitData;
import java.io.IOException;
import java.nio.file.Path;
import picocli.CommandLine.Option;

/** The options that say which digits a command trains with and tests on. */
final class DigitOptions {

    @Option(
            names = "--data",
            paramLabel = "DIR",
            description =
                    "A folder with MNIST-style IDX files (train-images-idx3-ubyte.gz and so on,"
                            + " compressed or not).")
    private Path folder;

    @Option(names = "--limit-train", hidden = true, defaultValue = "" + Integer.MAX_VALUE)
    private int limitTrain;

    @Option(names = "--limit-test", hidden = true, defaultValue = "" + Integer.MAX_VALUE)
    private int limitTest;

    /** Reads or draws them. */
    DigitData data() throws IOException, InputException {
        requirePositive("--limit-train", limitTrain);
        requirePositive("--limit-test", limitTest);
        DigitData all = folder == null ? DigitData.atHand() : DigitData.fromFolder(folder);
        return all.limit(limitTrain, limitTest);
    }

    /**
     * Checks a number that an option gives.
     *
     * @throws InputException if it is below one
     */
    static void requirePositive(String option, int value) throws InputException {
        if (value < 1) {
            throw new InputException(option + ": expected at least 1, got " + value);
        }
    }
}
