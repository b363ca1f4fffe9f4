package io.github.dl4jqat.zoo;

/**
 * A server that gave no complete answer: nobody there, an error of its own, a connection that broke
 * or stood still. Trying again later may help; what had arrived by then is kept.
 */
public final class ZooUnreachableException extends ZooException {

    private static final long serialVersionUID = 1L;

    /** Says which address and what happened. */
    public ZooUnreachableException(String place, String reason) {
        super(place, reason);
    }

    /** Says which address, what happened and what brought it to light. */
    public ZooUnreachableException(String place, String reason, Throwable cause) {
        super(place, reason, cause);
    }
}
