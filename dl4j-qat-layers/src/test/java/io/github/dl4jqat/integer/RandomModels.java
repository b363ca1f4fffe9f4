package io.github.dl4jqat.integer;

import io.github.dl4jqat.quant.Requantization;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The seeded random models of this package for tests of exporters. */
public final class RandomModels {

    /**
     * A model with integers for its inputs.
     *
     * @param model what to compute
     * @param feeds integers by the name of the tensor behind each input
     */
    public record Sample(IntegerModel model, Map<String, int[]> feeds) {}

    private RandomModels() {}

    /** The names of the kinds of operations. */
    public static List<String> kinds() {
        return Arrays.stream(TestModels.Kind.values()).map(Enum::name).toList();
    }

    /** A model of one operation of a kind with integers of up to 8 bits. */
    public static Sample operation(String kind, long seed, Requantization mode, int batch) {
        TestModels models = TestModels.upTo8Bits(seed, mode);
        IntegerOp op = models.op(TestModels.Kind.valueOf(kind));
        IntegerModel model = TestModels.around(op, mode);
        Map<String, int[]> feeds = new LinkedHashMap<>();
        models.feeds(op, batch).forEach((name, data) -> feeds.put(name, data.ints()));
        return new Sample(model, feeds);
    }

    /** A small network of the shape of LeNet on images of 18 x 18. */
    public static Sample lenet(long seed, Requantization mode, int batch) {
        TestModels models = new TestModels(seed, mode, 8, 8);
        IntegerModel model = models.lenet(18, 4, 6, 20, 10);
        return new Sample(model, Map.of("q", models.integers(model.tensor("q"), batch)));
    }

    /** The integers of a tensor as the definition computes them. */
    public static int[] defined(
            IntegerModel model, Map<String, int[]> feeds, String tensor, int n) {
        Map<String, TensorData> data = new LinkedHashMap<>();
        feeds.forEach((name, q) -> data.put(name, TensorData.of(q)));
        return new JavaEngine(model).run(data, List.of(tensor), n).get(tensor).ints();
    }
}
