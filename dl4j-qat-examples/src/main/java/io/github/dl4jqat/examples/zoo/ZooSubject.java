package io.github.dl4jqat.examples.zoo;

import java.util.Arrays;
import java.util.function.Supplier;
import org.deeplearning4j.nn.api.Model;

/**
 * A model of the zoo, and what one example for it looks like.
 *
 * @param name as in the zoo
 * @param input what the numbers of an example stand for
 * @param shape of one example
 * @param source makes the initialized network
 * @param note in what it is not the model as the zoo makes it, or null
 */
@SuppressWarnings("ArrayRecordComponent") // never changed, and only ever handed to ND4J
public record ZooSubject(
        String name, Input input, long[] shape, Supplier<Model> source, String note) {

    /** A model just as the zoo makes it. */
    ZooSubject(String name, Input input, long[] shape, Supplier<Model> source) {
        this(name, input, shape, source, null);
    }

    /** What an example is. */
    public enum Input {
        /** The pixels of a gray image in a row. */
        ROW,
        /** An image, channels first. */
        IMAGE,
        /** One of the characters at each step. */
        CHARACTERS
    }

    /** The shape of a batch. */
    long[] batch(int examples) {
        long[] batch = new long[shape.length + 1];
        batch[0] = examples;
        System.arraycopy(shape, 0, batch, 1, shape.length);
        return batch;
    }

    @Override
    public String toString() {
        return name + " " + Arrays.toString(shape);
    }
}
