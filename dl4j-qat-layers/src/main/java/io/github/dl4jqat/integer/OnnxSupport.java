package io.github.dl4jqat.integer;

import io.github.dl4jqat.kernels.RecurrentCell;
import io.github.dl4jqat.quant.Requantization;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Whether a model can be written as an ONNX graph that computes exactly the same integers, or,
 * behind a float island, the same but for the last bits of its floats.
 */
public final class OnnxSupport {

    private static final int BYTE_BITS = 8;
    private static final long LARGEST_POOL_CONSTANT = 1L << 24;

    /** 255^15 is less than the quotient of the largest and the smallest normal float by far. */
    private static final int LARGEST_POWER = 15;

    private OnnxSupport() {}

    /** Why a model cannot be run by ONNX Runtime, the first reason; empty where it can. */
    public static Optional<String> obstacle(IntegerModel model) {
        return obstacles(model).stream().findFirst();
    }

    /** Everything that stands against a model, a line each; empty where it can be run. */
    public static List<String> obstacles(IntegerModel model) {
        List<String> obstacles = new ArrayList<>();
        if (model.requantization() != Requantization.FLOAT) {
            obstacles.add(
                    "ONNX Runtime requantizes with floats, the model's mode is "
                            + model.requantization());
        }
        for (TensorType tensor : model.tensors().values()) {
            if (!tensor.isFloat() && tensor.params().spec().bits() > BYTE_BITS) {
                obstacles.add(
                        "ONNX Runtime computes with activations of up to 8 bits, tensor "
                                + tensor
                                + " has more");
            }
        }
        model.ops().forEach(op -> obstacle(op).ifPresent(obstacles::add));
        return obstacles;
    }

    private static Optional<String> obstacle(IntegerOp op) {
        if (bits(op) > BYTE_BITS) {
            return Optional.of(
                    "ONNX Runtime computes with weights of up to 8 bits, layer '"
                            + op.name()
                            + "' has more");
        }
        if (poolConstants(op) > LARGEST_POOL_CONSTANT) {
            return Optional.of(
                    "ONNX Runtime would need a constant of "
                            + poolConstants(op)
                            + " elements for the pooling layer '"
                            + op.name()
                            + "'");
        }
        if (powerOf(op) > LARGEST_POWER) {
            return Optional.of(
                    "ONNX Runtime computes in float, which holds powers of bytes up to "
                            + LARGEST_POWER
                            + ", layer '"
                            + op.name()
                            + "' has p="
                            + powerOf(op));
        }
        if (op instanceof MaxPool2d maxPool && padsReachKernel(maxPool.window())) {
            return Optional.of(
                    "ONNX Runtime pools with padding smaller than the kernel, layer '"
                            + op.name()
                            + "' has "
                            + maxPool.window());
        }
        return Optional.empty();
    }

    /** The width of the weights that matrices and kernels are multiplied with. */
    private static int bits(IntegerOp op) {
        int bits = op.constants().map(w -> w.params().spec().bits()).orElse(0);
        if (op instanceof Recurrent recurrent) {
            RecurrentCell cell = recurrent.cell();
            return Math.max(bits, cell.recurrent().params().spec().bits());
        }
        return bits;
    }

    /** A sum is a convolution with ones, a mean without padding a product with factors. */
    private static long poolConstants(IntegerOp op) {
        if (op instanceof PNormPool2d pool) {
            // A window over padding may have more taps than an int counts.
            return (long) pool.window().kernelH() * pool.window().kernelW() * pool.input().size(0);
        }
        if (op instanceof AveragePool2d pool) {
            long factors = (long) pool.output().size(1) * pool.output().size(2);
            return Math.max(factors, (long) pool.input().size(0) * pool.window().area());
        }
        return op instanceof GlobalPool pool ? pool.input().elements() : 0;
    }

    private static int powerOf(IntegerOp op) {
        if (op instanceof PNormPool2d pool) {
            return pool.p();
        }
        return op instanceof GlobalPNormPool pool ? pool.p() : 1;
    }

    private static boolean padsReachKernel(Window2d w) {
        return Math.max(w.padTop(), w.padBottom()) >= w.kernelH()
                || Math.max(w.padLeft(), w.padRight()) >= w.kernelW();
    }
}
