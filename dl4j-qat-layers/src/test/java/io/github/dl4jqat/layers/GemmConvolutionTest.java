package io.github.dl4jqat.layers;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.dl4jqat.Seeds;
import java.util.Random;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** Both paths of a convolution give the same numbers. */
@ExtendWith(Seeds.class)
class GemmConvolutionTest {

    private static final LayerWorkspaceMgr MGR = LayerWorkspaceMgr.noWorkspaces();
    private static final double TOLERANCE = 1e-5;

    @ParameterizedTest(name = "batch {0}, {1} to {2}, {3}x{4}, kernel {5}x{6}, stride {7}x{8}")
    @CsvSource({
        "1, 1, 1, 5, 5, 1, 1, 1, 1, 0, 1, false",
        "3, 2, 4, 7, 6, 3, 3, 1, 1, 0, 1, false",
        "3, 2, 4, 7, 6, 3, 3, 1, 1, 2, 1, false",
        "2, 3, 5, 8, 9, 3, 2, 2, 3, 1, 1, false",
        "2, 3, 5, 8, 9, 3, 2, 2, 3, 0, 1, true",
        "4, 1, 16, 28, 28, 3, 3, 1, 1, 0, 1, true",
        "2, 2, 3, 9, 9, 2, 2, 1, 1, 0, 1, true",
        "2, 2, 3, 9, 9, 3, 3, 1, 1, 0, 2, true",
        "2, 2, 3, 9, 9, 3, 3, 2, 2, 3, 2, false",
        "2, 1, 2, 3, 3, 3, 3, 1, 1, 2, 1, false",
        "2, 2, 2, 4, 4, 1, 1, 3, 3, 0, 1, false",
        "70, 8, 8, 32, 32, 3, 3, 1, 1, 0, 1, true"
    })
    void paths_agree(
            int batch,
            int in,
            int out,
            int h,
            int w,
            int kH,
            int kW,
            int sH,
            int sW,
            int pad,
            int dilation,
            boolean same) {
        ConvolutionLayer conf =
                new ConvolutionLayer.Builder(kH, kW)
                        .stride(sH, sW)
                        .padding(pad, pad)
                        .dilation(dilation, dilation)
                        .convolutionMode(same ? ConvolutionMode.Same : ConvolutionMode.Truncate)
                        .nIn(in)
                        .nOut(out)
                        .build();
        INDArray x = randn(batch, in, h, w);
        INDArray weights = randn(out, in, kH, kW);
        for (INDArray bias : new INDArray[] {null, randn(1, out)}) {
            compare(conf, x, weights, bias);
        }
    }

    private static INDArray randn(long... shape) {
        Nd4j.getRandom().setSeed(Seeds.current());
        return Nd4j.randn(DataType.FLOAT, shape);
    }

    private static void compare(ConvolutionLayer conf, INDArray x, INDArray w, INDArray b) {
        ConvolutionOp expected = new ConvolutionOp(conf, ConvolutionPath.NATIVE);
        ConvolutionOp gemm = new ConvolutionOp(conf, ConvolutionPath.GEMM);
        INDArray z = expected.apply(x, w, b, ArrayType.ACTIVATIONS, MGR);
        requireClose(gemm.apply(x, w, b, ArrayType.ACTIVATIONS, MGR), z);
        INDArray epsilon = randn(z.shape());
        INDArray[] gradW = {w.ulike(), w.ulike()};
        INDArray[] gradB = {null, null};
        if (b != null) {
            gradB = new INDArray[] {b.ulike(), b.ulike()};
        }
        INDArray gradX = expected.backward(x, w, b, epsilon, gradW[0], gradB[0], MGR);
        requireClose(gemm.backward(x, w, b, epsilon, gradW[1], gradB[1], MGR), gradX);
        requireClose(gradW[1], gradW[0]);
        if (b != null) {
            requireClose(gradB[1], gradB[0]);
        }
    }

    private static void requireClose(INDArray got, INDArray expected) {
        assertThat(got.shape()).isEqualTo(expected.shape());
        double largest = Math.max(1, expected.amaxNumber().doubleValue());
        assertThat(got.sub(expected).amaxNumber().doubleValue())
                .isLessThanOrEqualTo(TOLERANCE * largest);
    }

    @Test
    void whole_numbers_are_summed_up_exactly() {
        Random random = new Random(Seeds.current());
        ConvolutionLayer conf =
                new ConvolutionLayer.Builder(3, 3)
                        .convolutionMode(ConvolutionMode.Same)
                        .nIn(40)
                        .nOut(6)
                        .build();
        INDArray x = integers(random, 256, 2, 40, 9, 11);
        INDArray w = integers(random, 255, 6, 40, 3, 3).subi(127);
        INDArray z =
                new ConvolutionOp(conf, ConvolutionPath.GEMM)
                        .apply(x, w, null, ArrayType.ACTIVATIONS, MGR);
        ConvolutionOp inDoubles = new ConvolutionOp(conf, ConvolutionPath.NATIVE);
        INDArray exact =
                inDoubles.apply(
                        x.castTo(DataType.DOUBLE),
                        w.castTo(DataType.DOUBLE),
                        null,
                        ArrayType.ACTIVATIONS,
                        MGR);
        assertThat(z.castTo(DataType.DOUBLE)).isEqualTo(exact);
    }

