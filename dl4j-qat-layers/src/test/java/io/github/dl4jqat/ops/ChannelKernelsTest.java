package io.github.dl4jqat.ops;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.github.dl4jqat.Seeds;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

@ExtendWith(Seeds.class)
class ChannelKernelsTest {

    private static final long[][] SHAPES = {
        {7, 5}, {1, 1}, {4, 1, 3}, {3, 4, 5}, {2, 3, 4, 5}, {300, 700}, {9, 3, 130, 140}
    };

    private static INDArray random(Random random, DataType type, char order, long... shape) {
        double[] values = new double[(int) Arrays.stream(shape).reduce(1, (a, b) -> a * b)];
        for (int i = 0; i < values.length; i++) {
            values[i] = random.nextGaussian() + 3;
        }
        return Nd4j.createFromArray(values).reshape('c', shape).castTo(type).dup(order);
    }

    /** The channel of each element in row-major order. */
    private static int[] channels(long[] shape, int axis) {
        int n = (int) Arrays.stream(shape).reduce(1, (a, b) -> a * b);
        int inner = (int) Arrays.stream(shape, axis + 1, shape.length).reduce(1, (a, b) -> a * b);
        int[] channels = new int[n];
        for (int i = 0; i < n; i++) {
            channels[i] = (int) (i / inner % shape[axis]);
        }
        return channels;
    }

    private static double[] rows(INDArray array) {
        return array.dup('c').data().asDouble();
    }

    @Test
    void sumsAndMoments_areThoseOfAPlainLoop(Random random) {
        for (DataType type : new DataType[] {DataType.FLOAT, DataType.DOUBLE}) {
            for (char order : new char[] {'c', 'f'}) {
                for (long[] shape : SHAPES) {
                    for (int axis = 0; axis < shape.length; axis++) {
                        assertSums(random(random, type, order, shape), axis, random);
                    }
                }
            }
        }
    }

    private static void assertSums(INDArray x, int axis, Random random) {
        INDArray y = random(random, x.dataType(), 'c', x.shape());
        int[] channel = channels(x.shape(), axis);
        double[] a = rows(x);
        double[] b = rows(y);
        double[] sum = new double[(int) x.size(axis)];
        double[] dot = new double[sum.length];
        for (int i = 0; i < a.length; i++) {
            sum[channel[i]] += a[i];
            dot[channel[i]] += a[i] * b[i];
        }
        double n = (double) a.length / sum.length;
        double[] variance = new double[sum.length];
        for (int i = 0; i < a.length; i++) {
            variance[channel[i]] += Math.pow(a[i] - sum[channel[i]] / n, 2) / n;
        }
        double tolerance = 1e-12 * a.length;
        assertThat(ChannelKernels.sums(x, axis)).containsExactly(sum, within(tolerance));
        assertThat(ChannelKernels.dots(x, y, axis)).containsExactly(dot, within(10 * tolerance));
        ChannelKernels.Moments moments = ChannelKernels.moments(x, axis);
        for (int c = 0; c < sum.length; c++) {
            assertThat(moments.mean()[c]).isCloseTo(sum[c] / n, within(1e-12));
            assertThat(moments.variance()[c]).isCloseTo(variance[c], within(1e-11));
        }
    }

    @Test
    void mapsElementsByChannel_inPlaceOrNot(Random random) {
        for (DataType type : new DataType[] {DataType.FLOAT, DataType.DOUBLE}) {
            for (char order : new char[] {'c', 'f'}) {
                for (long[] shape : SHAPES) {
                    for (int axis = 0; axis < shape.length; axis++) {
                        assertMaps(random(random, type, order, shape), axis, random);
                    }
                }
            }
        }
    }

    private static void assertMaps(INDArray x, int axis, Random random) {
        int n = (int) x.size(axis);
        double[] a = random.doubles(n, -2, 2).toArray();
        double[] b = random.doubles(n, -2, 2).toArray();
        int[] channel = channels(x.shape(), axis);
        double[] before = rows(x);
        double[] affine = new double[before.length];
        double[] clamped = new double[before.length];
        for (int i = 0; i < affine.length; i++) {
            int c = channel[i];
            affine[i] = a[c] * before[i] + b[c];
            clamped[i] = Math.max(-Math.abs(b[c]), Math.min(Math.abs(b[c]), before[i]));
            if (x.dataType() == DataType.FLOAT) {
                affine[i] = (float) affine[i];
                clamped[i] = (float) clamped[i];
            }
        }
        INDArray other = Nd4j.create(x.dataType(), x.shape(), 'f');
        ChannelKernels.affine(x, a, b, other, axis);
        assertThat(rows(other)).isEqualTo(affine);
        assertThat(rows(x)).isEqualTo(before);
        INDArray inPlace = x.dup(x.ordering());
        ChannelKernels.affine(inPlace, a, b, inPlace, axis);
        assertThat(rows(inPlace)).isEqualTo(affine);
        INDArray held = x.dup(x.ordering());
        ChannelKernels.clamp(held, Arrays.stream(b).map(Math::abs).toArray(), axis);
        assertThat(rows(held)).isEqualTo(clamped);
    }

    @Test
    void worksOnViewsWithGaps(Random random) {
        INDArray whole = random(random, DataType.FLOAT, 'c', 6, 9);
        INDArray view = whole.get(NDArrayIndex.all(), NDArrayIndex.interval(2, 5));
        double[] before = rows(view);
        assertThat(ChannelKernels.sums(view, 0))
                .containsExactly(ChannelKernels.sums(view.dup(), 0));
        ChannelKernels.scale(view, new double[] {2, 0, -1}, view, 1);
        double[] after = rows(view);
        for (int i = 0; i < after.length; i++) {
            assertThat(after[i]).isEqualTo(before[i] * new double[] {2, 0, -1}[i % 3]);
        }
    }

    /** The shift of all values must not drown their variance. */
    @Test
    void varianceSurvivesALargeMean() {
        INDArray x = Nd4j.createFromArray(1e8 + 1, 1e8 + 3, 1e8 + 5, 1e8 + 7).reshape(4, 1);
        ChannelKernels.Moments moments = ChannelKernels.moments(x, 1);
        assertThat(moments.mean()[0]).isEqualTo(1e8 + 4);
        assertThat(moments.variance()[0]).isEqualTo(5);
    }

    @Test
    void aClampOfInfinity_changesNothing() {
        INDArray x = Nd4j.createFromArray(-3f, 1e30f).reshape(2, 1);
        ChannelKernels.clamp(x, new double[] {Double.POSITIVE_INFINITY}, 1);
        assertThat(x.toFloatVector()).containsExactly(-3f, 1e30f);
    }

    @Test
    void refusesShapesThatDoNotFit() {
        INDArray x = Nd4j.ones(2, 3);
        assertThatThrownBy(() -> ChannelKernels.dots(x, Nd4j.ones(3, 2), 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("[2, 3] and [3, 2] differ");
        assertThatThrownBy(() -> ChannelKernels.scale(x, new double[2], x, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("2 scales for an array of shape [2, 3]");
    }
}
