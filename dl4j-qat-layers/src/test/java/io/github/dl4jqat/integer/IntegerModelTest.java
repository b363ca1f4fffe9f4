package io.github.dl4jqat.integer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.Quantizers;
import io.github.dl4jqat.quant.Requantization;
import java.util.List;
import org.junit.jupiter.api.Test;

class IntegerModelTest {

    private static final QuantParams ACTIVATION =
            QuantParams.of(Quantizers.uint8PerTensor(), 0.1f, 3);
    private static final QuantParams WEIGHT = QuantParams.of(Quantizers.int8PerTensor(), 0.01f, 0);
    private static final TensorType X = TensorType.ofFloats("x", 4);
    private static final TensorType Q = TensorType.of("q", ACTIVATION, 4);
    private static final TensorType OUT = TensorType.of("out", ACTIVATION, 2);
    private static final TensorType Y = TensorType.ofFloats("y", 2);
    private static final Quantize BEGIN = new Quantize("begin", X, Q);
    private static final Dequantize END = Dequantize.linear("end", OUT, Y, false);

    private static Dense dense(int... bias) {
        Weights w = Weights.of(WEIGHT, List.of(2, 4), new int[8], bias);
        return Dense.of("fc", Q, OUT, w, Requantization.FLOAT);
    }

    private static IntegerModel.Builder sound() {
        return IntegerModel.builder().input(X).add(BEGIN).add(dense(1, 2)).add(END).output("y");
    }

    @Test
    void equalPartsMakeEqualModels() {
        IntegerModel model = sound().metadata("name", "a").build();
        assertThat(model).isEqualTo(sound().metadata("name", "a").build());
        assertThat(model).hasSameHashCodeAs(sound().metadata("name", "a").build());
        assertThat(model).isNotEqualTo(sound().metadata("name", "b").build());
        assertThat(model.tensors()).containsOnlyKeys("x", "q", "out", "y");
        assertThat(model.producer("out")).contains(dense(1, 2));
        assertThat(model.producer("x")).isEmpty();
        assertThat(model.weightBytes()).isEqualTo(8 + 2 * 4 + 4);
    }

    @Test
    void tellsEveryProblemAtOnce() {
        assertThatThrownBy(
                        () ->
                                IntegerModel.builder()
                                        .requantization(Requantization.FIXED_POINT)
                                        .input(X)
                                        .input("unused", 3)
                                        .add(dense(0, 0))
                                        .add(BEGIN)
                                        .add(BEGIN)
                                        .output("out")
                                        .build())
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("5 problems")
                .hasMessageContaining("Dense 'fc' reads tensor 'q' before it is written")
                .hasMessageContaining("requantizes in mode FLOAT, but the model's mode is FIXED")
                .hasMessageContaining("tensor 'q' is written again by Quantize 'begin'")
                .hasMessageContaining("output 'out' is not written by a Dequantize")
                .hasMessageContaining("input 'unused' [3] float is read by no Quantize");
    }

    @Test
    void readerAndWriterMustAgree() {
        TensorType other =
                TensorType.of("q", QuantParams.of(Quantizers.uint8PerTensor(), 0.2f, 3), 4);
        assertThatThrownBy(
                        () ->
                                IntegerModel.builder()
                                        .input(X)
                                        .add(new Quantize("begin", X, other))
                                        .add(dense(0, 0))
                                        .add(END)
                                        .output("y")
                                        .build())
                .hasMessageContaining("Dense 'fc' reads 'q' [4] uint8(scale=0.1")
                .hasMessageContaining("was written as 'q' [4] uint8(scale=0.2");
    }

    @Test
    void accumulatorThatCouldOverflowNamesLayerAndChannel() {
        assertThatThrownBy(
                        () ->
                                IntegerModel.builder()
                                        .input(X)
                                        .add(BEGIN)
                                        .add(overflowing(Integer.MAX_VALUE))
                                        .add(END)
                                        .output("y")
                                        .build())
                .hasMessageContaining(
                        "Dense 'fc', channel 1: its accumulator can reach 2147483648");
        IntegerModel.builder()
                .input(X)
                .add(BEGIN)
                .add(overflowing(Integer.MAX_VALUE - 1))
                .add(END)
                .output("y")
                .build();
    }

