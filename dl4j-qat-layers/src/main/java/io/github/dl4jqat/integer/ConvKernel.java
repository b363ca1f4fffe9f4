package io.github.dl4jqat.integer;

import io.github.dl4jqat.quant.Requantizer;
import java.util.Arrays;

/**
 * A convolution over images or volumes in plain Java as long runs of multiply-and-add: in the
 * {@link ConvPlanes} of its input a whole output channel is one run for each tap, {@code acc[i] +=
 * w * plane[offset + i]}. The run also covers the few columns between the end of one output row and
 * the start of the next; what it leaves there is not read.
 *
 * <p>A volume is a stack of images, an image a stack of one: each of its slices has planes of its
 * own, and an output slice adds up the runs of those slices that the taps along the depth meet.
 */
final class ConvKernel implements JavaKernel.Unary {

    private final Weights weights;
    private final Requantizer requantizer;
    private final int zeroPoint;
    private final ConvPlanes planes;
    private final int imageSize;
    private final int inputChannels;
    private final int outputChannels;
    private final int channelsInGroup;
    private final int outputsInGroup;

    private final int depth;
    private final int outputDepth;
    private final int kernelDepth;
    private final int strideDepth;
    private final int dilationDepth;
    private final int padFront;

    ConvKernel(Conv2d op) {
        this(
                op.input(),
                op.output(),
                op.weights(),
                Window3d.stackOfOne(op.window()),
                op.groups(),
                op.requantizer());
    }

    ConvKernel(Conv3d op) {
        this(op.input(), op.output(), op.weights(), op.window(), op.groups(), op.requantizer());
    }

    private ConvKernel(
            TensorType input,
            TensorType output,
            Weights weights,
            Window3d window,
            int groups,
            Requantizer requantizer) {
        int rank = input.rank();
        this.weights = weights;
        this.requantizer = requantizer;
        this.zeroPoint = input.params().zeroPoint();
        this.planes = new ConvPlanes(window.slice(), input.size(rank - 2), input.size(rank - 1));
        this.imageSize = input.size(rank - 2) * input.size(rank - 1);
        this.inputChannels = input.size(0);
        this.outputChannels = output.size(0);
        this.channelsInGroup = inputChannels / groups;
        this.outputsInGroup = outputChannels / groups;
        this.depth = input.elements() / (inputChannels * imageSize);
        this.outputDepth = window.outputs(0, depth);
        this.kernelDepth = window.kernel().get(0);
        this.strideDepth = window.stride().get(0);
        this.dilationDepth = window.dilation().get(0);
        this.padFront = window.padBefore().get(0);
    }

    @Override
    public void run(int[] in, int[] out, int examples) {
        int images = inputChannels * depth;
        int[] x = new int[Math.multiplyExact(images, planes.size())];
        int[] acc = new int[planes.run()];
        int to = 0;
        for (int e = 0; e < examples; e++) {
            for (int i = 0; i < images; i++) {
                planes.fill(in, (e * images + i) * imageSize, zeroPoint, x, i * planes.size());
            }
            for (int o = 0; o < outputChannels; o++) {
                for (int z = 0; z < outputDepth; z++) {
                    Arrays.fill(acc, weights.bias(o));
                    accumulate(o, z, x, acc);
                    requantize(o, acc, out, to);
                    to += planes.rows() * planes.columns();
                }
            }
        }
    }

    private void accumulate(int o, int z, int[] x, int[] acc) {
        int first = o / outputsInGroup * channelsInGroup;
        int taps = planes.taps();
        for (int c = 0; c < channelsInGroup; c++) {
            for (int k = 0; k < kernelDepth; k++) {
                int slice = z * strideDepth - padFront + k * dilationDepth;
                if (slice < 0 || slice >= depth) {
                    continue;
                }
                int w = ((o * channelsInGroup + c) * kernelDepth + k) * taps;
                int image = ((first + c) * depth + slice) * planes.size();
                for (int t = 0; t < taps; t++) {
                    int weight = weights.get(w + t);
                    if (weight != 0) {
                        addScaled(acc, weight, x, image + planes.tapStart(t));
                    }
                }
            }
        }
    }

    private static void addScaled(int[] acc, int weight, int[] x, int from) {
        for (int i = 0; i < acc.length; i++) {
            acc[i] += weight * x[from + i];
        }
    }

    private void requantize(int o, int[] acc, int[] out, int to) {
        int columns = planes.columns();
        for (int y = 0; y < planes.rows(); y++) {
            int row = y * planes.rowStep();
            for (int x = 0; x < columns; x++) {
                out[to + y * columns + x] = requantizer.apply(acc[row + x], o);
            }
        }
    }
}
