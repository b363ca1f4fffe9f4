package io.github.dl4jqat.keras;

import io.github.dl4jqat.keras.KerasMath.Image;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * Two small models with random weights: the files that Keras would write, and what they compute.
 */
final class KerasModels {

    static final int SIZE = 9;
    static final int CHANNELS = 2;
    static final int FEATURES = 7;
    static final int CLASSES = 3;
    private static final double EPSILON = 1e-3;

    private final Random random;
    private final Map<String, float[]> weights = new HashMap<>();

    KerasModels(long seed) {
        random = new Random(seed);
    }

    /**
     * In the manner of a MobileNet: a padded strided convolution, a depthwise one, a sum with a
     * shortcut; each convolution with a batch normalization, the first two with a ReLU that ends at
     * 6. Then a separable convolution with a bias.
     */
    KerasFile residual() {
        KerasFile f = KerasFile.functional().input("in", SIZE, SIZE, CHANNELS);
        f.layer(
                "ZeroPadding2D",
                "pad",
                Map.of(
                        "padding",
                        List.of(List.of(0, 1), List.of(0, 1)),
                        "data_format",
                        "channels_last"),
                "in");
        conv(f, "stem", "pad", CHANNELS, 6, 3, 2, "valid", false);
        norm(f, "stem_bn", "stem", 6);
        f.layer("ReLU", "stem_relu", relu6(), "stem_bn");
        depthwise(f, "dw", "stem_relu", 6, 3);
        norm(f, "dw_bn", "dw", 6);
        f.layer("ReLU", "dw_relu", relu6(), "dw_bn");
        conv(f, "pw", "dw_relu", 6, 5, 1, 1, "same", false);
        norm(f, "pw_bn", "pw", 5);
        conv(f, "shortcut", "stem_relu", 6, 5, 1, 1, "same", true);
        f.layer("Add", "sum", Map.of(), "pw_bn", "shortcut");
        f.layer("Activation", "sum_relu", Map.of("activation", "relu"), "sum");
        separable(f, "sep", "sum_relu", 5, 4, 3);
        f.layer("GlobalAveragePooling2D", "gap", Map.of("data_format", "channels_last"), "sep");
        f.layer("Dropout", "drop", Map.of("rate", 0.25), "gap");
        dense(f, "probs", "drop", 4, CLASSES, "softmax");
        return f;
    }

    Image residualOutput(Image image) {
        Image x = KerasMath.pad(image, 0, 1, 0, 1);
        x = KerasMath.conv(x, get("stem.kernel"), null, 3, 2, false, 6);
        x = norm(x, "stem_bn").map(KerasModels::clip);
        Image shortcut =
                KerasMath.conv(x, get("shortcut.kernel"), get("shortcut.bias"), 1, 1, true, 5);
        x = KerasMath.depthwise(x, get("dw.kernel"), null, 3, 1, true);
        x = norm(x, "dw_bn").map(KerasModels::clip);
        x = norm(KerasMath.conv(x, get("pw.kernel"), null, 1, 1, true, 5), "pw_bn");
        x = KerasMath.add(x, shortcut).map(v -> Math.max(v, 0));
        x = KerasMath.depthwise(x, get("sep.depthwise"), null, 3, 1, true);
        x = KerasMath.conv(x, get("sep.pointwise"), get("sep.bias"), 1, 1, true, 4);
        x = KerasMath.globalAverage(x);
        return KerasMath.softmax(dense(x, "probs"));
    }

