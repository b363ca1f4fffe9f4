package io.github.dl4jqat.ops;

import io.github.dl4jqat.estimator.GradientEstimator;
import io.github.dl4jqat.estimator.GradientEstimators;
import io.github.dl4jqat.estimator.Moment;
import io.github.dl4jqat.estimator.QuantizerParameter;
import io.github.dl4jqat.estimator.TensorRole;
import io.github.dl4jqat.quant.Granularity;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.QuantSpec;
import io.github.dl4jqat.quant.Symmetry;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.DynamicCustomOp;

/**
 * The settings of a fake-quantization op as the arguments that SameDiff copies and saves; fields of
 * an op it forgets. The order of the arguments is part of the file format:
 *
 * <pre>
 *   integers  version, bits, granularity (0 tensor, 1 channel, 2 group), group size, axis,
 *             symmetry (0 symmetric, 1 affine, 2 mid-rise), role (0 weight, 1 activation)
 *   booleans  signed, narrow range
 *   strings   the estimator as JSON
 * </pre>
 *
 * @param spec which integers
 * @param axis channel axis; negative counts from the last
 * @param role what the tensor is
 * @param estimator which method
 */
record QuantizeArguments(QuantSpec spec, int axis, TensorRole role, GradientEstimator estimator) {

    /** Inputs before the learned parameters: x, scale, zeroPoint, iteration. */
    static final int FIXED_INPUTS = 4;

    private static final int MOST_PARSED = 1000;
    private static final Map<String, GradientEstimator> PARSED = new ConcurrentHashMap<>();
    private static final int VERSION = 2;
    private static final int INTEGERS = 7;
    private static final int BOOLEANS = 2;
    private static final List<Granularity.Kind> GRANULARITIES =
            List.of(
                    Granularity.Kind.PER_TENSOR,
                    Granularity.Kind.PER_CHANNEL,
                    Granularity.Kind.PER_GROUP);
    private static final List<Symmetry> SYMMETRIES =
            List.of(Symmetry.SYMMETRIC, Symmetry.AFFINE, Symmetry.MID_RISE);
    private static final List<TensorRole> ROLES = List.of(TensorRole.WEIGHT, TensorRole.ACTIVATION);

    /** Appends the arguments to an op without any. */
    void writeTo(DynamicCustomOp op) {
        op.addIArgument(
                VERSION,
                spec.bits(),
                GRANULARITIES.indexOf(spec.granularity().kind()),
                spec.granularity().groupSize(),
                axis,
                SYMMETRIES.indexOf(spec.symmetry()),
                ROLES.indexOf(role));
        op.addBArgument(spec.signed(), spec.narrowRange());
        op.addSArgument(GradientEstimators.toJson(estimator));
    }

    /** Whether an op has its arguments yet; SameDiff makes it before it gives them. */
    static boolean areIn(DynamicCustomOp op) {
        return op.numIArguments() > 0 && op.numSArguments() > 0;
    }

    /** Reads what {@link #writeTo} wrote. */
    static QuantizeArguments of(DynamicCustomOp op) {
        if (op.numIArguments() < 1 || op.getIArgument(0) != VERSION) {
            throw new IllegalStateException(
                    op.opName()
                            + ": the arguments have version "
                            + (op.numIArguments() < 1 ? "none" : op.getIArgument(0))
                            + ", this library reads version "
                            + VERSION
                            + "; load the graph with the library that saved it, or build the op"
                            + " with FakeQuantize.apply");
        }
        if (op.numIArguments() < INTEGERS
                || op.numBArguments() < BOOLEANS
                || op.numSArguments() < 1) {
            throw new IllegalStateException(
                    op.opName()
                            + ": expected 7 integer, 2 boolean and 1 string arguments, found "
                            + op.numIArguments()
                            + ", "
                            + op.numBArguments()
                            + " and "
                            + op.numSArguments()
                            + "; build the op with FakeQuantize.apply");
        }
        QuantSpec spec =
                new QuantSpec(
                        Math.toIntExact(op.getIArgument(1)),
                        op.getBArgument(0),
                        choice("symmetry", SYMMETRIES, op.getIArgument(5)),
                        op.getBArgument(1),
                        new Granularity(
                                choice("granularity", GRANULARITIES, op.getIArgument(2)),
                                Math.toIntExact(op.getIArgument(3))));
        return new QuantizeArguments(
                spec,
                Math.toIntExact(op.getIArgument(4)),
                choice("role", ROLES, op.getIArgument(6)),
                parsed(op.getSArgument(0)));
    }

