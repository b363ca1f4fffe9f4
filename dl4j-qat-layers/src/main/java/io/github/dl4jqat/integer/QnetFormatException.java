package io.github.dl4jqat.integer;

import java.io.IOException;

/** A {@code .qnet} file that cannot be understood; the message names the file and the reason. */
public final class QnetFormatException extends IOException {

    private static final long serialVersionUID = 1L;

    /**
     * Says what is wrong.
     *
     * @param file the file, as its reader named it
     * @param reason what was found and what was expected
     */
    public QnetFormatException(String file, String reason) {
        super(file + ": " + reason);
    }

    /** Says what is wrong and what brought it to light. */
    public QnetFormatException(String file, String reason, Throwable cause) {
        super(file + ": " + reason, cause);
    }
}