    /** The largest step of the input is 252: the one weight below adds it once. */
    private static Dense overflowing(int reach) {
        int[] values = new int[8];
        values[5] = 1;
        Weights w = Weights.of(WEIGHT, List.of(2, 4), values, new int[] {0, 1 - 252 + reach});
        return Dense.of("fc", Q, OUT, w, Requantization.FLOAT);
    }

    @Test
    void emptyModelIsNone() {
        assertThatThrownBy(() -> IntegerModel.builder().build())
                .hasMessageContaining("no input")
                .hasMessageContaining("no output");
    }

    @Test
    void operationsNameTheLayerAndWhatWasExpected() {
        Weights w = Weights.of(WEIGHT, List.of(2, 3), new int[6], new int[2]);
        assertThatThrownBy(() -> Dense.of("fc", Q, OUT, w, Requantization.FLOAT))
                .hasMessage("Dense 'fc': weights are [2, 3], but should be [2, 4]");
        TensorType image = TensorType.of("i", ACTIVATION, 1, 3, 3);
        assertThatThrownBy(() -> new MaxPool2d("pool", image, image, Window2d.of(4, 4)))
                .hasMessageContaining("MaxPool2d 'pool': window 4x4")
                .hasMessageContaining("does not fit on input [1, 3, 3]");
        assertThatThrownBy(
                        () ->
                                new MaxPool2d(
                                        "pool",
                                        image,
                                        TensorType.of("o", ACTIVATION, 1, 5, 5),
                                        Window2d.of(1, 1).withPads(1, 1, 1, 1)))
                .hasMessageContaining("covers only padding");
        assertThatThrownBy(() -> new Lookup("f", OUT, OUT, new int[3]))
                .hasMessageContaining("3 entries for 256 integers")
                .hasMessageContaining("one for each of the 2 channels");
        int[][] tables = {new int[256], new int[255]};
        assertThatThrownBy(() -> Lookup.perChannel("f", OUT, OUT, tables))
                .hasMessageContaining("2 tables, one of them with 255 entries, for 256 integers");
        assertThatThrownBy(() -> Lookup.perChannel("f", OUT, OUT, new int[0][]))
                .hasMessageContaining("0 entries");
        assertThatThrownBy(() -> new Transpose("t", image, image, List.of(0, 0, 1)))
                .hasMessageContaining("[0, 0, 1] is no permutation");
        assertThatThrownBy(() -> new Reshape("r", image, OUT))
                .hasMessageContaining("has not as many elements");
        assertThatThrownBy(() -> new Quantize("begin", X, OUT))
                .hasMessageContaining("output is [2], but should be [4]");
        assertThatThrownBy(
                        () ->
                                new Dense(
                                        "fc",
                                        Q,
                                        OUT,
                                        dense(0, 0).weights(),
                                        Requantization.FLOAT,
                                        -1,
                                        255))
                .hasMessageContaining("clamp -1..255 is not within the output's range 0..255");
    }

