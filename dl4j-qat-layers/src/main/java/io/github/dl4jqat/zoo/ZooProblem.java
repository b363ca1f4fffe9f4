package io.github.dl4jqat.zoo;

/**
 * Something that {@link IntegerModelZoo#verify} found wrong.
 *
 * @param file the file inside the zoo
 * @param reason what is wrong with it
 */
public record ZooProblem(String file, String reason) {

    @Override
    public String toString() {
        return file + ": " + reason;
    }
}
