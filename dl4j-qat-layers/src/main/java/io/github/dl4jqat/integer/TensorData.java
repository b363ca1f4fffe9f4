package io.github.dl4jqat.integer;

/**
 * The elements of a tensor for a batch, row-major with the batch first: floats or doubles for a
 * float tensor, ints for a tensor of integers.
 *
 * <p>It wraps the array it is given, without a copy, because it carries whole batches through hot
 * paths; who hands an array over leaves it alone from then on.
 */
public final class TensorData {

    private final float[] floats;
    private final double[] doubles;
    private final int[] ints;

    private TensorData(float[] floats, double[] doubles, int[] ints) {
        this.floats = floats;
        this.doubles = doubles;
        this.ints = ints;
    }

    /** Elements of a float tensor. */
    public static TensorData of(float[] elements) {
        return new TensorData(elements, null, null);
    }

    /** Elements of a float tensor in double precision; they are quantized in double arithmetic. */
    public static TensorData of(double[] elements) {
        return new TensorData(null, elements, null);
    }

    /** Elements of a tensor of integers. */
    public static TensorData of(int[] elements) {
        return new TensorData(null, null, elements);
    }

    /** How many elements there are. */
    public int length() {
        if (ints != null) {
            return ints.length;
        }
        return floats != null ? floats.length : doubles.length;
    }

    /** Whether these are the elements of a tensor of integers. */
    public boolean isInts() {
        return ints != null;
    }

    /** Whether these are doubles. */
    public boolean isDoubles() {
        return doubles != null;
    }

    /** The floats themselves. */
    public float[] floats() {
        return present(floats, "floats");
    }

    /** The doubles themselves. */
    public double[] doubles() {
        return present(doubles, "doubles");
    }

    /** The ints themselves. */
    public int[] ints() {
        return present(ints, "ints");
    }

    /** An element that is a float or a double. */
    double real(int i) {
        return doubles != null ? doubles[i] : floats()[i];
    }

    private <T> T present(T elements, String wanted) {
        if (elements == null) {
            throw new IllegalStateException("TensorData: holds " + kind() + ", not " + wanted);
        }
        return elements;
    }

    private String kind() {
        if (ints != null) {
            return "ints";
        }
        return floats != null ? "floats" : "doubles";
    }

    /** Quantizes examples from {@code from} on; this holds floats or doubles. */
    void quantize(Quantize op, int from, int[] q, int examples) {
        int n = op.output().elements();
        if (doubles != null) {
            op.apply(doubles, from * n, q, 0, examples * n);
        } else {
            op.apply(floats(), from * n, q, 0, examples * n);
        }
    }

    /** Checks the length, the kind and, for integers, the range. */
    void check(TensorType type, int batch) {
        long expected = (long) type.elements() * batch;
        if (length() != expected) {
            throw new IllegalArgumentException(
                    "Tensor "
                            + type
                            + ": "
                            + batch
                            + " examples have "
                            + expected
                            + " elements, got "
                            + length());
        }
        if (isInts() == type.isFloat()) {
            throw new IllegalArgumentException("Tensor " + type + ": got " + kind());
        }
        if (ints != null) {
            checkRange(type);
        }
    }

    private void checkRange(TensorType type) {
        int low = type.params().spec().qMin();
        int high = type.params().spec().qMax();
        for (int i = 0; i < ints.length; i++) {
            if (ints[i] < low || ints[i] > high) {
                throw new IllegalArgumentException(
                        "Tensor "
                                + type
                                + ": element "
                                + i
                                + " is "
                                + ints[i]
                                + ", outside "
                                + low
                                + ".."
                                + high);
            }
        }
    }
}
