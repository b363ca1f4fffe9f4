package io.github.dl4jqat.layers;

import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.QuantSpec;
import io.github.dl4jqat.quant.Symmetry;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.activations.impl.ActivationHardTanH;
import org.nd4j.linalg.activations.impl.ActivationIdentity;
import org.nd4j.linalg.activations.impl.ActivationPReLU;
import org.nd4j.linalg.activations.impl.ActivationReLU;
import org.nd4j.linalg.activations.impl.ActivationReLU6;
import org.nd4j.linalg.activations.impl.ActivationSoftmax;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Activation functions as integers: a clamp is two bounds of the requantization, any other
 * elementwise function a table over the integers before it. The evaluation pass and the converter
 * both come here, so a function has one table.
 */
public final class ActivationTable {

    private ActivationTable() {}

    /**
     * Whether the function is {@code min(max(x, a), b)}: identity, ReLU, ReLU6, hard tanh. Such a
     * function commutes with rounding and needs no table.
     */
    public static boolean isClamp(IActivation f) {
        if (f instanceof ActivationReLU relu) {

            return zeroOrAbsent(relu.getNegativeSlope()) && zeroOrAbsent(relu.getThreshold());
        }
        return f instanceof ActivationIdentity
                || f instanceof ActivationReLU6
                || f instanceof ActivationHardTanH;
    }

    /**
     * Whether an integer model computes the function by a table: it is no clamp, or the output's
     * integers are not consecutive.
     *
     * @param f the function, or null for none
     * @param output the integers of the output, or null for none
     */
    public static boolean isNeeded(IActivation f, QuantSpec output) {
        return (f != null && !isClamp(f))
                || (output != null && output.symmetry() == Symmetry.MID_RISE);
    }

    private static boolean zeroOrAbsent(Double setting) {
        return setting == null || setting == 0;
    }

    /** Whether the function looks at one element at a time, so that a table can stand for it. */
    public static boolean isElementwise(IActivation f) {
        return !(f instanceof ActivationSoftmax) && !(f instanceof ActivationPReLU);
    }

    /** Smallest integer that a clamp lets through. */
    public static int lowest(IActivation f, QuantParams output) {
        if (f instanceof ActivationReLU || f instanceof ActivationReLU6) {
            return output.quantize(0, 0);
        }
        return f instanceof ActivationHardTanH ? output.quantize(-1, 0) : output.spec().qMin();
    }

    /** Largest integer that a clamp lets through. */
    public static int highest(IActivation f, QuantParams output) {
        if (f instanceof ActivationReLU6) {
            return output.quantize(6, 0);
        }
        if (f instanceof ActivationReLU activationReLU && activationReLU.getMax() != null) {
            return output.quantize(activationReLU.getMax().floatValue(), 0);
        }
        return f instanceof ActivationHardTanH ? output.quantize(1, 0) : output.spec().qMax();
    }

    /**
     * The function's value for every integer of its input.
     *
     * @return {@code f((q - zeroPoint) * scale)} for {@code q} from {@code qMin} to {@code qMax}
     * @throws IllegalArgumentException if the function looks at more than one element at a time
     */
    public static float[] values(IActivation f, QuantParams input) {
        if (!isElementwise(f)) {
            throw new IllegalArgumentException(
                    "its activation function "
                            + f
                            + " is not elementwise, no table can stand for it; keep the layer"
                            + " float, or put the function at the end of the network");
        }
        int levels = input.spec().qMax() - input.spec().qMin() + 1;
        float[] x = new float[levels];
        for (int i = 0; i < levels; i++) {
            x[i] = input.dequantize(input.spec().qMin() + i, 0);
        }
        INDArray in = Nd4j.createFromArray(x).reshape(1, levels);
        INDArray out = f.getActivation(in, false);
        return out.castTo(DataType.FLOAT).dup('c').data().asFloat();
    }

    /** The function from integers to integers: {@code output.quantize(values[q - qMin])}. */
    public static int[] table(IActivation f, QuantParams input, QuantParams output) {
        float[] values = values(f, input);
        int[] table = new int[values.length];
        for (int i = 0; i < table.length; i++) {
            table[i] = output.quantize(values[i], 0);
        }
        return table;
    }
}
