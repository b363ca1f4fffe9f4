package io.github.dl4jqat.ops;

import io.github.dl4jqat.kernels.BackwardRule;
import io.github.dl4jqat.quant.Granularity;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.QuantSpec;
import io.github.dl4jqat.quant.Symmetry;
import java.util.Arrays;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.DynamicCustomOp;

/**
 * The settings of a fake-quantization op as the integer and boolean arguments that SameDiff copies
 * and saves; fields of an op it forgets. The order of the arguments is part of the file format:
 *
 * <pre>
 *   integers  version, bits, granularity (0 tensor, 1 channel, 2 group), group size, axis, rule
 *   booleans  signed, narrow range, symmetric
 * </pre>
 *
 * @param spec which integers
 * @param axis channel axis; negative counts from the last
 * @param rule which gradient
 */
record QuantizeArguments(QuantSpec spec, int axis, BackwardRule rule) {

    private static final int VERSION = 1;

    /** Appends the arguments to an op without any. */
    void writeTo(DynamicCustomOp op) {
        op.addIArgument(
                VERSION,
                spec.bits(),
                kindNumber(spec.granularity().kind()),
                spec.granularity().groupSize(),
                axis,
                rule.id());
        op.addBArgument(spec.signed(), spec.narrowRange(), spec.symmetry() == Symmetry.SYMMETRIC);
    }

    /** Reads what {@link #writeTo} wrote. */
    static QuantizeArguments of(DynamicCustomOp op) {
        if (op.numIArguments() < 6 || op.numBArguments() < 3) {
            throw new IllegalStateException(
                    op.opName()
                            + ": expected 6 integer and 3 boolean arguments, found "
                            + op.numIArguments()
                            + " and "
                            + op.numBArguments()
                            + "; build the op with FakeQuantize.apply");
        }
        if (op.getIArgument(0) != VERSION) {
            throw new IllegalStateException(
                    op.opName()
                            + ": the arguments have version "
                            + op.getIArgument(0)
                            + ", this library reads version "
                            + VERSION
                            + "; load the graph with the library that saved it");
        }
        QuantSpec spec =
                new QuantSpec(
                        Math.toIntExact(op.getIArgument(1)),
                        op.getBArgument(0),
                        op.getBArgument(2) ? Symmetry.SYMMETRIC : Symmetry.AFFINE,
                        op.getBArgument(1),
                        new Granularity(
                                kind(op.getIArgument(2)), Math.toIntExact(op.getIArgument(3))));
        return new QuantizeArguments(
                spec, Math.toIntExact(op.getIArgument(4)), BackwardRule.ofId(op.getIArgument(5)));
    }

    /** Throws an {@code IllegalArgumentException} where {@code x, scale, zeroPoint} do not fit. */
    void check(INDArray[] inputs) {
        DenseArrays.checkScales(
                inputs[0], params(inputs).size(), spec.granularity(), axisFor(inputs[0].rank()));
    }

    /** The parameters in the inputs {@code x, scale, zeroPoint}. */
    QuantParams params(INDArray[] inputs) {
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
    int axisFor(int rank) {
        if (spec.granularity().kind() == Granularity.Kind.PER_TENSOR) {
            return 0;
        }
        int fromZero = axis < 0 ? axis + rank : axis;
        if (fromZero < 0 || fromZero >= rank) {
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

    private static int kindNumber(Granularity.Kind kind) {
        return switch (kind) {
            case PER_TENSOR -> 0;
            case PER_CHANNEL -> 1;
            case PER_GROUP -> 2;
        };
    }

    private static Granularity.Kind kind(long number) {
        if (number == 0) {
            return Granularity.Kind.PER_TENSOR;
        }
        if (number == 1) {
            return Granularity.Kind.PER_CHANNEL;
        }
        if (number == 2) {
            return Granularity.Kind.PER_GROUP;
        }
        throw new IllegalStateException(
                "Granularity number " + number + " in a saved graph; expected 0, 1 or 2");
    }
}
