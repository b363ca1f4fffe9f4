package io.github.dl4jqat.layers;

import java.util.Map;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.layers.feedforward.embedding.EmbeddingLayer;
import org.deeplearning4j.nn.params.DefaultParamInitializer;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The running layer behind {@link QuantEmbeddingLayer}: the stock one, and a quantizer behind. */
final class QuantEmbeddingRuntime extends EmbeddingLayer
        implements QuantizedEmbedding, StatefulLayer, RunningLayers.Attachable {

    private static final long serialVersionUID = 1L;

    private transient OutputState q;

    QuantEmbeddingRuntime(NeuralNetConfiguration conf, DataType dataType) {
        super(conf, dataType);
    }

    @Override
    public void attach(Map<String, INDArray> params, INDArray paramsView) {
        q = new OutputState(conf, params, paramsView, this);
    }

    @Override
    public OutputState state() {
        return q;
    }

    @Override
    public INDArray activate(boolean training, LayerWorkspaceMgr mgr) {
        assertInputSet(false);
        q.input(input, training, mgr);
        return q.output(super.activate(training, mgr), training, mgr);
    }

    @Override
    public Pair<Gradient, INDArray> backpropGradient(INDArray epsilon, LayerWorkspaceMgr mgr) {
        assertInputSet(true);
        if (!q.hasTrace()) {
            q.quantizers().replay(() -> activate(true, mgr));
        }
        Pair<Gradient, INDArray> result = super.backpropGradient(q.backward(epsilon, mgr), mgr);
        q.finishBackward(null, result.getFirst(), gradientViews);
        return result;
    }

    @Override
    public int[][] integerTable() {
        return EmbeddingTable.integers(
                getParam(DefaultParamInitializer.WEIGHT_KEY),
                hasBias() ? getParam(DefaultParamInitializer.BIAS_KEY) : null,
                layerConf().getActivationFn(),
                outputParams());
    }

    @Override
    public boolean updaterDivideByMinibatch(String paramName) {
        return QuantParamInitializer.dividedByMinibatch(conf.getLayer(), paramName);
    }

    @Override
    public void applyConstraints(int iteration, int epoch) {
        super.applyConstraints(iteration, epoch);
        q.afterUpdate();
    }

    @Override
    public void clear() {
        super.clear();
        q.clear();
    }
}
