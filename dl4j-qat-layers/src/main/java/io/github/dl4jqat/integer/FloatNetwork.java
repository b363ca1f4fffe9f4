package io.github.dl4jqat.integer;

import java.nio.ByteBuffer;

/**
 * The float network that a {@code .qnet} file may carry beside its integer model: the two entries
 * of a Deeplearning4j zip as they are. With them the file is one for both worlds, because {@code
 * ModelSerializer} passes over entries it does not know. Nothing here looks into the bytes; {@code
 * Qat.save} writes them and {@code Qat.toFloat} makes a network of them again.
 *
 * <p>Immutable and thread-safe; compares by value. One that comes from a file keeps the bytes of
 * the whole file in memory.
 */
public final class FloatNetwork {

    private final ByteBuffer configuration;
    private final ByteBuffer coefficients;

    private FloatNetwork(ByteBuffer configuration, ByteBuffer coefficients) {
        this.configuration = configuration.asReadOnlyBuffer();
        this.coefficients = coefficients.asReadOnlyBuffer();
    }

    /**
     * Copies both entries.
     *
     * @param configuration Deeplearning4j's {@code configuration.json}
     * @param coefficients Deeplearning4j's {@code coefficients.bin}
     * @throws IllegalArgumentException if one of them is empty
     */
    public static FloatNetwork of(byte[] configuration, byte[] coefficients) {
        if (configuration.length == 0 || coefficients.length == 0) {
            throw new IllegalArgumentException(
                    "FloatNetwork: "
                            + configuration.length
                            + " bytes of configuration and "
                            + coefficients.length
                            + " of coefficients; both must be there");
        }
        return new FloatNetwork(
                ByteBuffer.wrap(configuration.clone()), ByteBuffer.wrap(coefficients.clone()));
    }

    /** Windows on the bytes of a file, which nobody changes any more. */
    static FloatNetwork over(ByteBuffer configuration, ByteBuffer coefficients) {
        return new FloatNetwork(configuration, coefficients);
    }

    /** What Deeplearning4j calls {@code configuration.json}, read-only, from its first byte. */
    public ByteBuffer configuration() {
        return configuration.asReadOnlyBuffer();
    }

    /** What Deeplearning4j calls {@code coefficients.bin}, read-only, from its first byte. */
    public ByteBuffer coefficients() {
        return coefficients.asReadOnlyBuffer();
    }

    /** How many bytes both have. */
    public long bytes() {
        return (long) configuration.remaining() + coefficients.remaining();
    }

    @Override
    public boolean equals(Object o) {
        return o instanceof FloatNetwork other
                && configuration.equals(other.configuration)
                && coefficients.equals(other.coefficients);
    }

    @Override
    public int hashCode() {
        return 31 * configuration.hashCode() + coefficients.remaining();
    }

    @Override
    public String toString() {
        return "FloatNetwork of " + bytes() + " bytes";
    }
}
