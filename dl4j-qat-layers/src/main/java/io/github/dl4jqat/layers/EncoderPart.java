package io.github.dl4jqat.layers;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
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
            String prefix = VariationalAutoencoderParamInitializer.ENCODER_PREFIX + i;
            parts.add(new EncoderPart(prefix, dense(whole, name, columns, sizes[i], f, now)));
            columns = sizes[i];
            now = behind.withInputFrom(name);
        }
        parts.add(
                new EncoderPart(
                        VariationalAutoencoderParamInitializer.PZX_MEAN_PREFIX,
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

    /** What all parts have beyond the stock layer, by their names outside. */
    static List<ExtraParameter> extras(QuantVariationalAutoencoder whole) {
        List<ExtraParameter> all = new ArrayList<>();
        for (EncoderPart part : of(whole, "")) {
            for (ExtraParameter extra : part.extras()) {
                all.add(
                        new ExtraParameter(
                                part.outside(extra.key()),
                                extra.length(),
                                extra.learned(),
                                extra.trained(),
                                extra.initial()));
            }
        }
        return all;
    }

    private List<ExtraParameter> extras() {
        return ExtraParameter.of(layer, DefaultParamInitializer.getInstance());
    }

    /** The names of its parameters as it knows them itself, weights and bias first. */
    List<String> keys() {
        List<String> keys = new ArrayList<>();
        keys.add(DefaultParamInitializer.WEIGHT_KEY);
        keys.add(DefaultParamInitializer.BIAS_KEY);
        extras().forEach(extra -> keys.add(extra.key()));
        return keys;
    }

    /** What such a parameter is called outside: {@code e0W}, {@code e0b}, {@code e0OutputRange}. */
    String outside(String key) {
        return key.length() == 1
                ? prefix + key
                : prefix + key.substring(0, 1).toUpperCase(Locale.ROOT) + key.substring(1);
    }
}
