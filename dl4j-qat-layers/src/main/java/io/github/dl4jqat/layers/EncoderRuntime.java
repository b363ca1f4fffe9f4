package io.github.dl4jqat.layers;

import io.github.dl4jqat.quant.QuantParams;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.deeplearning4j.nn.api.MaskState;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.gradient.DefaultGradient;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.layers.variational.VariationalAutoencoder;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.common.primitives.Pair;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The running layer behind {@link QuantVariationalAutoencoder}: a chain of quantized dense layers
 * on views of its parameters. What generates data is the stock layer's, with the parameters as they
 * are in float.
 */
final class EncoderRuntime extends VariationalAutoencoder
        implements QuantizedEncoderLayer, RunningLayers.Attachable {

    private static final long serialVersionUID = 1L;

    private transient List<EncoderPart> parts;
    private transient List<LinearRuntime> layers;

    EncoderRuntime(NeuralNetConfiguration conf, DataType dataType) {
        super(conf, dataType);
    }

    private QuantVariationalAutoencoder configuration() {
        return (QuantVariationalAutoencoder) conf.getLayer();
    }

    @Override
    public void attach(Map<String, INDArray> params, INDArray paramsView) {
        String name = configuration().getLayerName();
        // Layers of a network may share their name, or have none.
        parts = EncoderPart.of(configuration(), (name == null ? "" : name) + "#" + index);
        List<LinearRuntime> running = new ArrayList<>();
        for (EncoderPart part : parts) {
            NeuralNetConfiguration inside = conf.clone();
            inside.clearVariables();
            inside.setLayer(part.layer());
            boolean last = running.size() == parts.size() - 1;
            LinearRuntime layer =
                    new LinearRuntime(
                            inside, dataType, new DenseOp(), last ? 0 : running.size() + 1);
            Map<String, INDArray> own = views(part, params);
            layer.setIndex(index);
            layer.setParamTable(own);
            layer.attach(own, paramsView);
            running.add(layer);
        }
        layers = List.copyOf(running);
    }

    /** The views of a part's parameters, by its own names for them. */
    private static Map<String, INDArray> views(EncoderPart part, Map<String, INDArray> all) {
        Map<String, INDArray> views = new LinkedHashMap<>();
        part.keys().forEach(key -> views.put(key, all.get(part.outside(key))));
        return views;
    }

    private LinearRuntime first() {
        return layers.get(0);
    }

    private LinearRuntime last() {
        return layers.get(layers.size() - 1);
    }

    @Override
    public INDArray activate(boolean training, LayerWorkspaceMgr mgr) {
        assertInputSet(false);
        INDArray x = input;
        for (LinearRuntime layer : layers) {
            layer.feed(x);
            layer.setMaskArray(maskArray);
            x = layer.activate(training, mgr);
        }
        List<Integer> seen = first().quantization().inputShape();
        if (seen != null && quantization().inputShape() == null) {
            configuration().setQuantization(quantization().withInputShape(seen));
        }
        return x;
    }

    @Override
    public Pair<Gradient, INDArray> backpropGradient(INDArray epsilon, LayerWorkspaceMgr mgr) {
        assertInputSet(true);
        Gradient gradient = new DefaultGradient();
        INDArray epsilonNext = epsilon;
        for (int i = layers.size() - 1; i >= 0; i--) {
            EncoderPart part = parts.get(i);
            Pair<Gradient, INDArray> pair = layers.get(i).backpropGradient(epsilonNext, mgr);
            pair.getFirst()
                    .gradientForVariable()
                    .forEach((key, g) -> gradient.setGradientFor(part.outside(key), g));
            epsilonNext = pair.getSecond();
        }
        // Log sigma squared and the decoder: they take no part.
        gradientViews.forEach(
                (key, view) -> {
                    if (gradient.getGradientFor(key) == null) {
                        gradient.setGradientFor(key, view.assign(0));
                    }
                });
        return new Pair<>(gradient, epsilonNext);
    }

    @Override
    public void setBackpropGradientsViewArray(INDArray gradients) {
        super.setBackpropGradientsViewArray(gradients);
        for (int i = 0; i < layers.size(); i++) {
            layers.get(i).setGradientViews(views(parts.get(i), gradientViews));
        }
    }

    /** As a dense layer does; the stock layer has no masks. */
    @Override
    public Pair<INDArray, MaskState> feedForwardMaskArray(
            INDArray mask, MaskState currentMaskState, int minibatchSize) {
        maskArray = mask;
        return new Pair<>(mask, currentMaskState);
    }

    /** Refuses to pretrain: an error says more than a network that silently passes it by. */
    @Override
    public void fit() {
        throw new UnsupportedOperationException(
                "Unsupervised pretraining of a quantized variational autoencoder; pretrain the"
                        + " float network, and call Qat.prepare with it. Qat.strip gives a float"
                        + " network of this one. "
                        + layerId());
    }

    @Override
    public void computeGradientAndScore(LayerWorkspaceMgr mgr) {
        fit();
    }

    @Override
    public boolean updaterDivideByMinibatch(String paramName) {
        return QuantParamInitializer.dividedByMinibatch(conf.getLayer(), paramName);
    }

    @Override
    public void applyConstraints(int iteration, int epoch) {
        super.applyConstraints(iteration, epoch);
        layers.forEach(layer -> layer.applyConstraints(iteration, epoch));
    }

    @Override
    public void setIterationCount(int count) {
        super.setIterationCount(count);
        layers.forEach(layer -> layer.setIterationCount(count));
    }

    @Override
    public void setEpochCount(int count) {
        super.setEpochCount(count);
        layers.forEach(layer -> layer.setEpochCount(count));
    }

    @Override
    public void clearNoiseWeightParams() {
        super.clearNoiseWeightParams();
        layers.forEach(LinearRuntime::clearNoiseWeightParams);
    }

    @Override
    public void clear() {
        super.clear();
        layers.forEach(LinearRuntime::clear);
    }

    /** All of them: a graph in shared-gradient training sizes its messages by what is said here. */
    @Override
    public long numParams(boolean backwards) {
        return numParams();
    }

    @Override
    public long numParams() {
        return params().length();
    }

    /** Takes the parameters as {@link #params} gives them. */
    @Override
    public void setParams(INDArray newParams) {
        RunningLayers.copyParameters(newParams, paramsFlattened, layerId());
    }

    @Override
    public List<NetworkView.Node> parts(NetworkView.Node whole) {
        List<NetworkView.Node> nodes = new ArrayList<>();
        String input = whole.inputs().get(0);
        for (int i = 0; i < layers.size(); i++) {
            String name =
                    i == layers.size() - 1 ? whole.name() : EncoderPart.hiddenName(whole.name(), i);
            nodes.add(
                    new NetworkView.Node(
                            name,
                            whole.index(),
                            parts.get(i).layer(),
                            List.of(),
                            null,
                            whole.frozen(),
                            whole.kind(),
                            null,
                            List.of(input),
                            layers.get(i),
                            Map.of()));
            input = name;
        }
        return List.copyOf(nodes);
    }

    @Override
    public int[] weightLevels() {
        return quantization().weight() == null
                ? null
                : layers.stream()
                        .map(LinearRuntime::weightLevels)
                        .flatMapToInt(IntStream::of)
                        .toArray();
    }

    @Override
    public Map<String, INDArray> evaluationParams() {
        Map<String, INDArray> stock = new LinkedHashMap<>();
        params.forEach(
                (key, value) -> {
                    if (!QuantParamInitializer.isExtra(conf.getLayer(), key)) {
                        stock.put(key, value.dup());
                    }
                });
        for (int i = 0; i < layers.size(); i++) {
            EncoderPart part = parts.get(i);
            layers.get(i).evaluationParams().forEach((k, v) -> stock.put(part.outside(k), v));
        }
        return stock;
    }

    @Override
    public LayerQuantization quantization() {
        return configuration().getQuantization();
    }

    @Override
    public QuantParams inputParams() {
        return first().inputParams();
    }

    @Override
    public QuantParams preActivationParams() {
        return last().preActivationParams();
    }

    @Override
    public QuantParams outputParams() {
        return last().outputParams();
    }

    @Override
    public void setCalibrating(boolean on) {
        layers.forEach(layer -> layer.setCalibrating(on));
    }

    @Override
    public void linkInput(String source) {
        first().linkInput(source);
        configuration().setQuantization(quantization().withInputFrom(source).withCombined(null));
    }

    @Override
    public void linkCombined(CombinedInput combined) {
        first().linkCombined(combined);
        configuration().setQuantization(quantization().withCombined(combined));
    }

    @Override
    public void linkGroup(List<String> members) {
        last().linkGroup(members);
        configuration().setQuantization(quantization().withGroup(members));
    }
}
