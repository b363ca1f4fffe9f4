package io.github.dl4jqat.layers;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.dl4jqat.Seeds;
import io.github.dl4jqat.layers.NaiveConvolution.Product;
import io.github.dl4jqat.layers.NaiveConvolution.Weights;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.UnaryOperator;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.layers.Convolution1DLayer;
import org.deeplearning4j.nn.conf.layers.Convolution3D;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.Deconvolution2D;
import org.deeplearning4j.nn.conf.layers.Deconvolution3D;
import org.deeplearning4j.nn.conf.layers.DepthwiseConvolution2D;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Whole numbers in, and 64-bit sums of the very same products to compare with. */
@ExtendWith(Seeds.class)
class LinearOpsTest {

    private static final LayerWorkspaceMgr NO_WORKSPACE = LayerWorkspaceMgr.noWorkspacesImmutable();
    private static final int BATCH = 2;

    /** What is convolved, and how. */
    private static final class Case {
        final Random random;
        final DataType type;
        final ConvolutionMode mode;
        final int inputs;
        final int outputs;
        final boolean bias;
        final int[] size = {1, 1, 1};
        final int[] kernel = {1, 1, 1};
        final int[] stride = {1, 1, 1};
        final int[] padding = {0, 0, 0};
        final int[] dilation = {1, 1, 1};

        Case(Random random, ConvolutionMode mode, int inputs, int outputs, int... axes) {
            this.random = random;
            this.mode = mode;
            this.inputs = inputs;
            this.outputs = outputs;
            type = random.nextBoolean() ? DataType.FLOAT : DataType.DOUBLE;
            bias = random.nextBoolean();
            for (int axis : axes) {
                size[axis] = 4 + random.nextInt(5);
                kernel[axis] = 1 + random.nextInt(4);
                stride[axis] = 1 + random.nextInt(3);
                dilation[axis] = 1 + random.nextInt(2);
                int extent = (kernel[axis] - 1) * dilation[axis] + 1;
                padding[axis] =
                        mode == ConvolutionMode.Truncate ? random.nextInt((extent + 1) / 2) : 0;
            }
        }

        int[] image(int[] triple) {
            return new int[] {triple[1], triple[2]};
        }

        INDArray whole(int bound, long... shape) {
            int n = Math.toIntExact(Arrays.stream(shape).reduce(1, (a, b) -> a * b));
            double[] values = random.ints(n, -bound, bound + 1).asDoubleStream().toArray();
            return Nd4j.createFromArray(values).reshape('c', shape).castTo(type);
        }

        long[] shape(int channels, int[] sizes, int rank) {
            long[] shape = new long[rank];
            shape[0] = BATCH;
            shape[1] = channels;
            for (int axis = 2, a = rank == 5 ? 0 : 1; axis < rank; axis++, a++) {
                shape[axis] = sizes[a];
            }
            return shape;
        }

        <B extends ConvolutionLayer.BaseConvBuilder<?>> B configured(B builder) {
            return configured(builder, this::image);
        }

        <B extends ConvolutionLayer.BaseConvBuilder<?>> B configured(
                B builder, UnaryOperator<int[]> axes) {
            builder.setKernelSize(axes.apply(kernel));
            builder.setStride(axes.apply(stride));
            builder.setPadding(axes.apply(padding));
            builder.setDilation(axes.apply(dilation));
            builder.convolutionMode(mode);
            builder.setHasBias(bias);
            builder.setNIn(inputs);
            builder.setNOut(outputs);
            return builder;
        }

        @Override
        public String toString() {
            return String.format(
                    "%s %s %d -> %d size %s kernel %s stride %s padding %s dilation %s",
                    type,
                    mode,
                    inputs,
                    outputs,
                    Arrays.toString(size),
                    Arrays.toString(kernel),
                    Arrays.toString(stride),
                    Arrays.toString(padding),
                    Arrays.toString(dilation));
        }
    }

    private static void assertExact(
            Case c, LinearOp op, boolean transposed, int groups, long[] weightShape, Weights at) {
        NaiveConvolution naive =
                new NaiveConvolution(
                        transposed, c.mode, c.size, c.kernel, c.stride, c.padding, c.dilation);
        if (!naive.exists()) {
            return;
        }
        int rank = weightShape.length;
        int outputs = c.outputs;
        INDArray x = c.whole(255, c.shape(c.inputs, c.size, rank));
        INDArray w = c.whole(127, weightShape);
        INDArray b = c.bias ? c.whole(1000, outputs) : null;
        INDArray z = op.apply(x, w, b, ArrayType.ACTIVATIONS, NO_WORKSPACE);
        double[] products = new double[Math.toIntExact(z.length())];
        assertThat(z.shape()).as("%s", c).isEqualTo(c.shape(outputs, naive.out, rank));
        double[] xs = x.data().asDouble();
        double[] ws = w.data().asDouble();
        INDArray epsilon = c.whole(9, z.shape());
        double[] es = epsilon.data().asDouble();
        double[] dx = new double[xs.length];
        double[] dw = new double[ws.length];
        Product product =
                (i, j, k) -> {
                    products[k] += xs[i] * ws[j];
                    dx[i] += es[k] * ws[j];
                    dw[j] += es[k] * xs[i];
                };
        naive.products(BATCH, c.inputs, outputs, groups, at, product);
        int plane = products.length / BATCH / outputs;
        double[] db = new double[outputs];
        double[] expected = products.clone();
        for (int i = 0; i < products.length; i++) {
            expected[i] += b == null ? 0 : b.getDouble(i / plane % outputs);
            db[i / plane % outputs] += es[i];
        }
        assertThat(values(z)).as("%s: result", c).isEqualTo(expected);
        INDArray whole = op.partial(x, w, 0, w.size(op.inputAxisOfWeights()));
        assertThat(values(whole)).as("%s: without bias", c).isEqualTo(products);
        if (op.splits() && c.inputs > 1) {
            int middle = 1 + c.random.nextInt(c.inputs - 1);
            INDArray sum = op.partial(x, w, 0, middle).add(op.partial(x, w, middle, c.inputs));
            assertThat(values(sum)).as("%s: in two portions", c).isEqualTo(products);
        }
        INDArray gradW = Nd4j.valueArrayOf(weightShape, 7.0, c.type);
        INDArray gradB = b == null ? null : Nd4j.valueArrayOf(new long[] {outputs}, 7.0, c.type);
        INDArray gradX = op.backward(x, w, b, epsilon, gradW, gradB, NO_WORKSPACE);
        assertThat(values(gradX)).as("%s: gradient of the input", c).isEqualTo(dx);
        assertThat(values(gradW)).as("%s: gradient of the weights", c).isEqualTo(dw);
        if (gradB != null) {
            assertThat(values(gradB)).as("%s: gradient of the bias", c).isEqualTo(db);
        }
    }

