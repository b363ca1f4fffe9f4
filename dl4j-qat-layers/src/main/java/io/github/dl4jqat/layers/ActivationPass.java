package io.github.dl4jqat.layers;

import io.github.dl4jqat.ops.QuantizerPass;
import io.github.dl4jqat.ops.RectifiedKernels;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.activations.impl.ActivationIdentity;
import org.nd4j.linalg.activations.impl.ActivationRReLU;
import org.nd4j.linalg.activations.impl.ActivationReLU;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * From the pre-activation to the quantized output in reals, and back:
 *
 * <pre>
 *   clamping function   y = Q_out(f(z))
 *   any other           y = Q_out(f(Q_pre(z)))
 * </pre>
 *
 * <p>In training a ReLU and the quantizer behind it are one pass over memory each way. Of any other
 * function nothing is kept between {@code z} and {@code y}: the backward pass computes that once
 * more, in working memory.
 *
 * <p>Belongs to one running layer; not thread-safe.
 */
final class ActivationPass {

    private final LayerQuantizers quantizers;

    ActivationPass(LayerQuantizers quantizers) {
        this.quantizers = quantizers;
    }

    /** What a training forward pass leaves for the backward pass. */
    static final class Trace {
        private INDArray z;
        private INDArray zQuantized;
        private QuantizerPass zPass;
        private INDArray activation;
        private QuantizerPass outputPass;
        private boolean rectified;
        private boolean repeats;
    }

    /**
     * The forward pass.
     *
     * @param z may be overwritten when not training; when training it is kept, and never written
     * @param f the activation function, or null for none
     * @param trace filled in when training; may be null otherwise
     */
    INDArray forward(
            INDArray z, IActivation f, boolean training, LayerWorkspaceMgr mgr, Trace trace) {
        if (training && trace != null && rectifies(f)) {
            return rectified(z, mgr, trace);
        }
        boolean repeats = training && trace != null && canRepeat(f);
        boolean quantizes = quantizers.output() != null && !quantizers.unquantized(training);
        ArrayType between = repeats && quantizes ? ArrayType.FF_WORKING_MEM : ArrayType.ACTIVATIONS;
        INDArray zQuantized = z;
        QuantizerPass zPass = null;
        if (quantizers.preActivation() != null && quantizers.needsTable(f)) {
            zPass = quantizers.observe(quantizers.preActivation(), z, training);
            if (zPass != null) {
                zQuantized = LayerQuantizers.quantized(z, zPass, between, mgr);
            }
        }
        INDArray a = zQuantized;
        if (computes(f)) {
            // The function overwrites its argument, which the backward pass may still need.
            boolean needed = training && (zQuantized == z || !repeats);
            a = f.getActivation(needed ? mgr.dup(between, zQuantized, 'c') : zQuantized, training);
        }
        QuantizerPass outputPass = quantizers.observe(quantizers.output(), a, training);
        if (training && trace != null) {
            trace.z = z;
            trace.zPass = zPass;
            trace.outputPass = outputPass;
            trace.repeats = repeats;
            if (!repeats) {
                trace.zQuantized = zQuantized;
                trace.activation = a;
            }
        }
        if (outputPass != null) {
            return LayerQuantizers.quantized(a, outputPass, ArrayType.ACTIVATIONS, mgr);
        }
        return between == ArrayType.ACTIVATIONS ? a : mgr.leverageTo(ArrayType.ACTIVATIONS, a);
    }

    private static boolean computes(IActivation f) {
        return f != null && !(f instanceof ActivationIdentity);
    }

    /** Whether a function gives the same numbers again; of those of others nobody knows. */
    private static boolean canRepeat(IActivation f) {
        return !computes(f)
                || (f.getClass().getPackage().equals(ActivationIdentity.class.getPackage())
                        && !(f instanceof ActivationRReLU));
    }

    /** Whether a function is a ReLU without further settings, and there is no table before it. */
    private boolean rectifies(IActivation f) {
        return f != null
                && f.getClass() == ActivationReLU.class
                && f.equals(new ActivationReLU())
                && !quantizers.needsTable(f);
    }

    /** A ReLU and the quantizer behind it at once; the value between the two is not kept. */
    private INDArray rectified(INDArray z, LayerWorkspaceMgr mgr, Trace trace) {
        QuantizerPass pass = quantizers.observe(quantizers.output(), z, true, true);
        trace.z = z;
        trace.activation = z;
        trace.outputPass = pass;
        trace.rectified = true;
        if (pass != null) {
            return LayerQuantizers.quantized(z, pass, ArrayType.ACTIVATIONS, mgr);
        }
        INDArray y = mgr.createUninitialized(ArrayType.ACTIVATIONS, z.dataType(), z.shape(), 'c');
        RectifiedKernels.rectify(z, y);
        return y;
    }

    /** The gradient at {@code z} from that of the output; {@code epsilon} is left as it is. */
    INDArray backward(INDArray epsilon, IActivation f, LayerWorkspaceMgr mgr, Trace trace) {
        INDArray grad = epsilon;
        if (trace.rectified && trace.outputPass == null) {
            grad =
                    mgr.createUninitialized(
                            ArrayType.BP_WORKING_MEM, epsilon.dataType(), epsilon.shape(), 'c');
            RectifiedKernels.slope(trace.z, epsilon, grad);
            return grad;
        }
        INDArray at = trace.repeats ? argument(f, mgr, trace) : trace.zQuantized;
        if (trace.outputPass != null) {
            grad =
                    mgr.createUninitialized(
                            ArrayType.BP_WORKING_MEM, epsilon.dataType(), epsilon.shape(), 'c');
            INDArray a = trace.activation;
            if (trace.repeats) {
                a = at;
                if (computes(f)) {
                    a = f.getActivation(mgr.dup(ArrayType.BP_WORKING_MEM, at, 'c'), true);
                }
            }
            quantizers.output().backward(a, epsilon, grad, trace.outputPass);
        }
        if (trace.rectified) {
            return grad;
        }
        INDArray dz = f == null ? grad : f.backprop(at, grad).getFirst();
        if (trace.zPass != null) {
            quantizers.preActivation().backward(trace.z, dz, dz, trace.zPass);
        }
        return dz;
    }

    /** What the function was applied to; it may be overwritten where there is a function. */
    private static INDArray argument(IActivation f, LayerWorkspaceMgr mgr, Trace trace) {
        if (trace.zPass != null) {
            return LayerQuantizers.quantized(trace.z, trace.zPass, ArrayType.BP_WORKING_MEM, mgr);
        }
        return computes(f) ? mgr.dup(ArrayType.BP_WORKING_MEM, trace.z, 'c') : trace.z;
    }
}
