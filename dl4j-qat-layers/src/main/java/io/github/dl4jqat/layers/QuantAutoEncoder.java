package io.github.dl4jqat.layers;

import java.util.Collection;
import java.util.List;
import java.util.Objects;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.ParamInitializer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.AutoEncoder;
import org.deeplearning4j.nn.conf.layers.LayerValidation;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.regularization.Regularization;

/**
 * The encoding half of an autoencoder with fake-quantized weights, bias and output: {@code y =
 * Q(f(x Q(W) + Q(b)))}, a dense layer. Pretraining is for the float network, before {@code
 * Qat.prepare}; this layer takes no part in it and leaves the bias of the decoding half alone.
 *
 * <p>Shapes: input {@code [batch, nIn]}, {@code W [nIn, nOut]}, {@code b [nOut]}, {@code vb [nIn]},
 * output {@code [batch, nOut]}.
 *
 * <p>Parameters, after the stock ones: {@code inputRange}, {@code preActivationRange}, {@code
 * outputRange}, each {@code [min, max, batches]}, each only where that tensor is quantized; then
 * what the estimators learn, such as {@code weightScale}, with the layer's updater, and the state
 * of weights that are frozen one by one.
 *
 * <p>Made from a stock layer: {@code QuantAutoEncoder.of(stock, quantization)}.
 */
public class QuantAutoEncoder extends AutoEncoder implements QuantLayerConfiguration {

    private static final long serialVersionUID = 1L;

    private LayerQuantization quantization = LayerQuantization.OFF;

    /** For JSON. */
    protected QuantAutoEncoder() {}

    /** The stock layer, quantized. */
    public static QuantAutoEncoder of(AutoEncoder stock, LayerQuantization quantization) {
        return StockTwin.of(stock, QuantAutoEncoder.class, quantization);
    }

    @Override
    public Layer instantiate(
            NeuralNetConfiguration conf,
            Collection<TrainingListener> listeners,
            int index,
            INDArray paramsView,
            boolean initializeParams,
            DataType networkType) {
        LayerValidation.assertNInNOutSet(
                "QuantAutoEncoder", getLayerName(), index, getNIn(), getNOut());
        return RunningLayers.start(
                new LinearRuntime(conf, networkType, new DenseOp()),
                listeners,
                index,
                paramsView,
                initializeParams);
    }

    @Override
    public ParamInitializer initializer() {
        return new QuantParamInitializer(super.initializer());
    }

    @Override
    public IUpdater getUpdaterByParam(String paramName) {
        IUpdater own = QuantParamInitializer.updater(this, paramName);
        return own == null ? super.getUpdaterByParam(paramName) : own;
    }

    @Override
    public List<Regularization> getRegularizationByParam(String paramName) {
        List<Regularization> own = QuantParamInitializer.regularization(this, paramName);
        return own == null ? super.getRegularizationByParam(paramName) : own;
    }

    @Override
    public LayerQuantization getQuantization() {
        return quantization;
    }

    @Override
    public void setQuantization(LayerQuantization quantization) {
        this.quantization = quantization == null ? LayerQuantization.OFF : quantization;
    }

    @Override
    public QuantAutoEncoder clone() {
        return (QuantAutoEncoder) super.clone();
    }

    @Override
    protected boolean canEqual(Object other) {
        return other instanceof QuantAutoEncoder;
    }

    @Override
    public boolean equals(Object o) {
        return this == o
                || (o instanceof QuantAutoEncoder quantAutoEncoder
                        && super.equals(o)
                        && Objects.equals(quantization, quantAutoEncoder.quantization));
    }

    @Override
    public int hashCode() {
        return 31 * super.hashCode() + Objects.hashCode(quantization);
    }

    @Override
    public String toString() {
        return "QuantAutoEncoder(" + super.toString() + ", quantization=" + quantization + ")";
    }
}
