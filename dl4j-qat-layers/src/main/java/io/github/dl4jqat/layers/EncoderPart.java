package io.github.dl4jqat.layers;

import java.util.ArrayList;
import java.util.List;
import org.deeplearning4j.nn.params.DefaultParamInitializer;
import org.deeplearning4j.nn.params.VariationalAutoencoderParamInitializer;
import org.nd4j.linalg.activations.IActivation;

/**
 * One of the dense layers that a variational autoencoder feeds forward through, and what its
 * parameters are called outside. Immutable.
 *
 * @param prefix what the names of its parameters begin with in the whole: {@code e0}, {@code e1},
 *     ..., {@code pZXMean}
 * @param layer its quantized configuration
 */
record EncoderPart(String prefix, QuantDenseLayer layer) {

    private static final String HIDDEN = "/encoder";

    /**
     * All of them in order; the last one bears the name of the whole.
     *
     * @param inside what the names of the others begin with
     */
    static List<EncoderPart> of(QuantVariationalAutoencoder whole, String inside) {
        LayerQuantization first =
                whole.getQuantization().withInner(null).withBatchNorm(null).withGroup(List.of());
        LayerQuantization behind = first.withInput(null).withCombined(null);
        int[] sizes = whole.getEncoderLayerSizes();
        List<EncoderPart> parts = new ArrayList<>();
        long columns = whole.getNIn();
        LayerQuantization now = first;
        for (int i = 0; i < sizes.length; i++) {
            String name = hiddenName(inside, i);
            IActivation f = whole.getActivationFn();
            parts.add(
                    new EncoderPart(
                            prefix(i, sizes.length),
                            dense(whole, name, columns, sizes[i], f, now)));
            columns = sizes[i];
            now = behind.withInputFrom(name);
        }
        parts.add(
                new EncoderPart(
                        prefix(sizes.length, sizes.length),
                        dense(
                                whole,
                                whole.getLayerName(),
                                columns,
                                whole.getNOut(),
                                whole.getPzxActivationFn(),
                                now.withGroup(whole.getQuantization().group()))));
        return List.copyOf(parts);
    }

    /** The name of a part whose output stays inside. */
    static String hiddenName(String inside, int number) {
        return inside + HIDDEN + number;
    }

    private static QuantDenseLayer dense(
            QuantVariationalAutoencoder whole,
            String name,
            long nIn,
            long nOut,
            IActivation f,
            LayerQuantization quantization) {
        QuantDenseLayer layer = new QuantDenseLayer();
        layer.setLayerName(name);
        layer.setNIn(nIn);
        layer.setNOut(nOut);
        layer.setHasBias(true);
        layer.setActivationFn(f);
        layer.setWeightNoise(whole.getWeightNoise());
        layer.setQuantization(quantization);
        return layer;
    }

    /**
     * What all parts have beyond the stock layer, by their names outside. Every training step asks
     * for it more than once, so it makes no parts and copies no quantization.
     */
    static List<ExtraParameter> extras(QuantVariationalAutoencoder whole) {
        int[] sizes = whole.getEncoderLayerSizes();
        List<ExtraParameter> all = new ArrayList<>();
        long columns = whole.getNIn();
        for (int i = 0; i <= sizes.length; i++) {
            String prefix = prefix(i, sizes.length);
            long nOut = i < sizes.length ? sizes[i] : whole.getNOut();
            for (ExtraParameter extra :
                    ExtraParameter.ofDense(whole.getQuantization(), columns, nOut)) {
                if (isOfPart(extra.key(), i)) {
                    all.add(
                            new ExtraParameter(
                                    outside(prefix, extra.key()),
                                    extra.length(),
                                    extra.learned(),
                                    extra.trained(),
                                    extra.initial()));
                }
            }
            columns = nOut;
        }
        return all;
    }

    /** As {@link #of} has it: only the first part quantizes its input, and none has an inside. */
    private static boolean isOfPart(String key, int number) {
        return !key.startsWith(ExtraParameter.INNER)
                && (number == 0 || !key.startsWith(ExtraParameter.INPUT));
    }

    private static String prefix(int number, int hidden) {
        return number < hidden
                ? VariationalAutoencoderParamInitializer.ENCODER_PREFIX + number
                : VariationalAutoencoderParamInitializer.PZX_MEAN_PREFIX;
    }

    /** The names of its parameters as it knows them itself, weights and bias first. */
    List<String> keys() {
        List<String> keys = new ArrayList<>();
        keys.add(DefaultParamInitializer.WEIGHT_KEY);
        keys.add(DefaultParamInitializer.BIAS_KEY);
        ExtraParameter.ofDense(layer.getQuantization(), layer.getNIn(), layer.getNOut())
                .forEach(extra -> keys.add(extra.key()));
        return keys;
    }

    /** What such a parameter is called outside: {@code e0W}, {@code e0b}, {@code e0OutputRange}. */
    String outside(String key) {
        return outside(prefix, key);
    }

    private static String outside(String prefix, String key) {
        return key.length() == 1
                ? prefix + key
                : prefix + Character.toUpperCase(key.charAt(0)) + key.substring(1);
    }
}
