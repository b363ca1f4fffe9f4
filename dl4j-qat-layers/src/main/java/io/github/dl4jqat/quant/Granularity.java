package io.github.dl4jqat.quant;

import java.io.Serializable;

/**
 * How many scales a tensor has.
 *
 * <ul>
 *   <li>{@link #perTensor()}: one.
 *   <li>{@link #perChannel()}: one for each output channel. The axis is not part of the value: each
 *       layer knows the axis of its own weights (convolution {@code [nOut, nIn, kH, kW]}: 0, dense
 *       {@code [nIn, nOut]}: 1).
 *   <li>{@link #perGroup(int)}: one for each run of {@code groupSize} consecutive weights of a
 *       channel, in row-major order of the other axes; the last group of a channel may be shorter.
 * </ul>
 *
 * <p>Immutable and thread-safe.
 *
 * @param kind which of the three
 * @param groupSize weights in a group; 0 unless {@code kind} is {@link Kind#PER_GROUP}
 */
public record Granularity(Kind kind, int groupSize) implements Serializable {

    /** The kinds of granularity. */
    public enum Kind {
        /** One scale. */
        PER_TENSOR,
        /** One scale for each output channel. */
        PER_CHANNEL,
        /** One scale for each group of weights within an output channel. */
        PER_GROUP
    }

    private static final long serialVersionUID = 1L;

    /** Checks that a group size is given exactly for groups. */
    public Granularity {
        if (kind == null) {
            throw new IllegalArgumentException("Granularity: kind is null");
        }
        if (kind == Kind.PER_GROUP ? groupSize < 2 : groupSize != 0) {
            throw new IllegalArgumentException(
                    "Granularity: kind="
                            + kind
                            + " with groupSize="
                            + groupSize
                            + "; PER_GROUP needs a groupSize of at least 2, the others need 0");
        }
    }

    /** One scale for the whole tensor. */
    public static Granularity perTensor() {
        return new Granularity(Kind.PER_TENSOR, 0);
    }

    /** One scale for each output channel. */
    public static Granularity perChannel() {
        return new Granularity(Kind.PER_CHANNEL, 0);
    }

    /** One scale for each {@code groupSize} consecutive weights of an output channel. */
    public static Granularity perGroup(int groupSize) {
        return new Granularity(Kind.PER_GROUP, groupSize);
    }

    /** For messages. */
    @Override
    public String toString() {
        return switch (kind) {
            case PER_TENSOR -> "per tensor";
            case PER_CHANNEL -> "per channel";
            case PER_GROUP -> "per group of " + groupSize;
        };
    }
}
