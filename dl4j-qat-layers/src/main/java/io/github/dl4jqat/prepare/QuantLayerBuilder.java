package io.github.dl4jqat.prepare;

import io.github.dl4jqat.layers.LayerQuantization;
import io.github.dl4jqat.layers.NoIntegerForm;
import io.github.dl4jqat.layers.PassThrough;
import io.github.dl4jqat.layers.QuantBatchNormalization;
import io.github.dl4jqat.layers.QuantLayerConfiguration;
import io.github.dl4jqat.layers.QuantOptions;
import io.github.dl4jqat.layers.QuantSeparableConvolution2D;
import io.github.dl4jqat.layers.StockTwin;
import io.github.dl4jqat.layers.TensorQuantization;
import io.github.dl4jqat.quant.Quantizers;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayer;
import org.deeplearning4j.nn.conf.layers.wrapper.BaseWrapperLayer;
import org.nd4j.linalg.activations.impl.ActivationIdentity;

/**
 * The quantized form of any stock layer that has one, for networks written by hand:
 *
 * <pre>{@code
 * .layer(Qat.layer(new LSTM.Builder().nOut(32).build())
 *         .inputQuant(Quantizers.uint8PerTensor())       // the first layer quantizes the input
 *         .build())
 * .layer(new LastTimeStep(Qat.layer(new LSTM.Builder().nOut(16).build()).build()))
 * }</pre>
 *
 * What the stock builder has said stays as it is, and what it has left to the network's defaults is
 * still left to them. With nothing said here weights become int8 per channel, and outputs uint8.
 * Where {@code Qat.prepare} decides for a whole network, this decides nothing about neighbors: a
 * batch normalization behind the layer stays a layer.
 *
 * <p>Not thread-safe.
 */
public final class QuantLayerBuilder implements QuantOptions<QuantLayerBuilder> {

    private final Layer stock;
    private final Class<? extends Layer> twin;
    private LayerQuantization quantization;

    /**
     * A builder around a stock configuration, which is not touched.
     *
     * @throws IllegalArgumentException if the layer needs no quantized form, or has none
     */
    public QuantLayerBuilder(Layer stock) {
        if (stock == null) {
            throw new IllegalArgumentException("Qat.layer: the stock layer is null");
        }
        this.stock = stock;
        boolean weights = Replacements.WEIGHTED.containsKey(stock.getClass());
        twin =
                weights
                        ? Replacements.WEIGHTED.get(stock.getClass())
                        : Replacements.WEIGHTLESS.get(stock.getClass());
        requireTwin();
        LayerQuantization all = LayerQuantization.int8();
        quantization = weights ? all : all.withWeight(null);
        if (twin == QuantSeparableConvolution2D.class) {
            quantization =
                    quantization.withInner(
                            TensorQuantization.activation(Quantizers.uint8PerTensor()));
        }
    }

    private void requireTwin() {
        String name = stock.getClass().getSimpleName();
        if (stock instanceof QuantLayerConfiguration) {
            throw new IllegalArgumentException(
                    "Qat.layer: " + name + " is quantized already; put it into the network as is");
        }
        if (twin == null && wraps(stock)) {
            throw new IllegalArgumentException(
                    "Qat.layer: a "
                            + name
                            + " is quantized inside; wrap the quantized layer instead, as in"
                            + " new LastTimeStep(Qat.layer(lstm).build()), and put that into the"
                            + " network");
        }
        if (PassThrough.keepsGrid(stock)) {
            throw new IllegalArgumentException(
                    "Qat.layer: this "
                            + name
                            + " makes no new numbers; put the stock layer into the network");
        }
        if (NodeKinds.isLocal(stock) && !NodeKinds.isSized(stock)) {
            throw new IllegalArgumentException(
                    "Qat.layer: this "
                            + name
                            + " does not know the sizes of its weights yet; give it nIn and an"
                            + " input size, and call its computeOutputSize()");
        }
        String reason = NodeKinds.refusal(stock);
        if (twin == null && reason == null) {
            reason = NoIntegerForm.reason(stock);
        }
        if (twin == null || reason != null) {
            throw new IllegalArgumentException(
                    "Qat.layer: there is no quantized "
                            + name
                            + (reason == null ? "" : ": " + reason)
                            + "; put the stock layer into the network, where it computes in float");
        }
    }

    private static boolean wraps(Layer layer) {
        return layer instanceof BaseWrapperLayer || layer instanceof FrozenLayer;
    }

    @Override
    public LayerQuantization getQuantization() {
        return quantization;
    }

    @Override
    public QuantLayerBuilder quantization(LayerQuantization newQuantization) {
        quantization = newQuantization;
        return this;
    }

    /**
     * The quantized configuration, a subclass of the stock one.
     *
     * @throws IllegalArgumentException if what was said does not fit the layer
     */
    public Layer build() {
        Layer layer = twin(stock, twin, quantization);
        if (layer instanceof QuantBatchNormalization normalization) {
            // The stock layer ignores the function that every network gives to layers without one.
            normalization.setActivationFn(new ActivationIdentity());
        }
        return layer;
    }

    /** The registry holds classes of both kinds, which a type token cannot say. */
    @SuppressWarnings("unchecked")
    static <T extends Layer & QuantLayerConfiguration> Layer twin(
            Layer stock, Class<? extends Layer> type, LayerQuantization quantization) {
        return StockTwin.of(stock, (Class<T>) type, quantization);
    }
}
