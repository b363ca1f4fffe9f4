package io.github.dl4jqat.integer;

/**
 * The choices there are in writing an ONNX graph. {@link #DEFAULT} is what {@link OrtEngine} runs.
 *
 * <p>Immutable and thread-safe.
 *
 * @param form how quantized operations are written
 * @param opset version of the operator set, 13 to 25
 * @param irVersion version of the file format; at least the one in which the opset came out
 * @param packedWeights whether weights of few bits are stored as int4, from opset 21 on, or int2,
 *     from opset 25 on; otherwise each has a byte
 */
public record OnnxOptions(OnnxForm form, int opset, int irVersion, boolean packedWeights) {

    /** The first operator set with an axis for each scale. */
    public static final int OLDEST_OPSET = 13;

    /** The newest operator set that all forms are written for. */
    public static final int NEWEST_OPSET = 25;

    /** The first operator set with int4. */
    public static final int INT4_OPSET = 21;

    /** The first operator set with int2. */
    public static final int INT2_OPSET = 25;

    /** The version of the file format in which opset 13 and those that follow came out. */
    private static final int[] IR_VERSIONS = {7, 7, 8, 8, 8, 8, 9, 9, 10, 10, 11, 12, 13};

    /** QDQ, opset 13, IR version 8, one byte for each weight. */
    public static final OnnxOptions DEFAULT = new OnnxOptions(OnnxForm.QDQ, OLDEST_OPSET, 8, false);

    /** Checks the versions. */
    public OnnxOptions {
        if (form == null) {
            throw new IllegalArgumentException("OnnxOptions: form is null; QDQ is the usual one");
        }
        if (irVersion < irVersionOf(opset)) {
            throw new IllegalArgumentException(
                    "OnnxOptions: irVersion="
                            + irVersion
                            + " is older than opset "
                            + opset
                            + ", which came out with "
                            + irVersionOf(opset)
                            + "; raise it, or take an older opset");
        }
        if (irVersion > IR_VERSIONS[IR_VERSIONS.length - 1]) {
            throw new IllegalArgumentException(
                    "OnnxOptions: irVersion="
                            + irVersion
                            + "; versions up to "
                            + IR_VERSIONS[IR_VERSIONS.length - 1]
                            + " are written");
        }
        if (packedWeights && opset < INT4_OPSET) {
            throw new IllegalArgumentException(
                    "OnnxOptions: packed weights in opset "
                            + opset
                            + "; int4 needs "
                            + INT4_OPSET
                            + ", int2 needs "
                            + INT2_OPSET);
        }
    }

    /**
     * The version of the file format in which an operator set came out.
     *
     * @throws IllegalArgumentException for an operator set that is not written
     */
    public static int irVersionOf(int opset) {
        if (opset < OLDEST_OPSET || opset > NEWEST_OPSET) {
            throw new IllegalArgumentException(
                    "OnnxOptions: opset="
                            + opset
                            + "; "
                            + OLDEST_OPSET
                            + " to "
                            + NEWEST_OPSET
                            + " are written");
        }
        return IR_VERSIONS[opset - OLDEST_OPSET];
    }
}
