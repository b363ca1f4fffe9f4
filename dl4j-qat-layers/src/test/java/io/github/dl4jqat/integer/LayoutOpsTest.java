package io.github.dl4jqat.integer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.Quantizers;
import io.github.dl4jqat.quant.Requantization;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Operations that move integers: small examples by hand, on both engines and through a file. */
class LayoutOpsTest {

    private static final QuantParams SIGNED =
            QuantParams.of(Quantizers.int8AffinePerTensor(), 0.5f, -7);
    private static final String LAYER = "layer";
    private static final String OUT = "out";

    private static TensorType q(int... shape) {
        return TensorType.of("q", SIGNED, shape);
    }

    private static int[] counted(int n) {
        int[] q = new int[n];
        Arrays.setAll(q, i -> i);
        return q;
    }

    @Test
    void concatenatesAlongAnyAxisInTheOrderOfTheInputs() {
        TensorType a = q(1, 2);
        TensorType b = TensorType.of("q1", SIGNED, 2, 2);
        Concat channels = Concat.of(LAYER, List.of(a, b), OUT, 0);
        assertThat(channels.output().shape()).containsExactly(3, 2);
        assertThat(BothEngines.run(channels, 2, new int[] {1, 2, 3, 4}, counted(8)))
                .containsExactly(1, 2, 0, 1, 2, 3, 3, 4, 4, 5, 6, 7);
        TensorType c = TensorType.of("q1", SIGNED, 2, 1);
        Concat columns = Concat.of(LAYER, List.of(q(2, 2), c), OUT, 1);
        assertThat(BothEngines.run(columns, 1, new int[] {1, 2, 3, 4}, new int[] {-5, -6}))
                .containsExactly(1, 2, -5, 3, 4, -6);
    }

    @Test
    void takesABlock() {
        Slice crop = Slice.of(LAYER, q(2, 3, 3), OUT, List.of(1, 0, 1), List.of(1, 2, 2));
        assertThat(BothEngines.run(crop, 1, counted(18))).containsExactly(10, 11, 13, 14);
        Slice lastStep = Slice.of(LAYER, q(2, 3), OUT, List.of(0, 2), List.of(2, 1));
        assertThat(BothEngines.run(lastStep, 2, counted(12))).containsExactly(2, 5, 8, 11);
    }

    @Test
    void fillsWithTheZeroPoint() {
        Pad pad = Pad.of(LAYER, q(1, 2), OUT, List.of(0, 2), List.of(1, 0));
        assertThat(pad.output().shape()).containsExactly(2, 4);
        assertThat(BothEngines.run(pad, 1, new int[] {5, 6}))
                .containsExactly(-7, -7, 5, 6, -7, -7, -7, -7);
        Spread spread = Spread.of(LAYER, q(2, 2), OUT, List.of(2, 3));
        assertThat(spread.output().shape()).containsExactly(3, 4);
        assertThat(BothEngines.run(spread, 1, new int[] {1, 2, 3, 4}))
                .containsExactly(1, -7, -7, 2, -7, -7, -7, -7, 3, -7, -7, 4);
    }

    @Test
    void oneElementIsNotSpreadWhateverTheStep() {
        Spread spread = Spread.of(LAYER, q(1, 2), OUT, List.of(Integer.MAX_VALUE, 2));
        assertThat(BothEngines.run(spread, 1, new int[] {1, 2})).containsExactly(1, -7, 2);
    }

    @Test
    void repeatsTheNearest() {
        Upsample twice = Upsample.of(LAYER, q(1, 1, 2), OUT, List.of(1, 2, 2));
        assertThat(BothEngines.run(twice, 1, new int[] {1, 2}))
                .containsExactly(1, 1, 2, 2, 1, 1, 2, 2);
        Upsample channels = Upsample.of(LAYER, q(2, 1), OUT, List.of(3, 1));
        assertThat(BothEngines.run(channels, 1, new int[] {1, 2}))
                .containsExactly(1, 1, 1, 2, 2, 2);
    }

    /** A place in the large image is divided by the factor: in floats the quotient must hold. */
    @Test
    void everyFactorFindsTheRightNeighbor() {
        for (int repeats = 2; repeats < 60; repeats++) {
            for (int side : new int[] {1, 2, 49, 100}) {
                Upsample op = Upsample.of(LAYER, q(1, side, 1), OUT, List.of(1, repeats, 1));
                int[] out = BothEngines.run(op, 1, counted(side));
                for (int i = 0; i < out.length; i++) {
                    assertThat(out[i]).isEqualTo(i / repeats);
                }
            }
        }
    }

