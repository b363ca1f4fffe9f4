package io.github.dl4jqat.layers;

import io.github.dl4jqat.quant.Quantizers;
import java.util.Collection;
import java.util.Objects;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.ParamInitializer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.params.EmptyParamInitializer;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.nd4j.linalg.activations.impl.ActivationIdentity;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.config.NoOp;

/**
 * A quantizer as a layer of its own: {@code y = Q(x)}. For a network's input, the output of a
 * vertex, or anywhere else that no quantized layer produces or consumes the tensor.
 *
 * <p>Shapes: any, the same in and out. Parameter: {@code outputRange} {@code [min, max, batches]}.
 */
public class FakeQuantLayer extends ActivationLayer implements QuantLayerConfiguration {

    private static final long serialVersionUID = 1L;

    private LayerQuantization quantization = LayerQuantization.OFF;

    /** For JSON. */
    protected FakeQuantLayer() {}

    private FakeQuantLayer(Builder builder) {
        setLayerName(builder.getLayerName());
        setActivationFn(new ActivationIdentity());
        setQuantization(builder.quantization);
    }

    @Override
    public Layer instantiate(
            NeuralNetConfiguration conf,
            Collection<TrainingListener> listeners,
            int index,
            INDArray paramsView,
            boolean initializeParams,
            DataType networkType) {
        org.deeplearning4j.nn.layers.ActivationLayer identity =
                new org.deeplearning4j.nn.layers.ActivationLayer(conf, networkType);
        return RunningLayers.start(
                conf,
                networkType,
                listeners,
                index,
                paramsView,
                initializeParams,
                identity,
                new TableExact(getActivationFn()));
    }

    @Override
    public ParamInitializer initializer() {
        return new QuantParamInitializer(EmptyParamInitializer.getInstance());
    }

    @Override
    public IUpdater getUpdaterByParam(String paramName) {
        return new NoOp();
    }

    @Override
    public boolean isPretrainParam(String paramName) {
        return false;
    }

    @Override
    public LayerQuantization getQuantization() {
        return quantization;
    }

    /** Sets how the layer is quantized; there is no value before an activation to quantize here. */
    @Override
    public void setQuantization(LayerQuantization quantization) {
        this.quantization = QuantLayerConfiguration.withoutWeights(quantization, true);
    }

    @Override
    public FakeQuantLayer clone() {
        return (FakeQuantLayer) super.clone();
    }

    @Override
    protected boolean canEqual(Object other) {
        return other instanceof FakeQuantLayer;
    }

    @Override
    public boolean equals(Object o) {
        return this == o
                || (o instanceof FakeQuantLayer fakeQuantLayer
                        && super.equals(o)
                        && Objects.equals(quantization, fakeQuantLayer.quantization));
    }

    @Override
    public int hashCode() {
        return 31 * super.hashCode() + Objects.hashCode(quantization);
    }

    @Override
    public String toString() {
        return "FakeQuantLayer(" + super.toString() + ", quantization=" + quantization + ")";
    }

    /** The name, and {@link QuantOptions} of the output. */
    @SuppressWarnings("unchecked")
    public static class Builder extends org.deeplearning4j.nn.conf.layers.Layer.Builder<Builder>
            implements QuantOptions<Builder> {

        private LayerQuantization quantization =
                LayerQuantization.OFF.withOutput(
                        TensorQuantization.activation(Quantizers.uint8PerTensor()));

        @Override
        public LayerQuantization getQuantization() {
            return quantization;
        }

        @Override
        public Builder quantization(LayerQuantization newQuantization) {
            quantization = newQuantization;
            return this;
        }

        @Override
        public FakeQuantLayer build() {
            return new FakeQuantLayer(this);
        }
    }
}
