package io.github.dl4jqat.ops;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.dl4jqat.Floats;
import io.github.dl4jqat.Seeds;
import io.github.dl4jqat.kernels.BackwardKernel;
import io.github.dl4jqat.kernels.ClippedBackward;
import io.github.dl4jqat.kernels.IdentityBackward;
import io.github.dl4jqat.quant.Granularity;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.QuantSpec;
import io.github.dl4jqat.quant.Quantizers;
import io.github.dl4jqat.quant.Requantization;
import io.github.dl4jqat.quant.Requantizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.shape.Shape;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.INDArrayIndex;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** Expectations are computed element by element through {@link QuantParams}. */
@ExtendWith(Seeds.class)
final class TensorKernelsTest {

    private static final QuantSpec PER_CHANNEL = Quantizers.intPerChannel(4);

    /** Arrays of one shape that lie in memory in every way an array may. */
    private static Map<String, INDArray> placements(DataType type, Random random, long... shape) {
        Map<String, INDArray> arrays = new LinkedHashMap<>();
        arrays.put("c", Nd4j.create(type, shape, 'c'));
        arrays.put("f", Nd4j.create(type, shape, 'f'));
        int rank = shape.length;
        int[] reverse = new int[rank];
        long[] reversed = new long[rank];
        for (int i = 0; i < rank; i++) {
            reverse[i] = rank - 1 - i;
            reversed[i] = shape[rank - 1 - i];
        }
        arrays.put("permuted", Nd4j.create(type, reversed, 'c').permute(reverse));
        if (rank > 2) {
            int[] swap = new int[rank];
            for (int i = 0; i < rank; i++) {
                swap[i] = i;
            }
            swap[0] = 1;
            swap[1] = 0;
            long[] swapped = shape.clone();
            swapped[0] = shape[1];
            swapped[1] = shape[0];
            arrays.put("swapped", Nd4j.create(type, swapped, 'c').permute(swap));
        }
        long length = 1;
        for (long size : shape) {
            length *= size;
        }
        arrays.put(
                "offset view",
                Nd4j.create(type, length + 20)
                        .get(NDArrayIndex.interval(13, 13 + length))
                        .reshape('c', shape));
        long[] wider = shape.clone();
        wider[rank - 1] += 3;
        INDArray wide = Nd4j.create(type, wider, 'c');
        INDArrayIndex[] part = new INDArrayIndex[rank];
        for (int i = 0; i < rank; i++) {
            part[i] = NDArrayIndex.interval(0, shape[i]);
        }
        part[rank - 1] = NDArrayIndex.interval(2, 2 + shape[rank - 1]);
        arrays.put("view with gaps", wide.get(part));
        INDArray values = Nd4j.create(DataType.DOUBLE, shape, 'c');
        for (long i = 0; i < length; i++) {
            // Multiples of a quarter step of 0.125 are ties as often as not, exact in every type.
            values.putScalar(i, (random.nextInt(128) - 64) / 32.0);
        }
        arrays.values().forEach(a -> a.assign(values));
        return arrays;
    }

    private static QuantParams powersOfTwo(QuantSpec spec, int scales) {
        return QuantParams.of(spec, Floats.of(scales, c -> 0.125f * (1 << (c % 3))), 0);
    }

    /** What the array holds in the end, by the definition. */
    private static INDArray expected(INDArray x, QuantParams p, int axis) {
        INDArray y = x.castTo(DataType.DOUBLE).dup('c');
        INDArray in = y.dup();
        long perChannel = x.length() / Math.max(1, x.size(axis));
        int group = p.spec().granularity().groupSize();
        long groups = group == 0 ? 1 : (perChannel + group - 1) / group;
        Map<Integer, Long> seen = new LinkedHashMap<>();
        for (long i = 0; i < x.length(); i++) {
            long[] at = Shape.ind2subC(x.shape(), i);
            int channel = (int) at[axis];
            int scale = p.size() == 1 ? 0 : channel;
            if (group > 0) {
                long within = seen.merge(channel, 1L, Long::sum) - 1;
                scale = (int) (channel * groups + within / group);
            }
            float v = in.getFloat(i);
            y.putScalar(i, p.dequantize(p.quantize(v, scale), scale));
        }
        return y;
    }