    /** An op reads its arguments several times in a run, and parsing takes longer than the op. */
    private static GradientEstimator parsed(String json) {
        if (PARSED.size() > MOST_PARSED) {
            PARSED.clear();
        }
        return PARSED.computeIfAbsent(json, GradientEstimators::fromJson);
    }

    private static <T> T choice(String what, List<T> choices, long number) {
        if (number < 0 || number >= choices.size()) {
            throw new IllegalStateException(
                    "The number for the "
                            + what
                            + " in a saved graph is "
                            + number
                            + "; expected 0 to "
                            + (choices.size() - 1));
        }
        return choices.get((int) number);
    }

    /** The learned parameters, which follow the fixed inputs. */
    List<QuantizerParameter> learned() {
        return estimator.parameters(spec, role).stream()
                .filter(QuantizerParameter::learned)
                .toList();
    }

    /** How many inputs the op has. */
    int inputs() {
        return FIXED_INPUTS + learned().size();
    }

    /** Throws an {@code IllegalArgumentException} where the inputs do not fit. */
    void check(INDArray[] inputs) {
        QuantParams given = given(inputs);
        DenseArrays.checkScales(
                inputs[0], given.size(), spec.granularity(), axisFor(inputs[0].rank()));
        List<QuantizerParameter> learned = learned();
        for (int j = 0; j < learned.size(); j++) {
            long length = inputs[FIXED_INPUTS + j].length();
            if (length != given.size()) {
                throw new IllegalArgumentException(
                        "parameter "
                                + learned.get(j).name()
                                + " has "
                                + length
                                + " values for "
                                + given.size()
                                + " scales; expected one for each");
            }
        }
        if (inputs[3].length() != 1) {
            throw new IllegalArgumentException(
                    "iteration has the shape "
                            + Arrays.toString(inputs[3].shape())
                            + "; expected one value");
        }
    }

    /** The pass over these inputs. A negative iteration is evaluation. */
    QuantizerPass pass(INDArray[] inputs) {
        int channel = axisFor(inputs[0].rank());
        double[][] learned = new double[learned().size()][];
        for (int j = 0; j < learned.length; j++) {
            learned[j] =
                    inputs[FIXED_INPUTS + j]
                            .reshape(inputs[FIXED_INPUTS + j].length())
                            .toDoubleVector();
        }
        long iteration = inputs[3].getLong(0);
        return QuantizerPass.of(
                estimator,
                spec,
                role,
                channel,
                QuantizerPass.values(estimator, spec, role, channel, inputs[0], learned),
                () -> given(inputs),
                null,
                iteration < 0 ? Moment.EVALUATION : Moment.training(iteration, 0));
    }

    /** The parameters in the inputs {@code x, scale, zeroPoint}. */
    private QuantParams given(INDArray[] inputs) {
        INDArray scale = inputs[1];
        INDArray zeroPoint = inputs[2];
        if (zeroPoint.length() != 1) {
            throw new IllegalArgumentException(
                    "zeroPoint has the shape "
                            + Arrays.toString(zeroPoint.shape())
                            + "; expected one value");
        }
        double zero = zeroPoint.getDouble(0);
        if (zero != Math.rint(zero) || Double.isInfinite(zero)) {
            throw new IllegalArgumentException(
                    "zeroPoint is " + zero + "; expected a whole number");
        }
        float[] scales = scale.reshape(scale.length()).toFloatVector();
        return QuantParams.of(spec, scales, (int) zero);
    }

    /** The axis as a number from 0 for an array of a rank. */
    private int axisFor(int rank) {
        if (spec.granularity().kind() == Granularity.Kind.PER_TENSOR
                && role == TensorRole.ACTIVATION) {
            return 0;
        }
        int fromZero = axis < 0 ? axis + rank : axis;
        if (fromZero < 0 || fromZero >= rank) {
            if (spec.granularity().kind() == Granularity.Kind.PER_TENSOR) {
                return 0;
            }
            throw new IllegalArgumentException(
                    "axis "
                            + axis
                            + " of an input with "
                            + rank
                            + " axes; expected "
                            + -rank
                            + ".."
                            + (rank - 1));
        }
        return fromZero;
    }
}