    private static double[] values(INDArray array) {
        double[] values = array.dup('c').data().asDouble();
        for (int i = 0; i < values.length; i++) {
            values[i] += 0.0; // -0 is as good a zero
        }
        return values;
    }

    private static ConvolutionMode mode(Random random) {
        return random.nextBoolean() ? ConvolutionMode.Same : ConvolutionMode.Truncate;
    }

    @Test
    void convolution_addsUpWhatItShould(Random random) {
        for (int i = 0; i < 60; i++) {
            Case c = new Case(random, mode(random), 1 + random.nextInt(4), 3, 1, 2);
            int taps = c.kernel[1] * c.kernel[2];
            assertExact(
                    c,
                    new ConvolutionOp(c.configured(new ConvolutionLayer.Builder()).build()),
                    false,
                    1,
                    new long[] {c.outputs, c.inputs, c.kernel[1], c.kernel[2]},
                    (o, in, tap) -> (o * c.inputs + in) * taps + tap);
        }
    }

    @Test
    void depthwise_addsUpWhatItShould(Random random) {
        for (int i = 0; i < 90; i++) {
            int inputs = 1 + random.nextInt(4);
            int each = 1 + random.nextInt(3);
            Case c = new Case(random, mode(random), inputs, inputs * each, 1, 2);
            assertExact(
                    c,
                    new DepthwiseOp(
                            c.configured(new DepthwiseConvolution2D.Builder())
                                    .depthMultiplier(each)
                                    .build()),
                    false,
                    inputs,
                    new long[] {c.kernel[1], c.kernel[2], inputs, each},
                    (o, in, tap) -> tap * inputs * each + o);
        }
    }

    @Test
    void transposed_addsUpWhatItShould(Random random) {
        for (int i = 0; i < 120; i++) {
            Case c = new Case(random, mode(random), 1 + random.nextInt(4), 3, 1, 2);
            int taps = c.kernel[1] * c.kernel[2];
            assertExact(
                    c,
                    new DeconvolutionOp(c.configured(new Deconvolution2D.Builder()).build()),
                    true,
                    1,
                    new long[] {c.inputs, c.outputs, c.kernel[1], c.kernel[2]},
                    (o, in, tap) -> (in * c.outputs + o) * taps + tap);
        }
    }

    @Test
    void sequence_addsUpWhatItShould(Random random) {
        List<ConvolutionMode> modes =
                List.of(ConvolutionMode.Same, ConvolutionMode.Truncate, ConvolutionMode.Causal);
        for (int i = 0; i < 90; i++) {
            Case c = new Case(random, modes.get(i % 3), 1 + random.nextInt(4), 3, 1);
            Convolution1DLayer conf =
                    new Convolution1DLayer.Builder(c.kernel[1], c.stride[1], c.padding[1])
                            .nIn(c.inputs)
                            .nOut(c.outputs)
                            .dilation(c.dilation[1])
                            .convolutionMode(c.mode)
                            .build();
            assertExact(
                    c,
                    new SequenceConvolutionOp(conf),
                    false,
                    1,
                    new long[] {c.outputs, c.inputs, c.kernel[1], 1},
                    (o, in, tap) -> (tap * c.inputs + in) * c.outputs + o);
        }
    }

    @Test
    void volume_addsUpWhatItShould(Random random) {
        for (int i = 0; i < 60; i++) {
            Case c = new Case(random, mode(random), 1 + random.nextInt(3), 2, 0, 1, 2);
            int taps = c.kernel[0] * c.kernel[1] * c.kernel[2];
            assertExact(
                    c,
                    new ConvolutionOp(c.configured(new Convolution3D.Builder(), k -> k).build()),
                    false,
                    1,
                    new long[] {c.outputs, c.inputs, c.kernel[0], c.kernel[1], c.kernel[2]},
                    (o, in, tap) -> (o * c.inputs + in) * taps + tap);
        }
    }

    @Test
    void transposedVolume_addsUpWhatItShould(Random random) {
        for (int i = 0; i < 60; i++) {
            Case c = new Case(random, mode(random), 1 + random.nextInt(3), 2, 0, 1, 2);
            assertExact(
                    c,
                    new DeconvolutionOp(
                            c.configured(new Deconvolution3D.Builder(), k -> k).build()),
                    true,
                    1,
                    new long[] {c.kernel[0], c.kernel[1], c.kernel[2], c.outputs, c.inputs},
                    (o, in, tap) -> (tap * c.outputs + o) * c.inputs + in);
        }
    }
}