    @Test
    void volumesNameTheLayerAndWhatWasExpected() {
        TensorType volume = TensorType.of("v", ACTIVATION, 2, 3, 3, 3);
        TensorType out = TensorType.of("o", ACTIVATION, 1, 2, 3, 3);
        Weights w = Weights.of(WEIGHT, List.of(1, 2, 2, 1, 1), new int[4], new int[1]);
        Window3d window = Window3d.of(2, 1, 1);
        assertThat(Conv3d.of("c", volume, out, w, window, Requantization.FLOAT).output())
                .isEqualTo(out);
        assertThatThrownBy(() -> Conv3d.of("c", Q, out, w, window, Requantization.FLOAT))
                .hasMessageContaining("Conv3d 'c': input 'q' [4]")
                .hasMessageContaining("is not a volume");
        Window3d deep = Window3d.of(4, 1, 1);
        assertThatThrownBy(() -> Conv3d.of("c", volume, out, w, deep, Requantization.FLOAT))
                .hasMessageContaining("window [4, 1, 1]")
                .hasMessageContaining("does not fit on input [2, 3, 3, 3]");
        Window3d wide = Window3d.of(2, 1, 2);
        TensorType narrow = TensorType.of("o", ACTIVATION, 1, 2, 3, 2);
        assertThatThrownBy(() -> Conv3d.of("c", volume, narrow, w, wide, Requantization.FLOAT))
                .hasMessageContaining("weights are [1, 2, 2, 1, 1], but should be [1, 2, 2, 1, 2]");
        assertThatThrownBy(
                        () ->
                                new Conv3d(
                                        "c",
                                        volume,
                                        out,
                                        w,
                                        window,
                                        2,
                                        Requantization.FLOAT,
                                        0,
                                        255))
                .hasMessageContaining("groups=2 does not divide 2 input and 1 output channels");
        assertThatThrownBy(() -> Window3d.of(2, 1, 0))
                .hasMessageContaining("kernel=[2, 1, 0], expected a number in 1..65536");
        assertThatThrownBy(() -> window.withPads(List.of(0, 0), List.of(0, 0, 0)))
                .hasMessageContaining("padding before=[0, 0]");
    }

    @Test
    void weightsAreCheckedAndCopied() {
        int[] values = {1, 2};
        Weights w = Weights.of(WEIGHT, List.of(1, 2), values, new int[1]);
        values[0] = 99;
        assertThat(w.get(0)).isEqualTo(1);
        w.values()[0] = 99;
        assertThat(w.get(0)).isEqualTo(1);
        assertThatThrownBy(() -> Weights.of(WEIGHT, List.of(1, 2), new int[] {0, -128}, new int[1]))
                .hasMessageContaining("value[1]=-128 is outside -127..127");
        assertThatThrownBy(() -> Weights.of(WEIGHT, List.of(2, 1), new int[2], new int[1]))
                .hasMessageContaining("1 biases for 2 output channels");
        QuantParams three = QuantParams.of(Quantizers.int8PerChannel(), new float[] {1, 1, 1}, 0);
        assertThatThrownBy(() -> Weights.of(three, List.of(2, 1), new int[2], new int[2]))
                .hasMessageContaining("3 scales for 2 output channels");
        assertThatThrownBy(() -> Weights.of(ACTIVATION, List.of(1, 1), new int[1], new int[1]))
                .hasMessageContaining("signed with zero point 0");
    }

    @Test
    void tensorShapesAreBounded() {
        assertThatThrownBy(() -> TensorType.ofFloats("x", 1 << 20, 1 << 20))
                .hasMessageContaining("more than");
        assertThatThrownBy(() -> TensorType.ofFloats("x", 2, 0)).hasMessageContaining("below 1");
        assertThatThrownBy(() -> TensorType.ofFloats("x")).hasMessageContaining("rank");
        assertThat(TensorType.ofFloats("x", 1, 2, 1, 2, 1, 2).elements()).isEqualTo(8);
        assertThatThrownBy(() -> new TensorType("x", List.of(1, 1, 1, 1, 1, 1, 1), null))
                .hasMessageContaining("no rank of 1 to 6");
    }

    @Test
    void quantizeBeginsInFloatOrDouble() {
        Quantize op = new Quantize("begin", X, Q);
        int[] q = new int[4];
        op.apply(new float[] {Float.NaN, Float.NEGATIVE_INFINITY, 0.25f, 1e30f}, 0, q, 0, 4);
        // 0.25f / 0.1f is 2.5 in float, a tie that goes to the even 2.
        assertThat(q).containsExactly(3, 0, 5, 255);
        op.apply(new double[] {Double.NaN, -1e300, 0.25, Double.POSITIVE_INFINITY}, 0, q, 0, 4);
        assertThat(q).containsExactly(3, 0, 5, 255);
        op.apply(new double[] {0.25000001, 0, 0, 0}, 0, q, 0, 4);
        assertThat(q[0]).isEqualTo(6);
    }
}
