package io.github.dl4jqat.examples.data;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A folder with the four files of an MNIST-style data set, in any of the spellings in use: {@code
 * train-images-idx3-ubyte} or {@code train-images.idx3-ubyte}, with {@code .gz} or without, {@code
 * t10k} or {@code test} for the test part. Whether a file is compressed is read from its content.
 */
public final class MnistFolder {

    private static final List<String> TRAIN = List.of("train");
    private static final List<String> TEST = List.of("t10k", "test");

    private final Path folder;

    private MnistFolder(Path folder) {
        this.folder = folder;
    }

    /**
     * Names a folder that has to hold a data set.
     *
     * @throws DataFormatException if it is not a folder
     */
    public static MnistFolder of(Path folder) throws DataFormatException {
        if (!Files.exists(folder)) {
            throw new DataFormatException(folder + ": no such folder");
        }
        if (!Files.isDirectory(folder)) {
            throw new DataFormatException(
                    folder + ": expected a folder with MNIST-style IDX files, got a file");
        }
        return new MnistFolder(folder);
    }

    /** The folder, if it holds all four files. */
    static Optional<MnistFolder> ifComplete(Path folder) {
        boolean complete =
                find(folder, TRAIN, "images", 3).isPresent()
                        && find(folder, TRAIN, "labels", 1).isPresent()
                        && find(folder, TEST, "images", 3).isPresent()
                        && find(folder, TEST, "labels", 1).isPresent();
        return complete ? Optional.of(new MnistFolder(folder)) : Optional.empty();
    }

    /** The folder as it was given. */
    public Path path() {
        return folder;
    }

    /**
     * Reads the pictures to train on.
     *
     * @throws DataFormatException if a file is missing or damaged, or images and labels differ in
     *     number
     */
    public DigitSet train() throws IOException {
        return read(TRAIN);
    }

    /**
     * Reads the pictures to test on.
     *
     * @throws DataFormatException as for {@link #train()}
     */
    public DigitSet test() throws IOException {
        return read(TEST);
    }

    private DigitSet read(List<String> parts) throws IOException {
        IdxFile images = IdxFile.read(require(parts, "images", 3), 3);
        IdxFile labels = IdxFile.read(require(parts, "labels", 1), 1);
        int rows = images.shape()[1];
        int columns = images.shape()[2];
        if (rows != DigitSet.SIDE || columns != DigitSet.SIDE) {
            throw new DataFormatException(
                    images.file()
                            + ": expected images of 28 x 28 pixels, got "
                            + rows
                            + " x "
                            + columns);
        }
        int count = images.shape()[0];
        if (count != labels.shape()[0]) {
            throw new DataFormatException(
                    labels.file()
                            + ": expected "
                            + count
                            + " labels, one for each image of "
                            + images.file().getFileName()
                            + ", got "
                            + labels.shape()[0]);
        }
        try {
            return new DigitSet(images.values(), labels.values());
        } catch (IllegalArgumentException e) {
            throw new DataFormatException(labels.file() + ": " + e.getMessage(), e);
        }
    }

    private Path require(List<String> parts, String kind, int dimensions)
            throws DataFormatException {
        Optional<Path> file = find(folder, parts, kind, dimensions);
        if (file.isEmpty()) {
            throw new DataFormatException(
                    folder
                            + ": expected a file named "
                            + spellings(parts.get(0), kind, dimensions).get(0)
                            + " (or the same with .gz), found none");
        }
        return file.get();
    }

    private static Optional<Path> find(
            Path folder, List<String> parts, String kind, int dimensions) {
        return parts.stream()
                .flatMap(part -> spellings(part, kind, dimensions).stream())
                .map(folder::resolve)
                .filter(Files::isRegularFile)
                .findFirst();
    }

    private static List<String> spellings(String part, String kind, int dimensions) {
        List<String> names = new ArrayList<>();
        for (String separator : List.of("-", ".")) {
            String name = part + "-" + kind + separator + "idx" + dimensions + "-ubyte";
            names.add(name);
            names.add(name + ".gz");
        }
        return names;
    }
}
