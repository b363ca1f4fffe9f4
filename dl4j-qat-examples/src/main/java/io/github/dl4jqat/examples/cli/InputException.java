package io.github.dl4jqat.examples.cli;

/**
 * The user's input cannot be used: a wrong path, a wrong file, an impossible option. Its message is
 * shown as one line and the process ends with exit code 2.
 */
final class InputException extends Exception {

    private static final long serialVersionUID = 1L;

    InputException(String message) {
        super(message);
    }

    InputException(String message, Throwable cause) {
        super(message, cause);
    }
}
