package io.github.dl4jqat.zoo;

import java.io.IOException;

/**
 * A zoo that cannot be used, or a model in it: a manifest that cannot be understood, a file that is
 * not the one its manifest promises, a server that cannot be reached. The message names the place
 * and the reason.
 */
public class ZooException extends IOException {

    private static final long serialVersionUID = 1L;

    /**
     * Says what is wrong.
     *
     * @param place the file or address
     * @param reason what was found and what was expected
     */
    public ZooException(String place, String reason) {
        super(place + ": " + reason);
    }

    /** Says what is wrong and what brought it to light. */
    public ZooException(String place, String reason, Throwable cause) {
        super(place + ": " + reason, cause);
    }
}
