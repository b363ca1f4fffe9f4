package io.github.dl4jqat.layers;

import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.ParamInitializer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.LayerValidation;
import org.deeplearning4j.nn.conf.layers.recurrent.SimpleRnn;
import org.deeplearning4j.nn.conf.memory.LayerMemoryReport;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.regularization.Regularization;

/**
 * A plain recurrent layer, quantized before its activation function and behind it:
 *
 * <pre>
 *   h' = Q(f(Q(x Q(W) + Q(b) + h Q(RW))))
 * </pre>
 *
 * <p>Shapes: input {@code [batch, nIn, time]}, {@code W [nIn, n]}, {@code RW [n, n]} with one scale
 * for each column where the granularity is per channel, {@code b [n]}, output {@code [batch, n,
 * time]}. The value before the activation function has 16 bits. Layer normalization is not
 * supported: a mean and a deviation at each time step have no integer form.
 *
 * <p>Parameters, after the stock ones: {@code inputRange}, {@code preActivationRange}, {@code
 * outputRange}, each {@code [min, max, batches]}, each only where that tensor is quantized; then
 * what estimators learn, {@code weightScale} and {@code recurrentScale} for example.
 *
 * <p>Made from a stock layer: {@code QuantSimpleRnn.of(stock, LayerQuantization.int8())}.
 */
public class QuantSimpleRnn extends SimpleRnn implements QuantLayerConfiguration {

    private static final long serialVersionUID = 1L;

    private LayerQuantization quantization = LayerQuantization.OFF;

    /** For JSON. */
    protected QuantSimpleRnn() {
        super(new Builder());
    }

    /**
     * The stock layer, quantized.
     *
     * @throws IllegalArgumentException if it has layer normalization
     */
    public static QuantSimpleRnn of(SimpleRnn stock, LayerQuantization quantization) {
        if (stock.hasLayerNorm()) {
            throw new IllegalArgumentException(
                    "QuantSimpleRnn: layer '"
                            + stock.getLayerName()
                            + "' has layer normalization, which has no integer form; leave it"
                            + " float, or build it with hasLayerNorm(false)");
        }
        return StockTwin.of(stock, QuantSimpleRnn.class, quantization);
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
                "QuantSimpleRnn", getLayerName(), index, getNIn(), getNOut());
        return RunningLayers.start(
                new RecurrentRuntime(conf, networkType),
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

    /** Sets how the layer is quantized; what is inside it has more than 8 bits. */
    @Override
    public void setQuantization(LayerQuantization quantization) {
        this.quantization = QuantLayerConfiguration.recurrent(quantization, false);
    }

    /** The stock layer has none. */
    @Override
    public LayerMemoryReport getMemoryReport(InputType inputType) {
        return MemoryReports.of(this, inputType);
    }

    @Override
    public QuantSimpleRnn clone() {
        return (QuantSimpleRnn) super.clone();
    }

    @Override
    protected boolean canEqual(Object other) {
        return other instanceof QuantSimpleRnn;
    }

    @Override
    public boolean equals(Object o) {
        return this == o
                || (o instanceof QuantSimpleRnn quantSimpleRnn
                        && settings().equals(quantSimpleRnn.settings())
                        && Objects.equals(quantization, quantSimpleRnn.quantization));
    }

    /** The stock layer compares nothing but whether it has layer normalization. */
    private List<Object> settings() {
        return Arrays.asList(
                getLayerName(),
                getIDropout(),
                getConstraints(),
                getNIn(),
                getNOut(),
                getActivationFn(),
                getWeightInitFn(),
                getBiasInit(),
                getGainInit(),
                getRegularization(),
                getRegularizationBias(),
                getIUpdater(),
                getBiasUpdater(),
                getWeightNoise(),
                getGradientNormalization(),
                getGradientNormalizationThreshold(),
                getWeightInitFnRecurrent(),
                getRnnDataFormat(),
                hasLayerNorm());
    }

    @Override
    public int hashCode() {
        return 31 * settings().hashCode() + Objects.hashCode(quantization);
    }

    @Override
    public String toString() {
        return "QuantSimpleRnn("
                + "nIn="
                + getNIn()
                + ", nOut="
                + getNOut()
                + ", quantization="
                + quantization
                + ")";
    }
}
