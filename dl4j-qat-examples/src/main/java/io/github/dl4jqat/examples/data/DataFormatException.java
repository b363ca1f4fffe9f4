package io.github.dl4jqat.examples.data;

import java.io.IOException;

/**
 * Says in one line why a data file or folder cannot be used: the file, what was expected, what was
 * found. The command line prints the message as it is.
 */
public final class DataFormatException extends IOException {

    private static final long serialVersionUID = 1L;

    /** Creates an exception whose message is a complete sentence for the user. */
    public DataFormatException(String message) {
        super(message);
    }

    /**
     * As {@link #DataFormatException(String)}, keeping the low-level reason for {@code --debug}.
     */
    public DataFormatException(String message, Throwable cause) {
        super(message, cause);
    }
}
