package io.github.dl4jqat.layers;

import io.github.dl4jqat.kernels.LstmCell;
import io.github.dl4jqat.kernels.RecurrentCell;
import io.github.dl4jqat.kernels.SimpleRnnCell;
import io.github.dl4jqat.ops.HeapPass;
import io.github.dl4jqat.ops.QuantizerPass;
import io.github.dl4jqat.quant.Granularity;
import io.github.dl4jqat.quant.QuantParams;
import java.util.Map;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.BaseRecurrentLayer;
import org.deeplearning4j.nn.gradient.Gradient;
import org.deeplearning4j.nn.params.LSTMParamInitializer;
import org.deeplearning4j.nn.workspace.ArrayType;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Everything a running recurrent layer has beyond its stock twin, in one field.
 *
 * <p>A recurrent layer reads its own output, so its activations cannot be observed before they are
 * used: a training pass computes with the ranges of the batches before it, and what it has seen is
 * added behind it. The very first batch runs twice, to have ranges at all.
 */
final class RecurrentState extends LayerState {

    private final RecurrentKind kind;
    private final BaseRecurrentLayer conf;
    private final RecurrentWeights weights;
    private final RecurrentWeights.Raw parameters;
    private final InputQuantization inputQuantization;
    private final CellTables tables = new CellTables();
    private final String layerId;
    private final boolean dividesByBatch;

    private Trace trace;

    /** What a training forward pass leaves for the backward pass. */
    private record Trace(RecurrentPass pass, RecurrentWeights.Used weights, HeapPass output) {}

    RecurrentState(
            NeuralNetConfiguration conf,
            Map<String, INDArray> params,
            INDArray paramsView,
            Layer layer,
            String layerId) {
        super(conf, params, paramsView, layer);
        this.conf = (BaseRecurrentLayer) conf.getLayer();
        this.layerId = layerId;
        kind = RecurrentKind.of(conf.getLayer());
        weights = new RecurrentWeights(how(), kind, quantizers(), params, layerId);
        parameters =
                new RecurrentWeights.Raw(
                        params.get(LSTMParamInitializer.INPUT_WEIGHT_KEY),
                        params.get(LSTMParamInitializer.RECURRENT_WEIGHT_KEY),
                        params.get(LSTMParamInitializer.BIAS_KEY));
        inputQuantization = new InputQuantization(quantizers());
        dividesByBatch = conf.isMiniBatch();
    }

    RecurrentKind kind() {
        return kind;
    }

    /** The input, quantized where this layer does it. */
    INDArray input(INDArray x, boolean training, LayerWorkspaceMgr mgr) {
        if (training || calibrating()) {
            noteInput(x);
        }
        ArrayType type = training ? ArrayType.INPUT : ArrayType.ACTIVATIONS;
        return inputQuantization.forward(x, training, type, mgr);
    }

    /**
     * The forward pass on reals.
     *
     * @param x {@code [m, nIn, T]}; in training it must live until the backward pass
     * @param keep one or zero for each example and time step, or null
     * @param output the last output before, {@code [m, n]} row-major, or null
     * @param memory the memory before, likewise
     */
    RecurrentPass forward(
            INDArray x,
            RecurrentWeights.Raw raw,
            double[] keep,
            double[] output,
            double[] memory,
            boolean training) {
        LayerQuantizers q = quantizers();
        trace = null;
        if (training) {
            begin();
        }
        RecurrentWeights.Used used = weights.use(raw, training);
        boolean observes = training || calibrating();
        if (observes && (q.unquantized(training) || isNew())) {
            RecurrentPass bare = pass(x, used, keep, null, null, null, training);
            bare.forward(output, memory);
            look(bare, training);
            if (q.unquantized(training)) {
                trace = training ? new Trace(bare, used, null) : null;
                return bare;
            }
            observes = false;
        }
        boolean single = x.dataType() == DataType.FLOAT;
        long sequence = x.size(0) * x.size(2);
        long units = raw.recurrent().size(0);
        HeapPass z = heap(q.preActivation(), training, single, sequence * units * kind.gates());
        HeapPass c = kind.hasMemory() ? heap(q.inner(), training, single, sequence * units) : null;
        HeapPass h = heap(q.output(), training, single, sequence * units);
        RecurrentPass pass = pass(x, used, keep, z, c, h, training);
        pass.forward(output, memory);
        if (observes) {
            look(pass, training);
        }
        trace = training ? new Trace(pass, used, h) : null;
        return pass;
    }

    private void begin() {
        for (ActivationQuantizer q : activations()) {
            if (quantizers().isReplaying()) {
                q.forget();
            } else {
                q.begin();
            }
        }
    }

    private boolean isNew() {
        for (ActivationQuantizer q : activations()) {
            if (q.isNew()) {
                return true;
            }
        }
        return false;
    }

    /** The quantizers behind the weights that there are. */
    private java.util.List<ActivationQuantizer> activations() {
        LayerQuantizers q = quantizers();
        return java.util.stream.Stream.of(
                        q.preActivation(), kind.hasMemory() ? q.inner() : null, q.output())
                .filter(java.util.Objects::nonNull)
                .toList();
    }

    private void look(RecurrentPass pass, boolean training) {
        pass.hideMasked();
        quantizers().look(quantizers().preActivation(), pass.zRaw, training);
        if (kind.hasMemory()) {
            quantizers().look(quantizers().inner(), pass.memoryRaw(), training);
        }
        quantizers().look(quantizers().output(), pass.hRaw, training);
    }

