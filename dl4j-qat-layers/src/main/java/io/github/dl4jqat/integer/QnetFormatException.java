package io.github.dl4jqat.integer;

import java.io.IOException;

/**
 * A {@code .qnet} file that cannot be understood; the message names the file and the reason. What a
 * message quotes from the file is cut where it is long, and has no control characters, so that it
 * may go to a terminal or a log.
 */
public final class QnetFormatException extends IOException {

    private static final long serialVersionUID = 1L;
    private static final int LONGEST = 4000;

    /**
     * Says what is wrong.
     *
     * @param file the file, as its reader named it
     * @param reason what was found and what was expected
     */
    public QnetFormatException(String file, String reason) {
        super(clean(file + ": " + reason));
    }

    /** Says what is wrong and what brought it to light. */
    public QnetFormatException(String file, String reason, Throwable cause) {
        super(clean(file + ": " + reason), cause);
    }

    private static String clean(String message) {
        String start = message.length() > LONGEST ? message.substring(0, LONGEST) + "..." : message;
        StringBuilder clean = new StringBuilder(start.length());
        for (int i = 0; i < start.length(); i++) {
            char c = start.charAt(i);
            clean.append(Character.isISOControl(c) && c != '\n' ? '?' : c);
        }
        return clean.toString();
    }
}
