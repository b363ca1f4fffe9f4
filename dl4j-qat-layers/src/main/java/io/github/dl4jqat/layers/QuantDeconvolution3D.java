package io.github.dl4jqat.layers;

import java.util.Collection;
import java.util.List;
import java.util.Objects;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.api.ParamInitializer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.Deconvolution3D;
import org.deeplearning4j.nn.conf.layers.LayerValidation;
import org.deeplearning4j.nn.conf.memory.LayerMemoryReport;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.IUpdater;
import org.nd4j.linalg.learning.regularization.Regularization;

/**
 * A transposed 3-D convolution with fake-quantized weights, bias and output: {@code y =
 * Q(f(deconv(x, Q(W)) + Q(b)))}. The output is larger as in {@link QuantDeconvolution2D}.
 *
 * <p>Shapes: input {@code [batch, nIn, d, h, w]} (or {@code [batch, d, h, w, nIn]} in NDHWC),
 * {@code W [kD, kH, kW, nOut, nIn]} with one scale for each output where the granularity is per
 * channel, {@code b [nOut]}.
 *
 * <p>Parameters, after the stock ones: {@code inputRange}, {@code preActivationRange}, {@code
 * outputRange}, each {@code [min, max, batches]}, each only where that tensor is quantized; then
 * what the estimators learn, such as {@code weightScale}, with the layer's updater, and the state
 * of weights that are frozen one by one.
 *
 * <p>Made from a stock layer: {@code QuantDeconvolution3D.of(stock, quantization)}.
 */
public class QuantDeconvolution3D extends Deconvolution3D implements QuantLayerConfiguration {

    private static final long serialVersionUID = 1L;

    private LayerQuantization quantization = LayerQuantization.OFF;

    /** For JSON. */
    protected QuantDeconvolution3D() {}

    /** The stock layer, quantized. */
    public static QuantDeconvolution3D of(Deconvolution3D stock, LayerQuantization quantization) {
        return StockTwin.of(stock, QuantDeconvolution3D.class, quantization);
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
                "QuantDeconvolution3D", getLayerName(), index, getNIn(), getNOut());
        return RunningLayers.start(
                new LinearRuntime(conf, networkType, new DeconvolutionOp(this)),
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
    public QuantDeconvolution3D clone() {
        return (QuantDeconvolution3D) super.clone();
    }

    @Override
    protected boolean canEqual(Object other) {
        return other instanceof QuantDeconvolution3D;
    }

    @Override
    public boolean equals(Object o) {
        return this == o
                || (o instanceof QuantDeconvolution3D quantDeconvolution3D
                        && super.equals(o)
                        && Objects.equals(quantization, quantDeconvolution3D.quantization));
    }

    @Override
    public int hashCode() {
        return 31 * super.hashCode() + Objects.hashCode(quantization);
    }

    @Override
    public String toString() {
        return "QuantDeconvolution3D(" + super.toString() + ", quantization=" + quantization + ")";
    }

    @Override
    public LayerMemoryReport getMemoryReport(InputType inputType) {
        return MemoryReports.of(this, inputType);
    }
}