    @ParameterizedTest
    @EnumSource(
            value = DataType.class,
            names = {"FLOAT", "DOUBLE", "HALF", "BFLOAT16"})
    void values_do_not_depend_on_how_an_array_lies(DataType type, Random random) {
        long[] shape = {3, 5, 4, 7};
        List<QuantParams> kinds = new ArrayList<>();
        for (int axis = 0; axis < shape.length; axis++) {
            kinds.clear();
            kinds.add(QuantParams.of(Quantizers.uintPerTensor(4), 0.25f, 6));
            kinds.add(powersOfTwo(PER_CHANNEL, (int) shape[axis]));
            long perChannel = 420 / shape[axis];
            for (int group : new int[] {2, 9, 64, 1000}) {
                int groups = (int) ((perChannel + group - 1) / group);
                kinds.add(
                        powersOfTwo(
                                PER_CHANNEL.withGranularity(Granularity.perGroup(group)),
                                (int) shape[axis] * groups));
            }
            for (QuantParams p : kinds) {
                INDArray expected = null;
                for (Map.Entry<String, INDArray> e : placements(type, random, shape).entrySet()) {
                    INDArray x = e.getValue();
                    INDArray before = x.dup();
                    expected = expected(x, p, axis);
                    INDArray y = Nd4j.create(type, shape, 'c');

                    TensorKernels.fakeQuantize(x, y, p, axis);

                    String what = p + " axis " + axis + " " + e.getKey();
                    assertThat(y.castTo(DataType.DOUBLE)).as(what).isEqualTo(expected);
                    assertThat(x).as("source, " + what).isEqualTo(before);

                    TensorKernels.fakeQuantize(x, x, p, axis);
                    assertThat(x.castTo(DataType.DOUBLE).dup('c'))
                            .as("in place, " + what)
                            .isEqualTo(expected);
                }
            }
        }
    }

