package io.github.dl4jqat.ops;

import io.github.dl4jqat.kernels.BackwardRule;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.QuantSpec;
import java.util.Collections;
import java.util.List;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Fake quantization as a SameDiff op with a gradient:
 *
 * <pre>
 *   y  = (clamp(rint(x / scale) + zeroPoint, qMin, qMax) - zeroPoint) * scale
 *   dx = by the BackwardRule;  dscale = 0, dzeroPoint = 0 for the straight-through rules
 * </pre>
 *
 * {@code y} has the shape and the type of {@code x}, and the bits that {@link
 * TensorKernels#fakeQuantize} gives. It works in {@code output}, {@code calculateGradients} and
 * {@code fit}, in a {@code SameDiffLayer}, and in a graph that was saved and loaded ({@link QatOps}
 * names the one precaution).
 *
 * <p>{@code scale} has one value for each scale of the spec, in any shape; {@code zeroPoint} has
 * one value, a whole number. Both are floating-point variables of any kind: constants,
 * placeholders, or variables that something else moves. A scale is a float: values of a DOUBLE
 * variable are narrowed.
 *
 * <p>At run time a scale that is not positive and finite, a zero point off the grid, or a number of
 * scales that does not fit the shape of {@code x} ends the run with an {@code
 * IllegalStateException} that names the op.
 *
 * <p>Stateless; one graph may run on several threads.
 */
public final class FakeQuantize extends JavaOp {

    /** The name in saved graphs. */
    public static final String OP_NAME = "qat_fake_quantize";

    /** For SameDiff; use {@link #apply}. */
    public FakeQuantize() {}

    private FakeQuantize(
            SameDiff sd,
            SDVariable x,
            SDVariable scale,
            SDVariable zeroPoint,
            QuantizeArguments arguments) {
        super(sd, x, scale, zeroPoint);
        arguments.writeTo(this);
    }

    /**
     * Adds the op to a graph.
     *
     * @param sd the graph
     * @param x what is quantized; floating-point
     * @param scale one value for each tensor, channel or group; floating-point
     * @param zeroPoint one whole number; floating-point
     * @param spec which integers
     * @param axis channel axis of {@code x}, from 0, or negative from the last; not looked at for a
     *     per-tensor spec
     * @param rule the gradient of {@code x}
     * @return the quantized {@code x}
     */
    public static SDVariable apply(
            SameDiff sd,
            SDVariable x,
            SDVariable scale,
            SDVariable zeroPoint,
            QuantSpec spec,
            int axis,
            BackwardRule rule) {
        QatOps.register();
        requireFloating("x", x);
        requireFloating("scale", scale);
        requireFloating("zeroPoint", zeroPoint);
        if (spec == null || rule == null) {
            throw new IllegalArgumentException(
                    "FakeQuantize: spec=" + spec + ", rule=" + rule + "; both are needed");
        }
        return new FakeQuantize(sd, x, scale, zeroPoint, new QuantizeArguments(spec, axis, rule))
                .outputVariable();
    }

    /**
     * Adds the op with parameters that stay as they are, as constants of the graph.
     *
     * @param params scale and zero point
     */
    public static SDVariable apply(
            SameDiff sd, SDVariable x, QuantParams params, int axis, BackwardRule rule) {
        SDVariable scale = sd.constant(Nd4j.createFromArray(params.scales()));
        SDVariable zeroPoint = sd.constant(Nd4j.scalar((float) params.zeroPoint()));
        return apply(sd, x, scale, zeroPoint, params.spec(), axis, rule);
    }

    private static void requireFloating(String role, SDVariable variable) {
        if (variable == null || !variable.dataType().isFPType()) {
            throw new IllegalArgumentException(
                    "FakeQuantize: "
                            + role
                            + " is "
                            + (variable == null
                                    ? "null"
                                    : "\"" + variable.name() + "\" of type " + variable.dataType())
                            + "; expected a floating-point variable (castTo makes one)");
        }
    }

    @Override
    public String opName() {
        return OP_NAME;
    }

    @Override
    int numInputs() {
        return 3;
    }

    @Override
    public int getNumOutputs() {
        return 1;
    }

    @Override
    String arrayMethod() {
        return "TensorKernels.fakeQuantize";
    }

    @Override
    public List<DataType> calculateOutputDataTypes(List<DataType> inputs) {
        return Collections.singletonList(inputs.get(0));
    }

    @Override
    void check(INDArray[] in) {
        QuantizeArguments.of(this).check(in);
    }

    @Override
    void compute(INDArray[] in, INDArray[] out) {
        QuantizeArguments arguments = QuantizeArguments.of(this);
        TensorKernels.fakeQuantize(
                in[0], out[0], arguments.params(in), arguments.axisFor(in[0].rank()));
    }

    @Override
    public List<SDVariable> doDiff(List<SDVariable> gradients) {
        return FakeQuantizeBp.apply(sameDiff, args(), gradients.get(0), QuantizeArguments.of(this));
    }
}
