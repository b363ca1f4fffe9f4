package io.github.dl4jqat.estimator;

/**
 * A number that a quantizer has for each of its scales, such as a step size or a clipping bound:
 * learned, or measured on the tensor each time it is quantized. Immutable and thread-safe.
 *
 * @param name in camel case; a layer's parameter is called after tensor and name, such as {@code
 *     weightScale}
 * @param learned whether the optimizer trains it; then it is measured only once, for a start
 * @param learningRate factor on the layer's learning rate, 0 for a value that stays where it
 *     started; only if learned
 * @param smallest smallest value; an update that goes below is brought back
 * @param largest largest value
 * @param l2 coefficient of an L2 penalty, 0 for none; only if learned
 */
public record QuantizerParameter(
        String name,
        boolean learned,
        double learningRate,
        double smallest,
        double largest,
        double l2) {

    /** The smallest step that a learned one may shrink to. */
    public static final double SMALLEST_STEP = 0x1p-40;

    /** Measured each time. */
    public static QuantizerParameter measured(String name) {
        return new QuantizerParameter(name, false, 0, -Double.MAX_VALUE, Double.MAX_VALUE, 0);
    }

    /** Learned, within bounds. */
    public static QuantizerParameter learned(
            String name, double learningRate, double smallest, double largest) {
        return new QuantizerParameter(name, true, learningRate, smallest, largest, 0);
    }

    /** Measured once, on the first tensor, and kept. */
    public static QuantizerParameter held(String name) {
        return new QuantizerParameter(name, true, 0, -Double.MAX_VALUE, Double.MAX_VALUE, 0);
    }

    /** The same with an L2 penalty. */
    public QuantizerParameter withL2(double coefficient) {
        return new QuantizerParameter(name, learned, learningRate, smallest, largest, coefficient);
    }

    /** The value brought within the bounds. */
    public double project(double value) {
        return Double.isNaN(value) ? smallest : Math.max(smallest, Math.min(largest, value));
    }
}
