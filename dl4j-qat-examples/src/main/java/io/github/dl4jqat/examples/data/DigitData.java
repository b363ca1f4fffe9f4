package io.github.dl4jqat.examples.data;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Digits to train on, digits to test on, and where they come from.
 *
 * @param source {@code "mnist-idx FOLDER"}, {@code "dl4j-cache"} or {@code "drawn"}
 * @param train the pictures for training and calibration
 * @param test pictures that training never sees
 */
public record DigitData(String source, DigitSet train, DigitSet test) {

    /** The name of the source that needs no files. */
    public static final String DRAWN = "drawn";

    /**
     * Reads MNIST-style IDX files from a folder.
     *
     * @throws DataFormatException if the folder or a file in it cannot be used
     */
    public static DigitData fromFolder(Path folder) throws IOException {
        MnistFolder files = MnistFolder.of(folder);
        return new DigitData("mnist-idx " + folder, files.train(), files.test());
    }

    /**
     * The best digits that are at hand without a download: the MNIST files that Deeplearning4j has
     * cached, else drawn ones.
     *
     * @throws DataFormatException if cached files are damaged
     */
    public static DigitData atHand() throws IOException {
        for (Path folder : dl4jCaches()) {
            Optional<MnistFolder> files = MnistFolder.ifComplete(folder);
            if (files.isPresent()) {
                return new DigitData("dl4j-cache", files.get().train(), files.get().test());
            }
        }
        return drawn();
    }

    /** The embedded set that the program draws itself. */
    public static DigitData drawn() {
        DrawnDigits drawn = DrawnDigits.standard();
        return new DigitData(DRAWN, drawn.train(), drawn.test());
    }

    /** At most the first pictures of each part: for quick looks and tests. */
    public DigitData limit(int maxTrain, int maxTest) {
        return new DigitData(source, train.first(maxTrain), test.first(maxTest));
    }

    /** Training batches, in a new order in every pass; the orders depend on the seed alone. */
    public DigitSetIterator trainBatches(int batchSize, long seed) {
        return DigitSetIterator.shuffled(train, batchSize, seed);
    }

    /** Test batches in the order of the set. */
    public DigitSetIterator testBatches(int batchSize) {
        return DigitSetIterator.inOrder(test, batchSize);
    }

    /** Whether {@link #source} is the embedded set. */
    public boolean isDrawn() {
        return source.equals(DRAWN);
    }

    /**
     * Where Deeplearning4j keeps MNIST: 1.0.0-M2.1 puts the files directly into its resource
     * folder, releases before it into data/MNIST below. The folder is worked out here and not asked
     * from {@code DL4JResources} because that creates it.
     */
    private static List<Path> dl4jCaches() {
        String configured = System.getProperty("org.deeplearning4j.resources.directory");
        Path base =
                configured == null
                        ? Path.of(System.getProperty("user.home", "."), ".deeplearning4j")
                        : Path.of(configured);
        return List.of(base, base.resolve("data").resolve("MNIST"));
    }
}