    @Test
    void turnsOneAxisAround() {
        Reverse time = new Reverse(LAYER, q(2, 3), TensorType.of(OUT, SIGNED, 2, 3), 1);
        assertThat(BothEngines.run(time, 1, counted(6))).containsExactly(2, 1, 0, 5, 4, 3);
        assertThat(BothEngines.run(Reverse.of(LAYER, q(2, 3), OUT, 0), 1, counted(6)))
                .containsExactly(3, 4, 5, 0, 1, 2);
    }

    /** {@code [C, H, W]} to {@code [C * b * b, H / b, W / b]}, for which tensors have six axes. */
    @Test
    void spaceGoesToDepthAndBack() {
        int channels = 2;
        int side = 4;
        TensorType x = TensorType.ofFloats("x", channels, side, side);
        TensorType q = q(channels, side, side);
        TensorType blocks = TensorType.of("blocks", SIGNED, channels, 2, 2, 2, 2);
        TensorType moved = TensorType.of("moved", SIGNED, 2, 2, channels, 2, 2);
        TensorType deep = TensorType.of("deep", SIGNED, 4 * channels, 2, 2);
        IntegerModel.Builder b =
                IntegerModel.builder()
                        .input(x)
                        .add(new Quantize("in", x, q))
                        .add(new Reshape("split", q, blocks))
                        .add(new Transpose("move", blocks, moved, List.of(2, 4, 0, 1, 3)))
                        .add(new Reshape("join", moved, deep));
        TensorType y = new TensorType("y", deep.shape(), null);
        IntegerModel there = b.add(Dequantize.linear("end", deep, y, false)).output("y").build();
        int[] in = counted(channels * side * side);
        int[] out = BothEngines.run(there, Map.of("q", TensorData.of(in)), 1);
        for (int dy = 0; dy < 2; dy++) {
            for (int dx = 0; dx < 2; dx++) {
                for (int c = 0; c < channels; c++) {
                    for (int row = 0; row < 2; row++) {
                        for (int column = 0; column < 2; column++) {
                            int to = (((dy * 2 + dx) * channels + c) * 2 + row) * 2 + column;
                            int from = (c * side + 2 * row + dy) * side + 2 * column + dx;
                            assertThat(out[to]).isEqualTo(in[from]);
                        }
                    }
                }
            }
        }
        TensorType one = TensorType.of("out", SIGNED, 2, 2, 1, channels, 2, 2);
        TensorType six = TensorType.of("q", SIGNED, channels, 2, 2, 2, 2, 1);
        Transpose sixAxes = new Transpose(LAYER, six, one, List.of(2, 4, 5, 0, 1, 3));
        assertThat(BothEngines.run(sixAxes, 1, in)).isEqualTo(out);
    }

