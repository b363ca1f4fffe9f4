package io.github.dl4jqat.layers;

import io.github.dl4jqat.layers.CombinedInput.Kind;
import io.github.dl4jqat.ops.TensorKernels;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.Requantization;
import io.github.dl4jqat.quant.Requantizer;
import io.github.dl4jqat.quant.Symmetry;
import java.util.List;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.ops.transforms.Transforms;

/**
 * The evaluation pass of a layer behind a vertex that adds, averages or multiplies: the whole
 * number of steps that the sum is, requantized once.
 *
 * <pre>
 *   SUM      acc = x / s          factor s / s_out
 *   AVERAGE  acc = x / (s / n)    factor s * (1 / n) / s_out
 *   PRODUCT  acc = x / (s_a s_b)  factor s_a * s_b / s_out
 * </pre>
 */
final class CombinedExact {

    /** The sum of a few rounded floats is this near to a whole number of steps, or not one. */
    private static final double TOLERANCE = 0.25;

    private CombinedExact() {}

    /** Whether several tensors can be combined: those that are added must share their grid. */
    static boolean fits(CombinedInput combined, List<QuantParams> grids) {
        return combined.kind() == Kind.PRODUCT
                || grids.stream().allMatch(p -> p.equals(grids.get(0)));
    }

    /**
     * The output, on its grid, or null if the input is not what the vertex makes of these grids.
     *
     * @param x what the vertex gave
     * @param f a clamping function that belongs between sum and output
     */
    static INDArray apply(
            INDArray x,
            CombinedInput combined,
            List<QuantParams> grids,
            QuantParams output,
            IActivation f,
            Requantization mode) {
        if (output.spec().symmetry() == Symmetry.MID_RISE
                || !fits(combined, grids)
                || !LinearPass.carriesIntegers(x.dataType())) {
            return null;
        }
        float scale = grids.get(0).scale();
        float share =
                switch (combined.kind()) {
                    case SUM -> 1f;
                    case AVERAGE -> 1f / combined.from().size();
                    case PRODUCT -> grids.get(1).scale();
                };
        double unit =
                combined.kind() == Kind.AVERAGE
                        ? scale / (double) combined.from().size()
                        : scale * (double) share;
        INDArray steps = x.castTo(DataType.DOUBLE).dup('c').divi(unit);
        INDArray whole = Transforms.round(steps, true);
        if (!(Transforms.abs(steps.subi(whole), false).maxNumber().doubleValue() < TOLERANCE)) {
            return null;
        }
        int low = ActivationTable.lowest(f, output);
        int high = ActivationTable.highest(f, output);
        Requantizer requantizer =
                combined.kind() == Kind.PRODUCT
                        ? Requantizer.ofProduct(mode, grids.get(0), grids.get(1), output, low, high)
                        : Requantizer.ofSum(mode, grids, share, output, low, high);
        INDArray acc = whole.reshape('c', 1, 1, whole.length());
        TensorKernels.requantize(acc, acc, new int[1], requantizer, output, 1);
        return whole;
    }
}
