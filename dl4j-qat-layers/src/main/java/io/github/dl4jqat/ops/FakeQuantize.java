package io.github.dl4jqat.ops;

import io.github.dl4jqat.estimator.GradientEstimator;
import io.github.dl4jqat.estimator.QuantizerParameter;
import io.github.dl4jqat.estimator.TensorRole;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.QuantSpec;
import io.github.dl4jqat.quant.Symmetry;
import java.util.ArrayList;
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
 *   dx = by the estimator
 * </pre>
 *
 * or whatever else the {@link GradientEstimator} makes of both. {@code y} has the shape and the
 * type of {@code x}, and the bits that the layers compute. The op works in {@code output}, {@code
 * calculateGradients} and {@code fit}, in a {@code SameDiffLayer}, and in a graph that was saved
 * and loaded ({@link QatOps} names the one precaution).
 *
 * <p>{@code scale} has one value for each scale of the spec, in any shape; {@code zeroPoint} has
 * one value, a whole number. Both are floating-point variables of any kind: constants,
 * placeholders, or variables that something else moves. A scale is a float: values of a DOUBLE
 * variable are narrowed. Their gradient is zero, unless the scale is the estimator's learned
 * parameter. Estimators that measure or learn their grid do not use a scale they do not need, but
 * it has to be a valid one. Ops of equal shape draw equal random numbers: give each its own seed.
 *
 * <p>Learned parameters are further variables, each with one value for each scale; {@link
 * GradientEstimator#parameters} names them. Estimators with random numbers need to know the
 * iteration: a variable with one number, which the graph's user moves on; a negative one stands for
 * evaluation, without noise and soft forms.
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

    private static final String LEARNED_SCALE = "scale";

    /** For SameDiff; use {@link #apply}. */
    public FakeQuantize() {}

    private FakeQuantize(SameDiff sd, SDVariable[] inputs, QuantizeArguments arguments) {
        super(sd, inputs);
        arguments.writeTo(this);
    }

    /**
     * Adds the op to a graph. Where the estimator learns the scale, {@code scale} is that
     * parameter. The tensor counts as weights if the spec is signed and has no zero point, else as
     * an activation.
     *
     * @param sd the graph
     * @param x what is quantized; floating-point
     * @param scale one value for each tensor, channel or group; floating-point
     * @param zeroPoint one whole number; floating-point
     * @param spec which integers
     * @param axis channel axis of {@code x}, from 0, or negative from the last; not looked at for a
     *     per-tensor spec unless the estimator has blocks
     * @param estimator the method
     * @return the quantized {@code x}
     * @throws IllegalArgumentException if the estimator cannot serve the spec, or learns more than
     *     the scale
     */
    public static SDVariable apply(
            SameDiff sd,
            SDVariable x,
            SDVariable scale,
            SDVariable zeroPoint,
            QuantSpec spec,
            int axis,
            GradientEstimator estimator) {
        requireSettings(spec, estimator);
        TensorRole role =
                spec.signed() && spec.symmetry() != Symmetry.AFFINE
                        ? TensorRole.WEIGHT
                        : TensorRole.ACTIVATION;
        List<QuantizerParameter> learned =
                new QuantizeArguments(spec, axis, role, estimator).learned();
        boolean learnsScale = learned.size() == 1 && learned.get(0).name().equals(LEARNED_SCALE);
        if (!learned.isEmpty() && !learnsScale) {
            throw new IllegalArgumentException(
                    "FakeQuantize: estimator '"
                            + estimator.name()
                            + "' learns "
                            + learned.stream().map(QuantizerParameter::name).toList()
                            + "; use the method that takes a variable for each");
        }
        SDVariable iteration = sd.constant(Nd4j.scalar(0.0));
        return apply(
                sd,
                x,
                scale,
                zeroPoint,
                iteration,
                learnsScale ? List.of(scale) : List.of(),
                spec,
                axis,
                role,
                estimator);
    }

    /**
     * Adds the op with everything said.
     *
     * @param iteration one number, for estimators that draw random numbers; negative for evaluation
     * @param parameters a variable for each learned parameter of the estimator, in its order
     * @param role what {@code x} is
     */
    public static SDVariable apply(
            SameDiff sd,
            SDVariable x,
            SDVariable scale,
            SDVariable zeroPoint,
            SDVariable iteration,
            List<SDVariable> parameters,
            QuantSpec spec,
            int axis,
            TensorRole role,
            GradientEstimator estimator) {
        QatOps.register();
        requireSettings(spec, estimator);
        requireFloating("x", x);
        requireFloating("scale", scale);
        requireFloating("zeroPoint", zeroPoint);
        requireFloating("iteration", iteration);
        estimator.requireServes(spec, role);
        QuantizeArguments arguments = new QuantizeArguments(spec, axis, role, estimator);
        List<QuantizerParameter> learned = arguments.learned();
        if (learned.size() != parameters.size()) {
            throw new IllegalArgumentException(
                    "FakeQuantize: estimator '"
                            + estimator.name()
                            + "' learns "
                            + learned.stream().map(QuantizerParameter::name).toList()
                            + ", but "
                            + parameters.size()
                            + " variables were given; give one for each");
        }
        List<SDVariable> inputs = new ArrayList<>(List.of(x, scale, zeroPoint, iteration));
        for (int j = 0; j < parameters.size(); j++) {
            requireFloating(learned.get(j).name(), parameters.get(j));
            inputs.add(parameters.get(j));
        }
        return new FakeQuantize(sd, inputs.toArray(new SDVariable[0]), arguments).outputVariable();
    }

    /**
     * Adds the op with parameters that stay as they are, as constants of the graph.
     *
     * @param params scale and zero point
     */
    public static SDVariable apply(
            SameDiff sd, SDVariable x, QuantParams params, int axis, GradientEstimator estimator) {
        SDVariable scale = sd.constant(Nd4j.createFromArray(params.scales()));
        SDVariable zeroPoint = sd.constant(Nd4j.scalar((float) params.zeroPoint()));
        return apply(sd, x, scale, zeroPoint, params.spec(), axis, estimator);
    }

    private static void requireSettings(QuantSpec spec, GradientEstimator estimator) {
        if (spec == null || estimator == null) {
            throw new IllegalArgumentException(
                    "FakeQuantize: spec="
                            + spec
                            + ", estimator="
                            + estimator
                            + "; both are needed");
        }
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
        return QuantizeArguments.areIn(this)
                ? QuantizeArguments.of(this).inputs()
                : QuantizeArguments.FIXED_INPUTS;
    }

    @Override
    public int getNumOutputs() {
        return 1;
    }

    @Override
    String arrayMethod() {
        return "EstimatorKernels.forward";
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
        QuantizeArguments.of(this).pass(in).forward(in[0], out[0]);
    }

    @Override
    public List<SDVariable> doDiff(List<SDVariable> gradients) {
        return FakeQuantizeBp.apply(sameDiff, args(), gradients.get(0), QuantizeArguments.of(this));
    }
}