    /** A list of layers: convolution, max pooling, normalization, flattening, two dense layers. */
    KerasFile list() {
        KerasFile f = KerasFile.sequential().input("in", SIZE, SIZE, CHANNELS);
        conv(f, "conv", null, CHANNELS, 4, 3, 1, "same", true);
        f.layer("Activation", "conv_relu", Map.of("activation", "relu"));
        f.layer(
                "MaxPooling2D",
                "pool",
                Map.of(
                        "pool_size",
                        List.of(2, 2),
                        "strides",
                        List.of(2, 2),
                        "padding",
                        "valid",
                        "data_format",
                        "channels_last"));
        norm(f, "bn", null, 4);
        f.layer("Flatten", "flatten", Map.of("data_format", "channels_last"));
        dense(f, "hidden", null, 4 * 4 * 4, 8, "relu");
        dense(f, "probs", null, 8, CLASSES, "softmax");
        return f;
    }

    Image listOutput(Image image) {
        Image x = KerasMath.conv(image, get("conv.kernel"), get("conv.bias"), 3, 1, true, 4);
        x = KerasMath.maxPool(x.map(v -> Math.max(v, 0)));
        x = norm(x, "bn").flatten();
        x = dense(x, "hidden").map(v -> Math.max(v, 0));
        return KerasMath.softmax(dense(x, "probs"));
    }

    /** A vector that becomes an image, a sequence, a sequence turned around, and a vector again. */
    KerasFile moves() {
        KerasFile f = KerasFile.functional().input("in", FEATURES);
        dense(f, "first", "in", FEATURES, 18, "relu");
        f.layer("Reshape", "image", Map.of("target_shape", List.of(3, 3, 2)), "first");
        conv(f, "conv", "image", 2, 3, 3, 1, "same", true);
        f.layer("Reshape", "steps", Map.of("target_shape", List.of(9, 3)), "conv");
        sequence(f, "conv1", "steps", 3, 4, 3);
        f.layer("Permute", "turned", Map.of("dims", List.of(2, 1)), "conv1");
        sequence(f, "conv2", "turned", 9, 5, 3);
        f.layer("Flatten", "flatten", Map.of("data_format", "channels_last"), "conv2");
        dense(f, "probs", "flatten", 20, CLASSES, "softmax");
        return f;
    }

    Image movesOutput(Image vector) {
        Image x = dense(vector, "first").map(v -> Math.max(v, 0));
        x = KerasMath.reshape(x, 3, 3, 2);
        x = KerasMath.conv(x, get("conv.kernel"), get("conv.bias"), 3, 1, true, 3);
        x = KerasMath.reshape(x, 9, 1, 3);
        x = KerasMath.sequence(x, get("conv1.kernel"), get("conv1.bias"), 3, 4);
        x = KerasMath.transpose(x);
        x = KerasMath.sequence(x, get("conv2.kernel"), get("conv2.bias"), 3, 5).flatten();
        return KerasMath.softmax(dense(x, "probs"));
    }

    private static double clip(double x) {
        return Math.min(Math.max(x, 0), 6);
    }

    private static Map<String, Object> relu6() {
        return Map.of("max_value", 6.0, "negative_slope", 0.0, "threshold", 0.0);
    }

    private void conv(
            KerasFile f,
            String name,
            String input,
            int in,
            int out,
            int size,
            int stride,
            String padding,
            boolean bias) {
        Map<String, Object> config = window(size, stride, padding, bias);
        config.put("filters", out);
        config.put("kernel_initializer", initializer());
        f.layer("Conv2D", name, config, inputs(input));
        f.weight(
                "kernel",
                values(name + ".kernel", size * size * in * out, 0, 0.5),
                size,
                size,
                in,
                out);
        if (bias) {
            f.weight("bias", values(name + ".bias", out, 0, 0.3), out);
        }
    }

    private void depthwise(KerasFile f, String name, String input, int channels, int size) {
        Map<String, Object> config = window(size, 1, "same", false);
        config.put("depth_multiplier", 1);
        config.put("depthwise_initializer", initializer());
        f.layer("DepthwiseConv2D", name, config, inputs(input));
        f.weight(
                "depthwise_kernel",
                values(name + ".kernel", size * size * channels, 0, 0.4),
                size,
                size,
                channels,
                1);
    }