    /** Each input element adds the whole kernel to the output, at stride 2 with padding 1. */
    @Test
    void spreadPaddedAndConvolvedIsATransposedConvolution() {
        int inputs = 3;
        int outputs = 2;
        int side = 5;
        int kernel = 4;
        int stride = 2;
        int cut = 1;
        int large = stride * (side - 1) + kernel - 2 * cut;
        TestModels random = new TestModels(21, Requantization.FLOAT, 8, 8);
        TensorType q = q(inputs, side, side);
        int[] kernels = new int[inputs * outputs * kernel * kernel];
        Arrays.setAll(kernels, i -> random.between(-127, 127));
        // Turned around, and with the output channel first.
        int[] turned = new int[kernels.length];
        for (int i = 0; i < inputs; i++) {
            for (int o = 0; o < outputs; o++) {
                for (int t = 0; t < kernel * kernel; t++) {
                    turned[(o * inputs + i + 1) * kernel * kernel - 1 - t] =
                            kernels[(i * outputs + o) * kernel * kernel + t];
                }
            }
        }
        Weights weights =
                Weights.of(
                        QuantParams.of(Quantizers.int8PerTensor(), 0.01f, 0),
                        List.of(outputs, inputs, kernel, kernel),
                        turned,
                        new int[] {100, -100});
        TensorType out =
                TensorType.of(
                        OUT,
                        QuantParams.of(Quantizers.int8AffinePerTensor(), 8f, 3),
                        outputs,
                        large,
                        large);
        int margin = kernel - 1 - cut;
        Spread spread = Spread.of("spread", q, "spread", List.of(1, stride, stride));
        List<Integer> margins = List.of(0, margin, margin);
        Pad pad = Pad.of("pad", spread.output(), "pad", margins, margins);
        TensorType x = new TensorType("x", q.shape(), null);
        TensorType y = new TensorType("y", out.shape(), null);
        IntegerModel model =
                IntegerModel.builder()
                        .input(x)
                        .add(new Quantize("in", x, q))
                        .add(spread)
                        .add(pad)
                        .add(
                                Conv2d.of(
                                        "conv",
                                        pad.output(),
                                        out,
                                        weights,
                                        Window2d.of(kernel, kernel),
                                        Requantization.FLOAT))
                        .add(Dequantize.linear("end", out, y, false))
                        .output("y")
                        .build();
        int[] in = random.integers(q, 1);
        long[] acc = new long[outputs * large * large];
        Arrays.fill(acc, 0, large * large, 100);
        Arrays.fill(acc, large * large, acc.length, -100);
        for (int i = 0; i < in.length; i++) {
            int channel = i / (side * side);
            for (int o = 0; o < outputs; o++) {
                for (int t = 0; t < kernel * kernel; t++) {
                    int row = i / side % side * stride + t / kernel - cut;
                    int column = i % side * stride + t % kernel - cut;
                    if (row >= 0 && row < large && column >= 0 && column < large) {
                        acc[(o * large + row) * large + column] +=
                                (long) (in[i] + 7)
                                        * kernels[(channel * outputs + o) * kernel * kernel + t];
                    }
                }
            }
        }
        int[] expected = new int[acc.length];
        for (int i = 0; i < acc.length; i++) {
            expected[i] =
                    NaiveReference.requantize(
                            Requantization.FLOAT, acc[i], q, 0.01f, out, -128, 127);
        }
        assertThat(BothEngines.run(model, Map.of("q", TensorData.of(in)), 1)).isEqualTo(expected);
        assertThat(Arrays.stream(expected).distinct().count()).isGreaterThan(20);
    }

    /** ONNX Runtime computes one output for each channel with another kernel than several. */
    @Test
    void depthwiseConvolutionsAgreeAtEveryMultiplier() {
        for (int multiplier = 1; multiplier <= 4; multiplier++) {
            for (int channels : new int[] {1, 3, 16, 33}) {
                for (int seed = 0; seed < 3; seed++) {
                    TestModels random = new TestModels(seed, Requantization.FLOAT, 8, 8);
                    Conv2d op = random.depthwise(channels, multiplier);
                    TensorType in = op.input();
                    int[] q = random.integers(in, 2);
                    int[] both = BothEngines.run(op, 2, q);
                    int[] first = Arrays.copyOf(q, in.elements());
                    assertThat(Arrays.copyOf(both, both.length / 2))
                            .as("%s", op)
                            .isEqualTo(NaiveReference.run(op, first));
                }
            }
        }
    }

    @Test
    void nothingIsMovedOntoAnotherGrid() {
        QuantParams other = QuantParams.of(Quantizers.int8AffinePerTensor(), 0.5f, -6);
        TensorType out = TensorType.of(OUT, other, 2, 2);
        TensorType q = q(2, 2);
        List<Integer> zeros = List.of(0, 0);
        List<Integer> ones = List.of(1, 1);
        String message = "input and output must mean the same";
        assertThatThrownBy(() -> new Slice(LAYER, q, out, zeros)).hasMessageContaining(message);
        assertThatThrownBy(() -> new Pad(LAYER, q, out, zeros, zeros))
                .hasMessageContaining(message);
        assertThatThrownBy(() -> new Upsample(LAYER, q, out, ones)).hasMessageContaining(message);
        assertThatThrownBy(() -> new Spread(LAYER, q, out, ones)).hasMessageContaining(message);
        assertThatThrownBy(() -> new Reverse(LAYER, q, out, 0)).hasMessageContaining(message);
        assertThatThrownBy(() -> Concat.of(LAYER, List.of(q, out), "cat", 0))
                .hasMessageContaining("Concat 'layer'")
                .hasMessageContaining(message);
    }

