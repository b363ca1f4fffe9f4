package io.github.dl4jqat.integer;

import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.Quantizers;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The constant integers of a layer: weights with the output channel first, their scales, and one
 * int32 bias for each output channel at the scale of the accumulator, {@code inputScale *
 * weightScale[c]}.
 *
 * <p>Kept in one byte for each weight up to 8 bits, in two above. Immutable and thread-safe.
 */
public final class Weights {

    private final QuantParams params;
    private final List<Integer> shape;
    private final byte[] narrow;
    private final short[] wide;
    private final int[] bias;

    private Weights(
            QuantParams params, List<Integer> shape, byte[] narrow, short[] wide, int[] bias) {
        this.params = params;
        this.shape = shape;
        this.narrow = narrow;
        this.wide = wide;
        this.bias = bias;
    }

    /**
     * Checks and copies.
     *
     * @param params signed, zero point 0, one scale or one for each output channel
     * @param shape output channel first: {@code [O, I / groups, kH, kW]}, {@code [O, I / groups,
     *     kD, kH, kW]} or {@code [O, I]}
     * @param values row-major, each within the range of the spec, and odd if that is mid-rise
     * @param bias one for each output channel
     */
    public static Weights of(QuantParams params, List<Integer> shape, int[] values, int[] bias) {
        return of(params, shape, PackedLevels.of(values), bias);
    }

    /** The same for values that are taken one after the other. */
    static Weights of(QuantParams params, List<Integer> shape, PackedLevels values, int[] bias) {
        List<Integer> sizes = List.copyOf(shape);
        long elements = 1;
        for (int n : sizes) {
            if (n < 1 || (elements *= n) > TensorType.MAX_ELEMENTS) {
                throw new IllegalArgumentException("Weights: shape " + sizes + " is not possible");
            }
        }
        if (sizes.isEmpty() || elements != values.count()) {
            throw new IllegalArgumentException(
                    "Weights: " + values.count() + " values for the shape " + sizes);
        }
        if (!params.spec().signed() || params.zeroPoint() != 0) {
            throw new IllegalArgumentException(
                    "Weights: "
                            + params
                            + "; integer weights are signed with zero point 0, use a symmetric"
                            + " signed spec");
        }
        int channels = sizes.get(0);
        if (params.size() != 1 && params.size() != channels) {
            throw new IllegalArgumentException(
                    "Weights: "
                            + params.size()
                            + " scales for "
                            + channels
                            + " output channels; give one scale, or one for each channel");
        }
        if (bias.length != channels) {
            throw new IllegalArgumentException(
                    "Weights: "
                            + bias.length
                            + " biases for "
                            + channels
                            + " output channels; give zeros for a layer without bias");
        }
        boolean fitsByte = params.spec().bits() <= Byte.SIZE;
        byte[] narrow = new byte[fitsByte ? values.count() : 0];
        short[] wide = new short[fitsByte ? 0 : values.count()];
        for (int i = 0; i < values.count(); i++) {
            int value = values.next();
            OpChecks.level("Weights", "value", i, value, params.spec());
            if (fitsByte) {
                narrow[i] = (byte) value;
            } else {
                wide[i] = (short) value;
            }
        }
        return new Weights(params, sizes, narrow, wide, bias.clone());
    }

    /** Ones that sum up each channel alone, in one byte each: {@code [channels, 1, kernel...]}. */
    static Weights ones(int channels, List<Integer> kernel, float scale) {
        List<Integer> shape = new ArrayList<>(List.of(channels, 1));
        shape.addAll(kernel);
        int[] values = new int[shape.stream().reduce(1, Math::multiplyExact)];
        Arrays.fill(values, 1);
        QuantParams params = QuantParams.of(Quantizers.int8PerTensor(), scale, 0);
        return of(params, shape, values, new int[channels]);
    }

    /** What the weights mean. */
    public QuantParams params() {
        return params;
    }

    /** The shape, output channel first. */
    public List<Integer> shape() {
        return shape;
    }

    /** Output channels. */
    public int channels() {
        return shape.get(0);
    }

    /** How many weights there are. */
    public int elements() {
        return Math.max(narrow.length, wide.length);
    }

    /** Weights of one output channel. */
    public int elementsPerChannel() {
        return elements() / channels();
    }

    /** The weight at a row-major index. */
    public int get(int index) {
        return wide.length == 0 ? narrow[index] : wide[index];
    }

    /** A copy of all weights, row-major. */
    public int[] values() {
        int[] values = new int[elements()];
        copy(0, values);
        return values;
    }

    /** The weights of output channel {@code c}, copied to the start of {@code target}. */
    void copyChannel(int c, int[] target) {
        copy(c * elementsPerChannel(), target);
    }

    private void copy(int from, int[] target) {
        int count = Math.min(target.length, elements() - from);
        for (int i = 0; i < count; i++) {
            target[i] = get(from + i);
        }
    }

    /** The bias of an output channel. */
    public int bias(int channel) {
        return bias[channel];
    }

    /** A copy of all biases. */
    public int[] biases() {
        return bias.clone();
    }

    /** The sum of the absolute weights of an output channel. */
    long absoluteSum(int channel) {
        long sum = 0;
        int n = elementsPerChannel();
        for (int i = channel * n; i < (channel + 1) * n; i++) {
            sum += Math.abs(get(i));
        }
        return sum;
    }

    /** Bytes of weights at their bit width, of biases, and of scales. */
    public long bytes() {
        long bits = (long) elements() * params.spec().bits();
        return (bits + 7) / 8 + 4L * bias.length + 4L * params.size();
    }

    @Override
    public boolean equals(Object o) {
        if (!(o instanceof Weights other)) {
            return false;
        }
        return params.equals(other.params)
                && shape.equals(other.shape)
                && Arrays.equals(narrow, other.narrow)
                && Arrays.equals(wide, other.wide)
                && Arrays.equals(bias, other.bias);
    }

    @Override
    public int hashCode() {
        return 31 * (31 * params.hashCode() + shape.hashCode()) + Arrays.hashCode(bias);
    }

    @Override
    public String toString() {
        return "weights " + shape + " " + params;
    }
}
