package io.github.dl4jqat.layers;

import java.util.Collection;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.LossLayer;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.deeplearning4j.optimize.api.TrainingListener;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.activations.impl.ActivationSoftmax;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * A loss layer that has taken over the last function of the layer before it, and so reads quantized
 * logits: {@code y = f(x)} and the loss of {@code y}, float by design, for {@code x} of {@code
 * [batch, n]}. No parameters.
 *
 * <p>The stock layer hands its input to the loss function, and most activation functions write
 * their gradient over it, after which the stock layer computes its score from that. This one hands
 * on a copy. In evaluation its softmax is the one that the integer network computes.
 */
public class LogitsLossLayer extends LossLayer {

    private static final long serialVersionUID = 1L;

    /** For JSON. */
    protected LogitsLossLayer() {}

    /**
     * The same loss behind another function.
     *
     * @param stock left as it is
     * @param f the function that it computes before the loss
     */
    public static LogitsLossLayer of(LossLayer stock, IActivation f) {
        LogitsLossLayer layer = StockTwin.subclass(stock, LogitsLossLayer.class);
        layer.setActivationFn(f);
        return layer;
    }

    @Override
    public Layer instantiate(
            NeuralNetConfiguration conf,
            Collection<TrainingListener> listeners,
            int index,
            INDArray paramsView,
            boolean initializeParams,
            DataType networkType) {
        Running layer = new Running(conf, networkType);
        layer.setListeners(listeners);
        layer.setIndex(index);
        layer.setParamsViewArray(paramsView);
        layer.setParamTable(initializer().init(conf, paramsView, initializeParams));
        return layer;
    }

    @Override
    public LogitsLossLayer clone() {
        return (LogitsLossLayer) super.clone();
    }

    @Override
    protected boolean canEqual(Object other) {
        return other instanceof LogitsLossLayer;
    }

    @Override
    public boolean equals(Object o) {
        return this == o || (o instanceof LogitsLossLayer && super.equals(o));
    }

    @Override
    public int hashCode() {
        return 31 * super.hashCode() + LogitsLossLayer.class.getName().hashCode();
    }

    @Override
    public String toString() {
        return "LogitsLossLayer(" + super.toString() + ")";
    }

    private static final class Running extends org.deeplearning4j.nn.layers.LossLayer {

        private static final long serialVersionUID = 1L;

        Running(NeuralNetConfiguration conf, DataType type) {
            super(conf, type);
        }

        @Override
        public INDArray activate(boolean training, LayerWorkspaceMgr mgr) {
            IActivation f = layerConf().getActivationFn();
            if (training || !(f instanceof ActivationSoftmax)) {
                return super.activate(training, mgr);
            }
            INDArray y = EndActivation.apply(mgr.dup(ArrayType.ACTIVATIONS, input, 'c'), f, null);
            if (maskArray != null) {
                y.muliColumnVector(maskArray);
            }
            return y;
        }

        @Override
        public Pair<Gradient, INDArray> backpropGradient(INDArray epsilon, LayerWorkspaceMgr mgr) {
            INDArray logits = input;
            input = mgr.dup(ArrayType.BP_WORKING_MEM, logits);
            try {
                return super.backpropGradient(epsilon, mgr);
            } finally {
                input = logits;
            }
        }

        @Override
        public void computeGradientAndScore(LayerWorkspaceMgr mgr) {
            if (input != null && labels != null) {
                gradient = backpropGradient(null, mgr).getFirst();
                score = computeScore(0, true, mgr);
            }
        }
    }
}