    private HeapPass heap(ActivationQuantizer q, boolean training, boolean single, long elements) {
        QuantizerPass pass = quantizers().current(q, training);
        return pass == null ? null : pass.onHeap(single, elements);
    }

    private RecurrentPass pass(
            INDArray x,
            RecurrentWeights.Used used,
            double[] keep,
            HeapPass z,
            HeapPass c,
            HeapPass h,
            boolean training) {
        IActivation gate = kind.gateFunction(conf);
        return RecurrentPass.of(
                new RecurrentPass.Setting(
                        kind,
                        gate == null ? null : CellFunction.of(gate),
                        CellFunction.of(conf.getActivationFn()),
                        used.input(),
                        used.recurrent(),
                        used.bias(),
                        used.peepholes(),
                        z,
                        c,
                        h,
                        training),
                x,
                keep);
    }

    /** Whether a training forward pass has left what the backward pass needs. */
    boolean hasTrace() {
        return trace != null;
    }

    /**
     * The gradients of all parameters into their views, and that of the input.
     *
     * @param epsilon {@code [m, n, T]}
     * @param length how many time steps count, from the last one on
     */
    INDArray backward(INDArray epsilon, int length, RecurrentWeights.Raw views) {
        RecurrentPass.Gradients gradients = trace.pass().backward(epsilon, length);
        weights.backward(
                trace.weights(), gradients, views, dividesByBatch ? trace.pass().examples : 1);
        if (trace.output() != null) {
            quantizers()
                    .output()
                    .learned()
                    .gradients(
                            trace.output()
                                    .gradients((long) trace.pass().units * trace.pass().steps));
        }
        return gradients.input();
    }

    /** The last steps of every backward pass. */
    void finishBackward(
            INDArray epsilonNext, Gradient gradient, Map<String, INDArray> gradientViews) {
        inputQuantization.backward(epsilonNext);
        commit(gradient, gradientViews);
        weights.commit(gradientViews);
        trace = null;
    }

    @Override
    void afterUpdate() {
        super.afterUpdate();
        weights.afterUpdate(parameters);
    }

    @Override
    Map<String, INDArray> evaluationParams(Map<String, INDArray> table) {
        Map<String, INDArray> stock = super.evaluationParams(table);
        RecurrentWeights.Raw values = weights.evaluation(parameters);
        stock.put(LSTMParamInitializer.INPUT_WEIGHT_KEY, values.input());
        stock.put(LSTMParamInitializer.RECURRENT_WEIGHT_KEY, values.recurrent());
        stock.put(LSTMParamInitializer.BIAS_KEY, values.bias());
        return stock;
    }

    int[] weightLevels() {
        return weights.levels(parameters);
    }

    void clear() {
        inputQuantization.clear();
        trace = null;
    }

    /** The integer arithmetic, or null where some part is missing. */
    RecurrentCell cell(RecurrentWeights.Raw raw) {
        QuantParams input = quantizers().inputParams(false);
        QuantParams output = quantizers().outputParams(false);
        QuantParams z = quantizers().preActivationParams(false);
        QuantParams memory = memoryParams();
        if (input == null
                || output == null
                || z == null
                || (kind.hasMemory() && memory == null)
                || how().weight() == null
                || how().weight().spec().granularity().kind() == Granularity.Kind.PER_GROUP
                || !ActivationTable.isElementwise(conf.getActivationFn())) {
            return null;
        }
        RecurrentWeights.Integers integers = weights.integers(raw, input);
        IActivation f = conf.getActivationFn();
        if (!kind.hasMemory()) {
            return new SimpleRnnCell(
                    integers.input(),
                    integers.recurrent(),
                    integers.bias(),
                    input,
                    output,
                    z,
                    tables.between(f, z, output),
                    how().requantization());
        }
        return LstmCell.builder(how().requantization())
                .tensors(input, output)
                .grids(z, memory)
                .weights(integers.input(), integers.bias())
                .recurrent(integers.recurrent())
                .peepholes(integers.peepholes())
                .functions(
                        tables.inside(kind.gateFunction(conf), z),
                        tables.inside(f, z),
                        tables.inside(f, memory))
                .build();
    }

    /** What the integers of the memory mean, or null. */
    QuantParams memoryParams() {
        ActivationQuantizer inner = quantizers().inner();
        return !kind.hasMemory() || inner == null ? null : inner.params(false);
    }

    /** The integer arithmetic with the parameters as they are. */
    RecurrentCell requiredCell() {
        if (!LinearPass.finite(parameters.input())
                || !LinearPass.finite(parameters.recurrent())
                || !LinearPass.finite(parameters.bias())) {
            throw new IllegalStateException(
                    "its weights or biases are not finite; the training has diverged, go back to"
                            + " an earlier state of the network");
        }
        RecurrentCell cell = cell(parameters);
        if (cell == null) {
            throw new IllegalStateException(
                    layerId
                            + ": weights "
                            + how().weight()
                            + ", incoming tensor "
                            + quantizers().inputParams(false)
                            + ", before the activation "
                            + quantizers().preActivationParams(false)
                            + ", memory "
                            + memoryParams()
                            + ", output "
                            + quantizers().outputParams(false)
                            + "; a recurrent layer needs all of them quantized and observed, and"
                            + " elementwise functions. Give it a weightQuant and an outputQuant,"
                            + " calibrate the network, and name the layer that quantizes the input"
                            + " with inputFrom if there are several before it");
        }
        return cell;
    }
}
