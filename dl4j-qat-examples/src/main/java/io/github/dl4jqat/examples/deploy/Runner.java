package io.github.dl4jqat.examples.deploy;

/** A runtime with a model in it that sorts pictures. Not thread-safe. */
interface Runner extends AutoCloseable {

    /** What a table calls it, with its version. */
    String name();

    /** How many examples it takes at a time. */
    int batch();

    /**
     * The values of the classes, one row for each example.
     *
     * @param x {@link #batch()} examples, one after the other
     */
    float[] run(float[] x);

    @Override
    void close();
}
