package io.github.dl4jqat.layers;

import io.github.dl4jqat.ops.HeapArrays;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.activations.impl.ActivationSigmoid;
import org.nd4j.linalg.activations.impl.ActivationTanH;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * An activation function over stretches of the heap. Sigmoid and hyperbolic tangent, which nearly
 * all recurrent layers have, in plain Java: a time step has few numbers, and a native op for each
 * takes longer than its work. Any other function by way of ND4J. Thread-safe if the function is.
 */
abstract class CellFunction {

    /** The loops for a function. */
    static CellFunction of(IActivation f) {
        if (f instanceof ActivationSigmoid) {
            return new Sigmoid();
        }
        return f instanceof ActivationTanH ? new HyperbolicTangent() : new Other(f);
    }

    /** {@code a[i] = f(z[i])}; not in place. */
    abstract void forward(double[] z, double[] a, int from, int to, boolean training);

    /** {@code dz[i] = da[i] * f'(z[i])}; {@code dz} may be {@code da}. */
    abstract void backward(double[] z, double[] a, double[] da, double[] dz, int from, int to);

    private static final class Sigmoid extends CellFunction {
        @Override
        void forward(double[] z, double[] a, int from, int to, boolean training) {
            for (int i = from; i < to; i++) {
                a[i] = 1 / (1 + Math.exp(-z[i]));
            }
        }

        @Override
        void backward(double[] z, double[] a, double[] da, double[] dz, int from, int to) {
            for (int i = from; i < to; i++) {
                dz[i] = da[i] * a[i] * (1 - a[i]);
            }
        }
    }

    private static final class HyperbolicTangent extends CellFunction {
        @Override
        void forward(double[] z, double[] a, int from, int to, boolean training) {
            for (int i = from; i < to; i++) {
                a[i] = Math.tanh(z[i]);
            }
        }

        @Override
        void backward(double[] z, double[] a, double[] da, double[] dz, int from, int to) {
            for (int i = from; i < to; i++) {
                dz[i] = da[i] * (1 - a[i] * a[i]);
            }
        }
    }

    @SuppressWarnings("try")
    private static final class Other extends CellFunction {
        private final IActivation f;

        Other(IActivation f) {
            this.f = f;
        }

        @Override
        void forward(double[] z, double[] a, int from, int to, boolean training) {
            try (MemoryWorkspace ws = Nd4j.getMemoryManager().scopeOutOfWorkspaces()) {
                copy(f.getActivation(row(z, from, to), training), a, from);
            }
        }

        @Override
        void backward(double[] z, double[] a, double[] da, double[] dz, int from, int to) {
            try (MemoryWorkspace ws = Nd4j.getMemoryManager().scopeOutOfWorkspaces()) {
                copy(f.backprop(row(z, from, to), row(da, from, to)).getFirst(), dz, from);
            }
        }

        private static INDArray row(double[] values, int from, int to) {
            double[] part = java.util.Arrays.copyOfRange(values, from, to);
            return Nd4j.createFromArray(part).reshape(1, part.length);
        }

        private static void copy(INDArray row, double[] target, int from) {
            double[] values = HeapArrays.of(row);
            System.arraycopy(values, 0, target, from, values.length);
        }
    }
}