    private static INDArray integers(Random random, int bound, long... shape) {
        INDArray array = Nd4j.create(DataType.FLOAT, shape);
        for (long i = 0; i < array.length(); i++) {
            array.putScalar(i, random.nextInt(bound));
        }
        return array;
    }

    @Test
    void doubles_and_views_with_gaps_are_left_to_the_native_path() {
        INDArray x = Nd4j.rand(DataType.FLOAT, 2, 3, 4, 5);
        assertThat(GemmConvolution.serves(x, null, x.dup())).isTrue();
        assertThat(GemmConvolution.serves(x.castTo(DataType.DOUBLE))).isFalse();
        assertThat(GemmConvolution.serves(x.permute(0, 2, 3, 1))).isFalse();
    }

    @Test
    void images_whose_windows_would_fill_the_memory_are_too() {
        INDArray w = Nd4j.create(DataType.FLOAT, 8, 64, 3, 3);
        assertThat(GemmConvolution.fits(w, new long[] {16, 8, 224, 224})).isTrue();
        assertThat(GemmConvolution.fits(w, new long[] {16, 8, 1024, 1024})).isFalse();
    }

    @Test
    void by_shape_it_is_taken_where_weights_outnumber_the_rest() {
        assertThat(ConvolutionPath.BY_SHAPE.prefersGemm(3200, 100, false)).isTrue();
        assertThat(ConvolutionPath.BY_SHAPE.prefersGemm(3199, 100, false)).isFalse();
        assertThat(ConvolutionPath.BY_SHAPE.prefersGemm(400, 100, true)).isTrue();
        assertThat(ConvolutionPath.BY_SHAPE.prefersGemm(399, 100, true)).isFalse();
        for (boolean backward : new boolean[] {false, true}) {
            assertThat(ConvolutionPath.GEMM.prefersGemm(1, 100, backward)).isTrue();
            assertThat(ConvolutionPath.NATIVE.prefersGemm(100, 1, backward)).isFalse();
        }
        // 16 numbers in, 24 out; then a hundred times as many
        ConvolutionLayer conf =
                new ConvolutionLayer.Builder(3, 3)
                        .convolutionMode(ConvolutionMode.Same)
                        .nIn(16)
                        .nOut(24)
                        .build();
        INDArray w = randn(24, 16, 3, 3);
        INDArray few = randn(1, 16, 1, 1);
        INDArray many = randn(1, 16, 10, 10);
        for (INDArray x : new INDArray[] {few, many}) {
            ConvolutionPath same = x == few ? ConvolutionPath.GEMM : ConvolutionPath.NATIVE;
            ConvolutionOp expected = new ConvolutionOp(conf, same);
            ConvolutionOp actual = new ConvolutionOp(conf, ConvolutionPath.BY_SHAPE);
            INDArray z = expected.apply(x, w, null, ArrayType.ACTIVATIONS, MGR);
            requireSameBits(actual.apply(x, w, null, ArrayType.ACTIVATIONS, MGR), z);
            INDArray gradW = w.ulike();
            INDArray gradX = actual.backward(x, w, null, z, gradW, null, MGR);
            INDArray expectedW = w.ulike();
            requireSameBits(gradX, expected.backward(x, w, null, z, expectedW, null, MGR));
            requireSameBits(gradW, expectedW);
        }
    }

    /** Equality of arrays has a tolerance, within which all paths are. */
    private static void requireSameBits(INDArray got, INDArray expected) {
        assertThat(got.data().asFloat()).isEqualTo(expected.data().asFloat());
    }

    /** Where the gradients of a layer lie in a network: in the midst of one long array. */
    @Test
    void the_gradient_of_weights_goes_where_it_belongs_and_nowhere_else() {
        ConvolutionLayer conf = new ConvolutionLayer.Builder(2, 2).nIn(3).nOut(4).build();
        INDArray x = randn(5, 3, 4, 4);
        INDArray w = randn(4, 3, 2, 2);
        INDArray epsilon = randn(5, 4, 3, 3);
        INDArray all = Nd4j.valueArrayOf(new long[] {1, 100}, -7, DataType.FLOAT);
        INDArray view =
                all.get(NDArrayIndex.point(0), NDArrayIndex.interval(20, 68))
                        .reshape('c', 4, 3, 2, 2);
        INDArray expected = w.ulike();
        new ConvolutionOp(conf, ConvolutionPath.NATIVE)
                .backward(x, w, null, epsilon, expected, null, MGR);
        new ConvolutionOp(conf, ConvolutionPath.GEMM)
                .backward(x, w, null, epsilon, view, null, MGR);
        requireClose(view, expected);
        for (int i = 0; i < 100; i++) {
            if (i < 20 || i >= 68) {
                assertThat(all.getDouble(0, i)).as("element %s", i).isEqualTo(-7);
            }
        }
    }

    @Test
    void the_property_names_a_path() {
        assertThat(ConvolutionPath.choose("gemm")).isEqualTo(ConvolutionPath.GEMM);
        assertThat(ConvolutionPath.choose("Native")).isEqualTo(ConvolutionPath.NATIVE);
        assertThat(ConvolutionPath.choose("by_shape")).isEqualTo(ConvolutionPath.BY_SHAPE);
        assertThat(ConvolutionPath.choose(null)).isIn((Object[]) ConvolutionPath.values());
        assertThatThrownBy(() -> ConvolutionPath.choose("cudnn"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("expected native, gemm or by_shape, got 'cudnn'");
    }
}