    private void separable(KerasFile f, String name, String input, int in, int out, int size) {
        Map<String, Object> config = window(size, 1, "same", true);
        config.put("filters", out);
        config.put("depth_multiplier", 1);
        config.put("depthwise_initializer", initializer());
        config.put("pointwise_initializer", initializer());
        f.layer("SeparableConv2D", name, config, inputs(input));
        float[] depthwise = values(name + ".depthwise", size * size * in, 0, 0.4);
        f.weight("depthwise_kernel", depthwise, size, size, in, 1);
        f.weight("pointwise_kernel", values(name + ".pointwise", in * out, 0, 0.5), 1, 1, in, out);
        f.weight("bias", values(name + ".bias", out, 0, 0.3), out);
    }

    private void sequence(KerasFile f, String name, String input, int in, int out, int size) {
        Map<String, Object> config = window(size, 1, "same", true);
        config.put("kernel_size", List.of(size));
        config.put("strides", List.of(1));
        config.put("dilation_rate", List.of(1));
        config.put("filters", out);
        config.put("kernel_initializer", initializer());
        f.layer("Conv1D", name, config, inputs(input));
        f.weight("kernel", values(name + ".kernel", size * in * out, 0, 0.4), size, in, out);
        f.weight("bias", values(name + ".bias", out, 0, 0.3), out);
    }

    private static Map<String, Object> window(int size, int stride, String padding, boolean bias) {
        Map<String, Object> config = new LinkedHashMap<>();
        config.put("kernel_size", List.of(size, size));
        config.put("strides", List.of(stride, stride));
        config.put("padding", padding);
        config.put("data_format", "channels_last");
        config.put("dilation_rate", List.of(1, 1));
        config.put("activation", "linear");
        config.put("use_bias", bias);
        return config;
    }

    private void norm(KerasFile f, String name, String input, int channels) {
        Map<String, Object> config = new LinkedHashMap<>();
        config.put("axis", List.of(3));
        config.put("momentum", 0.99);
        config.put("epsilon", EPSILON);
        config.put("center", true);
        config.put("scale", true);
        f.layer("BatchNormalization", name, config, inputs(input));
        f.weight("gamma", values(name + ".gamma", channels, 1.2, 0.2), channels);
        f.weight("beta", values(name + ".beta", channels, 0.3, 0.3), channels);
        f.weight("moving_mean", values(name + ".mean", channels, 0, 0.3), channels);
        float[] variance = values(name + ".variance", channels, 0, 1);
        for (int i = 0; i < channels; i++) {
            variance[i] = 0.3f + Math.abs(variance[i]);
        }
        f.weight("moving_variance", variance, channels);
    }

    private void dense(KerasFile f, String name, String input, int in, int out, String function) {
        Map<String, Object> config = new LinkedHashMap<>();
        config.put("units", out);
        config.put("activation", function);
        config.put("use_bias", true);
        config.put("kernel_initializer", initializer());
        f.layer("Dense", name, config, inputs(input));
        f.weight("kernel", values(name + ".kernel", in * out, 0, 0.5), in, out);
        f.weight("bias", values(name + ".bias", out, 0, 0.2), out);
    }

    private static Map<String, Object> initializer() {
        return Map.of("class_name", "GlorotUniform", "config", Map.of());
    }

    private static String[] inputs(String input) {
        return input == null ? new String[0] : new String[] {input};
    }

    private float[] values(String name, int count, double mean, double deviation) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) (mean + deviation * random.nextGaussian());
        }
        weights.put(name, values);
        return values;
    }

    private float[] get(String name) {
        return weights.get(name);
    }

    private Image norm(Image x, String name) {
        return KerasMath.batchNorm(
                x,
                get(name + ".gamma"),
                get(name + ".beta"),
                get(name + ".mean"),
                get(name + ".variance"),
                EPSILON);
    }

    private Image dense(Image x, String name) {
        return KerasMath.dense(x, get(name + ".kernel"), get(name + ".bias"));
    }
}