    @Test
    void saysWhatIsWrongWithAShape() {
        TensorType q = q(2, 3);
        assertThatThrownBy(() -> Slice.of(LAYER, q, OUT, List.of(0, 2), List.of(2, 2)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(
                        "Slice 'layer': a block of [2, 2] from [0, 2] on is not within the input"
                                + " [2, 3]");
        assertThatThrownBy(
                        () -> Slice.of(LAYER, q, OUT, List.of(0, Integer.MAX_VALUE), List.of(1, 1)))
                .hasMessageContaining("is not within");
        assertThatThrownBy(() -> Slice.of(LAYER, q, OUT, List.of(0), List.of(2, 2)))
                .hasMessageContaining("begin is [0], expected a number not below 0 for each axis");
        assertThatThrownBy(() -> Slice.of(LAYER, q, OUT, List.of(0, 0), List.of(2)))
                .hasMessageContaining("is not within");
        assertThatThrownBy(() -> Pad.of(LAYER, q, OUT, List.of(0, -1), List.of(0, 0)))
                .hasMessageContaining("before is [0, -1]");
        assertThatThrownBy(
                        () -> Pad.of(LAYER, q, OUT, List.of(0, 0), List.of(0, Integer.MAX_VALUE)))
                .hasMessageContaining("an axis of the output would have 2147483650 elements");
        assertThatThrownBy(() -> Upsample.of(LAYER, q, OUT, List.of(1, 0)))
                .hasMessageContaining("repeats is [1, 0], expected a number not below 1");
        assertThatThrownBy(() -> Upsample.of(LAYER, q, OUT, List.of(1, Integer.MAX_VALUE)))
                .hasMessageContaining("elements, more than");
        assertThatThrownBy(() -> Spread.of(LAYER, q, OUT, List.of(1, Integer.MAX_VALUE)))
                .hasMessageContaining("elements, more than");
        assertThatThrownBy(() -> Spread.of(LAYER, q, OUT, List.of()))
                .hasMessageContaining("steps is []");
        assertThatThrownBy(() -> Reverse.of(LAYER, q, OUT, 2))
                .hasMessageContaining("axis 2 is none of 'q' [2, 3]");
        assertThatThrownBy(() -> Reverse.of(LAYER, q, OUT, -1)).hasMessageContaining("axis -1");
        assertThatThrownBy(() -> Concat.of(LAYER, List.of(q), OUT, 0))
                .hasMessageContaining("1 inputs, expected 2");
        assertThatThrownBy(() -> Concat.of(LAYER, List.of(q, q(2, 4)), OUT, 0))
                .hasMessageContaining("shapes may differ on axis 0 only");
        assertThatThrownBy(() -> Concat.of(LAYER, List.of(q, q(2)), OUT, 0))
                .hasMessageContaining("shapes may differ on axis 0 only");
        assertThatThrownBy(() -> new Concat(LAYER, List.of(q, q), q(2, 5), 1))
                .hasMessageContaining("output is [2, 5], but should be [2, 6]");
    }

    @Test
    void oddIntegersHaveNoZeroToFillWith() {
        QuantParams signs = QuantParams.of(Quantizers.binaryPerTensor(), 0.5f, 0);
        TensorType q = TensorType.of("q", signs, 2);
        assertThatThrownBy(() -> Pad.of(LAYER, q, OUT, List.of(1), List.of(0)))
                .hasMessageContaining("Pad 'layer': fills with zeros, but")
                .hasMessageContaining("is mid-rise and has none");
        assertThatThrownBy(() -> Spread.of(LAYER, q, OUT, List.of(2)))
                .hasMessageContaining("is mid-rise");
    }

    @Test
    void summaryShowsWhatIsRead() {
        List<TensorType> inputs = new ArrayList<>(List.of(q(2, 3)));
        inputs.add(TensorType.of("q1", SIGNED, 4, 3));
        IntegerModel model = TestModels.around(Concat.of("join", inputs, OUT, 0));
        assertThat(NetworkSummary.of(model, "Java")).contains("[2, 3] [4, 3]");
        inputs.set(1, TensorType.of("q1", SIGNED, 2, 3));
        IntegerModel equal = TestModels.around(Concat.of("join", inputs, OUT, 0));
        assertThat(NetworkSummary.of(equal, "Java")).contains("2 x [2, 3]");
    }
}