    @Test
    void a_view_with_gaps_leaves_its_neighbours_alone() {
        INDArray whole = Nd4j.valueArrayOf(new long[] {4, 6}, 0.3f, DataType.FLOAT);
        INDArray middle = whole.get(NDArrayIndex.all(), NDArrayIndex.interval(2, 4));

        TensorKernels.fakeQuantize(
                middle, middle, QuantParams.of(Quantizers.int8PerTensor(), 0.25f, 0), 0);

        assertThat(middle.sumNumber().floatValue()).isEqualTo(8 * 0.25f);
        assertThat(whole.getFloat(1, 1)).isEqualTo(0.3f);
        assertThat(whole.getFloat(1, 4)).isEqualTo(0.3f);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 4095, 4096, 4097, 8192, 131071, 131072, 300_001})
    void every_length_is_covered_to_the_last_element(int length) {
        float[] x = Floats.of(length, i -> (i % 977 - 488) * 0.013f);
        QuantParams p = QuantParams.of(Quantizers.intPerTensor(6), 0.1f, 0);
        INDArray array = Nd4j.createFromArray(x);
        INDArray grad = Nd4j.createFromArray(Floats.of(length, i -> i + 1));
        INDArray y = Nd4j.create(DataType.FLOAT, length);
        INDArray dx = Nd4j.create(DataType.FLOAT, length);

        TensorKernels.fakeQuantize(array, y, p, 0);
        TensorKernels.backward(array, grad, dx, p, 0, ClippedBackward.INSTANCE);

        float bound = p.highestStep() * p.scale();
        assertSame(y.toFloatVector(), Floats.of(length, i -> p.dequantize(p.quantize(x[i], 0), 0)));
        assertSame(dx.toFloatVector(), Floats.of(length, i -> Math.abs(x[i]) <= bound ? i + 1 : 0));
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 64, 5000})
    void channels_of_one_element_each_keep_their_scales(int channels) {
        int rows = 400_000 / channels + 1;
        float[] scales = Floats.of(channels, c -> 0.01f + 0.001f * (c % 37));
        QuantParams p = QuantParams.of(Quantizers.int8PerChannel(), scales, 0);
        float[] x = Floats.of(rows * channels, i -> (i % 977 - 488) * 0.013f);
        INDArray array = Nd4j.createFromArray(x).reshape(rows, channels);
        INDArray grad = Nd4j.createFromArray(Floats.of(x.length, i -> i)).reshape(rows, channels);
        INDArray y = array.ulike();
        INDArray k = array.ulike();
        INDArray dx = array.ulike();
        INDArray other = array.ulike();

        TensorKernels.fakeQuantize(array, y, p, 1);
        TensorKernels.steps(array, k, p, 1);
        TensorKernels.backward(array, grad, dx, p, 1, ClippedBackward.INSTANCE);
        TensorKernels.backward(array, grad, other, p, 1, notKnownToBeClipped());

        assertSame(
                y.reshape(x.length).toFloatVector(),
                Floats.of(
                        x.length, i -> p.dequantize(p.quantize(x[i], i % channels), i % channels)));
        assertSame(
                k.reshape(x.length).toFloatVector(),
                Floats.of(x.length, i -> p.quantize(x[i], i % channels)));
        assertSame(
                dx.reshape(x.length).toFloatVector(),
                Floats.of(x.length, i -> Math.abs(x[i]) <= 127 * scales[i % channels] ? i : 0));
        assertThat(other).isEqualTo(dx);
    }

    private static void assertSame(float[] actual, float[] expected) {
        int at = Arrays.mismatch(actual, expected);
        assertThat(at).as("first element that differs").isEqualTo(-1);
    }

    /** The clipped rule by way of the general loop. */
    private static BackwardKernel notKnownToBeClipped() {
        return new BackwardKernel() {
            @Override
            public void apply(
                    float[] x, float[] g, float[] dx, int a, int b, float s, float l, float h) {
                ClippedBackward.INSTANCE.apply(x, g, dx, a, b, s, l, h);
            }

            @Override
            public void apply(
                    double[] x,
                    double[] g,
                    double[] dx,
                    int a,
                    int b,
                    double s,
                    double l,
                    double h) {
                ClippedBackward.INSTANCE.apply(x, g, dx, a, b, s, l, h);
            }
        };
    }

    @ParameterizedTest
    @EnumSource(
            value = DataType.class,
            names = {"FLOAT", "DOUBLE"})
    void gradients_do_not_depend_on_how_arrays_lie(DataType type, Random random) {
        long[] shape = {3, 5, 40};
        QuantParams p = powersOfTwo(PER_CHANNEL, 5);
        for (INDArray x : placements(type, random, shape).values()) {
            for (INDArray grad : placements(type, random, shape).values()) {
                INDArray clipped = Nd4j.create(type, shape, 'c');
                INDArray identity = Nd4j.create(type, shape, 'f');
                INDArray general = Nd4j.create(type, shape, 'c');

                TensorKernels.backward(x, grad, clipped, p, 1, ClippedBackward.INSTANCE);
                TensorKernels.backward(x, grad, identity, p, 1, IdentityBackward.INSTANCE);
                TensorKernels.backward(x, grad, general, p, 1, notKnownToBeClipped());

                assertThat(identity).isEqualTo(grad);
                assertThat(general).isEqualTo(clipped);
                for (int c = 0; c < 5; c++) {
                    double bound = 7 * p.scale(c);
                    for (int k = 0; k < 40; k++) {
                        double v = x.getDouble(2, c, k);
                        double g = Math.abs(v) <= bound ? grad.getDouble(2, c, k) : 0;
                        assertThat(clipped.getDouble(2, c, k)).isEqualTo(g);
                    }
                }
            }
        }
    }

    @Test
    void gradients_may_replace_either_input() {
        QuantParams p = QuantParams.of(Quantizers.int8PerTensor(), 0.01f, 0);
        INDArray x = Nd4j.createFromArray(1f, 2f);
        INDArray grad = Nd4j.createFromArray(5f, 6f);

        INDArray first = grad.dup();
        TensorKernels.backward(x, first, first, p, 0, ClippedBackward.INSTANCE);
        assertThat(first.toFloatVector()).containsExactly(5, 0);

        INDArray second = x.dup();
        TensorKernels.backward(second, grad, second, p, 0, ClippedBackward.INSTANCE);
        assertThat(second.toFloatVector()).containsExactly(5, 0);
    }

    @Test
    void ranges_are_by_channel_and_pass_over_what_is_not_finite() {
        INDArray x =
                Nd4j.createFromArray(1f, Float.NaN, -3f, 4f, Float.POSITIVE_INFINITY, 6f)
                        .reshape(2, 3);

        assertThat(TensorKernels.ranges(x, Granularity.perTensor(), 0).min()).containsExactly(-3);
        assertThat(TensorKernels.ranges(x, Granularity.perTensor(), 0).max()).containsExactly(6);
        assertThat(TensorKernels.ranges(x, Granularity.perChannel(), 1).min())
                .containsExactly(1, Float.POSITIVE_INFINITY, -3);
        assertThat(TensorKernels.ranges(x, Granularity.perChannel(), 1).max())
                .containsExactly(4, Float.NEGATIVE_INFINITY, 6);
        assertThat(TensorKernels.ranges(x, Granularity.perGroup(2), 0).max())
                .containsExactly(1, -3, 4, 6);
        assertThat(
                        TensorKernels.ranges(
                                        x.castTo(DataType.DOUBLE).dup('f'),
                                        Granularity.perChannel(),
                                        0)
                                .max())
                .containsExactly(1, 6);
    }

    @Test
    void ranges_of_nothing_are_empty() {
        TensorKernels.Ranges ranges =
                TensorKernels.ranges(Nd4j.create(DataType.FLOAT, 0, 3), Granularity.perTensor(), 0);

        assertThat(ranges.min()[0]).isGreaterThan(ranges.max()[0]);
    }

    @ParameterizedTest
    @EnumSource(Requantization.class)
    void accumulators_become_the_requantizers_integers(Requantization mode, Random random) {
        QuantParams output = QuantParams.of(Quantizers.uint8PerTensor(), 0.05f, 10);
        for (long[] shape : new long[][] {{200, 7}, {3, 7, 5, 50}}) {
            int[] bias = {0, 5, -700, 1 << 20, -9, 33, 2};
            if (mode == Requantization.FLOAT && shape.length == 4) {
                bias[2] = (1 << 24) + 1;
            }
            float[] weightScales = Floats.of(7, c -> 0.01f * (c + 1));
            Requantizer r = Requantizer.of(mode, 0.02f, weightScales, output, 10, 255);
            INDArray acc = Nd4j.create(DataType.FLOAT, shape);
            for (long i = 0; i < acc.length(); i++) {
                acc.putScalar(i, random.nextInt(200_000) - 100_000);
            }
            INDArray y = acc.ulike();
            INDArray wide = Nd4j.create(DataType.DOUBLE, shape);

            TensorKernels.requantize(acc, y, bias, r, output, 1);
            TensorKernels.requantize(acc.castTo(DataType.DOUBLE), wide, bias, r, output, 1);

            for (long i = 0; i < acc.length(); i++) {
                int c = (int) Shape.ind2subC(shape, i)[1];
                int q = r.apply((int) acc.getFloat(i) + bias[c], c);
                assertThat(y.getFloat(i)).isEqualTo(output.dequantize(q, 0));
                assertThat(wide.getDouble(i)).isEqualTo((q - 10) * (double) output.scale());
            }
        }
    }

    @Test
    void tables_map_every_integer_of_the_grid() {
        QuantParams p = QuantParams.of(Quantizers.uint8PerTensor(), 0.1f, 128);
        float[] x = Floats.of(256, q -> p.dequantize(q, 0));
        double[] values = new double[256];
        for (int q = 0; q < 256; q++) {
            values[q] = Math.tanh(x[q]);
        }
        INDArray y = Nd4j.create(DataType.FLOAT, 256);
        INDArray wide = Nd4j.create(DataType.DOUBLE, 256);

        TensorKernels.lookup(Nd4j.createFromArray(x), y, p, values);
        TensorKernels.lookup(Nd4j.createFromArray(x).castTo(DataType.DOUBLE), wide, p, values);

        assertThat(y.toFloatVector()).containsExactly(Floats.of(256, q -> (float) values[q]));
        assertThat(wide.toDoubleVector()).containsExactly(values);
        assertThatThrownBy(() -> TensorKernels.lookup(y, y, p, new double[255]))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("255 values for the 256 integers");
    }

    @Test
    void elements_off_the_grid_are_counted() {
        QuantParams p = QuantParams.of(Quantizers.uint8PerTensor(), 0.1f, 128);
        INDArray x = Nd4j.createFromArray(0.1f, 0.2f, 0.25f, -0.1f, 99f);
        INDArray y = x.ulike();

        assertThat(TensorKernels.stepsOnGrid(x, y, p)).isEqualTo(2);
        assertThat(y.toFloatVector()).containsExactly(1, 2, 2, -1, 127);
    }

    @Test
    void shapes_scales_and_axes_that_do_not_fit_are_refused() {
        QuantParams three = powersOfTwo(PER_CHANNEL, 3);
        INDArray x = Nd4j.create(DataType.FLOAT, 2, 3);

        assertThatThrownBy(
                        () ->
                                TensorKernels.fakeQuantize(
                                        x, Nd4j.create(DataType.FLOAT, 3, 2), three, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("[2, 3] and [3, 2] differ");
        assertThatThrownBy(() -> TensorKernels.fakeQuantize(x, x, three, 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("3 scales for an array of shape [2, 3], which needs 2");
        assertThatThrownBy(() -> TensorKernels.fakeQuantize(x, x, three, 2))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("channel axis 2")
                .hasMessageContaining("expected 0..1");
    }

    @Test
    void empty_arrays_and_scalars_are_arrays() {
        QuantParams p = QuantParams.of(Quantizers.int8PerTensor(), 0.25f, 0);
        INDArray empty = Nd4j.create(DataType.FLOAT, 0, 3);
        INDArray scalar = Nd4j.scalar(0.3f);

        TensorKernels.fakeQuantize(empty, empty, p, 0);
        TensorKernels.fakeQuantize(scalar, scalar, p, 0);

        assertThat(scalar.getFloat(0)).isEqualTo(0.25f);
    }

    @Test
    @Tag("long")
    void arrays_beyond_2_to_the_31_bytes_are_reached_to_their_end() {
        long length = (1L << 29) + 12_345;
        INDArray x = Nd4j.createUninitialized(DataType.FLOAT, length);
        x.assign(0.3f);
        x.putScalar(length - 1, -0.6f);

        TensorKernels.fakeQuantize(x, x, QuantParams.of(Quantizers.int8PerTensor(), 0.25f, 0), 0);

        assertThat(x.getFloat(0)).isEqualTo(0.25f);
        assertThat(x.getFloat(length - 2)).isEqualTo(0.25f);
        assertThat(x.getFloat(length - 1)).isEqualTo(-0.5f);
        x.close();
    }
}
