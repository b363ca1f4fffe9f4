package io.github.dl4jqat.export.tflite;

/** Why one operation cannot be written; collected, and reported together with the others. */
final class NotSupported extends RuntimeException {

    private static final long serialVersionUID = 1L;

    NotSupported(String why) {
        super(why, null, false, false);
    }
}
