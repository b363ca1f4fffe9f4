package io.github.dl4jqat.integer;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.QuantSpec;
import io.github.dl4jqat.quant.Quantizers;
import io.github.dl4jqat.quant.Requantization;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class InputPatchesTest {

    private static final int CONFIGURATIONS = 60;

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4})
    void gatheredWindowsGiveTheIntegersOfTheJavaEngine(int channels) {
        Random random = new Random(channels);
        int gathered = 0;
        for (int i = 0; i < CONFIGURATIONS; i++) {
            Window2d window =
                    Window2d.of(1 + random.nextInt(5), 1 + random.nextInt(6))
                            .withStride(1 + random.nextInt(3), 1 + random.nextInt(3))
                            .withDilation(1 + random.nextInt(2), 1 + random.nextInt(3))
                            .withPads(
                                    random.nextInt(3),
                                    random.nextInt(4),
                                    random.nextInt(3),
                                    random.nextInt(4));
            int[] image = {channels, 12 + random.nextInt(4), 17 + random.nextInt(3)};
            IntegerModel model = model(random, image, window, random.nextBoolean());
            gathered += patches(model).size();
            requireSame(model, random, 1 + random.nextInt(4));
        }
        assertThat(gathered).isGreaterThan(CONFIGURATIONS / 3);
    }

    @Test
    void aFlatInputIsGatheredThroughItsReshape() {
        Random random = new Random(5);
        TensorType flat = TensorType.of("q", input(false), 64);
        TensorType image = TensorType.of("image", input(false), 1, 8, 8);
        Conv2d conv = conv(random, image, Window2d.of(3, 3).withPads(1, 1, 1, 1), 3);
        IntegerModel model = begun(flat).add(new Reshape("r", flat, image)).add(conv).build();
        assertThat(patches(model)).hasSize(1);
        assertThat(patches(model).get(0).shape()).containsExactly(8, 8, 12);
        requireSame(model, random, 3);
    }

    @Test
    void thePatchesOfOneChannelAndOfThree() {
        QuantParams params = QuantParams.of(Quantizers.uint8PerTensor(), 0.1f, 7);
        TensorType image = TensorType.of("q", params, 1, 2, 2);
        Conv2d conv = conv(new Random(1), image, Window2d.of(2, 2).withPads(0, 1, 0, 0), 1);
        assertThat(gather(conv, 1, 2, 3, 4))
                .containsExactly(7, 1, 2, 7, 7, 3, 4, 7, 1, 2, 7, 7, 3, 4, 7, 7);
        TensorType colors = TensorType.of("q", params, 3, 1, 2);
        assertThat(gather(conv(new Random(1), colors, Window2d.of(1, 2), 1), 1, 2, 3, 4, 5, 6))
                .containsExactly(1, 3, 5, 7, 2, 4, 6, 7);
    }

    @Test
    void whatElseReadsTheInputOrDoesNotFitIsLeftAlone() {
        Random random = new Random(6);
        TensorType image = TensorType.of("q", input(false), 1, 9, 9);
        Window2d window = Window2d.of(3, 3);
        Conv2d conv = conv(random, image, window, 2);
        IntegerModel alsoRead =
                begun(image)
                        .add(conv)
                        .add(Dequantize.linear("too", image, real("also", image), false))
                        .output("also")
                        .build();
        assertThat(patches(alsoRead)).isEmpty();
        requireSame(alsoRead, random, 2);
        int[] colors = {3, 9, 9};
        assertThat(patches(model(random, colors, Window2d.of(5, 5), false))).isEmpty();
        assertThat(patches(model(random, colors, Window2d.of(1, 1), false))).isEmpty();
        assertThat(patches(model(random, new int[] {5, 9, 9}, window, false))).isEmpty();
        assertThat(patches(model(random, colors, window, false))).hasSize(1);
    }

    @Test
    void weightsWithoutAZeroAreLeftAlone() {
        QuantSpec odd = Quantizers.midRisePerTensor(4);
        TensorType image = TensorType.of("q", input(false), 1, 5, 5);
        int[] ones = new int[18];
        Arrays.fill(ones, 1);
        Weights weights =
                Weights.of(QuantParams.of(odd, 0.1f, 0), List.of(2, 1, 3, 3), ones, new int[2]);
        TensorType out = TensorType.of("out", input(true), 2, 3, 3);
        Conv2d conv = Conv2d.of("c", image, out, weights, Window2d.of(3, 3), Requantization.FLOAT);
        IntegerModel model = begun(image).add(conv).build();
        assertThat(patches(model)).isEmpty();
    }

    private static int[] gather(Conv2d conv, int... image) {
        InputPatches patches = patches(begun(conv.input()).add(conv).build()).get(0);
        ByteBuffer buffer = ByteBuffer.allocateDirect(patches.bytes());
        patches.new Gatherer(buffer).add(image);
        int[] gathered = new int[patches.bytes()];
        for (int i = 0; i < gathered.length; i++) {
            gathered[i] = buffer.get(i) & 0xFF;
        }
        return gathered;
    }

    private static List<InputPatches> patches(IntegerModel model) {
        return InputPatches.of(model, new ModelEnds(model));
    }

    private static void requireSame(IntegerModel model, Random random, int batch) {
        float[] x = new float[model.inputs().get(0).elements() * batch];
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) random.nextGaussian() * 6;
        }
        Map<String, TensorData> feeds = Map.of("x", TensorData.of(x));
        List<String> outputs = model.outputs().stream().map(TensorType::name).toList();
        try (OrtEngine ort = new OrtEngine(model);
                JavaEngine java = new JavaEngine(model)) {
            Map<String, TensorData> fast = ort.run(feeds, outputs, batch);
            Map<String, TensorData> defined = java.run(feeds, outputs, batch);
            for (String y : outputs) {
                assertThat(fast.get(y).floats()).as(y).isEqualTo(defined.get(y).floats());
            }
            String q = model.ops().get(0).output().name();
            Map<String, TensorData> integers = java.run(feeds, List.of(q), batch);
            if (outputs.size() == 1) {
                assertThat(ort.run(integers, outputs, batch).get("y").floats())
                        .isEqualTo(defined.get("y").floats());
            }
        }
    }

    private static IntegerModel model(Random random, int[] image, Window2d window, boolean signed) {
        TensorType q = TensorType.of("q", input(signed), image);
        return begun(q).add(conv(random, q, window, 1 + random.nextInt(9))).build();
    }

    /** Ends in "y", whatever is added. */
    private record Begun(IntegerModel.Builder builder) {

        Begun add(IntegerOp op) {
            builder.add(op);
            if (op instanceof Conv2d) {
                TensorType y = real("y", op.output());
                builder.add(Dequantize.linear("end", op.output(), y, false)).output("y");
            }
            return this;
        }

        Begun output(String name) {
            builder.output(name);
            return this;
        }

        IntegerModel build() {
            return builder.build();
        }
    }

    private static Begun begun(TensorType q) {
        TensorType x = real("x", q);
        return new Begun(IntegerModel.builder().input(x).add(new Quantize("begin", x, q)));
    }

    private static TensorType real(String name, TensorType like) {
        return new TensorType(name, like.shape(), null);
    }

    private static QuantParams input(boolean signed) {
        return signed
                ? QuantParams.of(Quantizers.int8PerTensor(), 0.1f, 0)
                : QuantParams.of(Quantizers.uint8PerTensor(), 0.1f, 119);
    }

    private static Conv2d conv(Random random, TensorType in, Window2d window, int outputs) {
        int channels = in.size(0);
        List<Integer> shape = List.of(outputs, channels, window.kernelH(), window.kernelW());
        int[] values =
                random.ints(shape.stream().reduce(1, Math::multiplyExact), -127, 128).toArray();
        int[] bias = random.ints(outputs, -3000, 3000).toArray();
        Weights weights =
                Weights.of(
                        QuantParams.of(Quantizers.int8PerTensor(), 0.01f, 0), shape, values, bias);
        float scale = 0.1f * 0.01f * 60 * (float) Math.sqrt(channels * window.area());
        TensorType out =
                TensorType.of(
                        "out",
                        QuantParams.of(Quantizers.uint8PerTensor(), scale, 128),
                        outputs,
                        window.outputHeight(in.size(1)),
                        window.outputWidth(in.size(2)));
        return Conv2d.of("conv", in, out, weights, window, Requantization.FLOAT);
    }
}
