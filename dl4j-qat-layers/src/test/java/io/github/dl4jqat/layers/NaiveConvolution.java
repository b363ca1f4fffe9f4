package io.github.dl4jqat.layers;

import org.deeplearning4j.nn.conf.ConvolutionMode;

/**
 * Convolutions of up to three axes, tap by tap, on arrays in row-major order: input {@code [batch,
 * channels, size...]}, output likewise. Only which element meets which weight differs between the
 * kinds.
 */
final class NaiveConvolution {

    /**
     * Where in the array of weights the weight of an output and an input channel and a tap lies.
     */
    interface Weights {
        int index(int output, int input, int tap);
    }

    /** One product. */
    interface Product {
        void of(int x, int w, int z);
    }

    final int[] size;
    final int[] kernel;
    final int[] stride;
    final int[] dilation;
    final int[] before;
    final int[] out;
    final boolean transposed;

    /** All arrays have three elements; an axis that is not there has size and kernel 1. */
    NaiveConvolution(
            boolean transposed,
            ConvolutionMode mode,
            int[] size,
            int[] kernel,
            int[] stride,
            int[] padding,
            int[] dilation) {
        this.transposed = transposed;
        this.size = size;
        this.kernel = kernel;
        this.stride = stride;
        this.dilation = dilation;
        before = new int[3];
        out = new int[3];
        for (int a = 0; a < 3; a++) {
            int extent = (kernel[a] - 1) * dilation[a] + 1;
            if (mode == ConvolutionMode.Causal) {
                out[a] = (size[a] + stride[a] - 1) / stride[a];
                before[a] = extent - 1;
            } else if (mode == ConvolutionMode.Same && transposed) {
                out[a] = size[a] * stride[a];
                before[a] = (extent - stride[a]) / 2;
            } else if (mode == ConvolutionMode.Same) {
                out[a] = (size[a] + stride[a] - 1) / stride[a];
                before[a] = ((out[a] - 1) * stride[a] + extent - size[a]) / 2;
            } else {
                out[a] =
                        transposed
                                ? stride[a] * (size[a] - 1) + extent - 2 * padding[a]
                                : Math.floorDiv(size[a] + 2 * padding[a] - extent, stride[a]) + 1;
                before[a] = padding[a];
            }
        }
    }

    /** Whether there is an output. Deeplearning4j refuses to cut off what a stride leaves over. */
    boolean exists() {
        for (int a = 0; a < 3; a++) {
            if (out[a] <= 0 || (before[a] < 0 && !transposed)) {
                return false;
            }
        }
        return true;
    }

    /** All products of a convolution in groups: output channel o reads its group's inputs. */
    void products(int batch, int inputs, int outputs, int groups, Weights w, Product product) {
        for (int n = 0; n < batch; n++) {
            for (int o = 0; o < outputs; o++) {
                int group = o / (outputs / groups);
                for (int c = 0; c < inputs / groups; c++) {
                    int channel = group * (inputs / groups) + c;
                    planes(n * inputs + channel, n * outputs + o, o, c, w, product);
                }
            }
        }
    }

    private void planes(int xPlane, int zPlane, int o, int c, Weights w, Product product) {
        int[] few = transposed ? size : out;
        int[] many = transposed ? out : size;
        int[] at = new int[3];
        for (int p = 0; p < few[0] * few[1] * few[2]; p++) {
            for (int tap = 0; tap < kernel[0] * kernel[1] * kernel[2]; tap++) {
                at[0] = place(p / (few[1] * few[2]), tap / (kernel[1] * kernel[2]), 0);
                at[1] = place(p / few[2] % few[1], tap / kernel[2] % kernel[1], 1);
                at[2] = place(p % few[2], tap % kernel[2], 2);
                if (within(at, many)) {
                    int q = (at[0] * many[1] + at[1]) * many[2] + at[2];
                    int x = xPlane * size[0] * size[1] * size[2] + (transposed ? p : q);
                    int z = zPlane * out[0] * out[1] * out[2] + (transposed ? q : p);
                    product.of(x, w.index(o, c, tap), z);
                }
            }
        }
    }

    private int place(int position, int tap, int axis) {
        return position * stride[axis] + tap * dilation[axis] - before[axis];
    }

    private static boolean within(int[] at, int[] size) {
        for (int a = 0; a < 3; a++) {
            if (at[a] < 0 || at[a] >= size[a]) {
                return false;
            }
        }
        return true;
    }
}
