package io.github.dl4jqat.layers;

import io.github.dl4jqat.estimator.Moment;
import io.github.dl4jqat.kernels.WeightRows;
import io.github.dl4jqat.ops.HeapArrays;
import io.github.dl4jqat.ops.QuantizerPass;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.QuantSpec;
import io.github.dl4jqat.quant.Quantizers;
import java.util.Map;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * The weights of a recurrent layer and their quantizers: one for those of the input, one for those
 * of the last output, each with the spec of the layer's weights; a column is an output channel. The
 * peepholes, three for each unit, have 16 bits and one scale: a product of 16 bits by 16 is in the
 * cell anyway, and so few numbers are not worth a loss.
 *
 * <p>Belongs to one running layer; not thread-safe.
 */
final class RecurrentWeights {

    private static final QuantSpec PEEPHOLES = Quantizers.intPerTensor(16);
    private static final int COLUMNS_OF_PEEPHOLES = 3;

    private final RecurrentKind kind;
    private final LayerQuantizers quantizers;
    private final WeightQuantizer ofInput;
    private final WeightQuantizer ofOutput;

    private INDArray inputBuffer;
    private INDArray outputBuffer;

    RecurrentWeights(
            LayerQuantization how,
            RecurrentKind kind,
            LayerQuantizers quantizers,
            Map<String, INDArray> params,
            String layerId) {
        this.kind = kind;
        this.quantizers = quantizers;
        boolean none = how.weight() == null;
        ofInput = none ? null : new WeightQuantizer(how, ExtraParameter.WEIGHT, 1, params, layerId);
        ofOutput =
                none
                        ? null
                        : new WeightQuantizer(how, ExtraParameter.RECURRENT, 1, params, layerId);
    }

    /** A layer's weights as its parameters have them. */
    record Raw(INDArray input, INDArray recurrent, INDArray bias) {}

    /** What one pass computes with, and what the backward pass needs to know about it. */
    @SuppressWarnings("ArrayRecordComponent") // lives for one pass
    record Used(
            Raw raw,
            INDArray input,
            INDArray recurrent,
            double[] bias,
            double[] peepholes,
            QuantizerPass inputPass,
            QuantizerPass recurrentPass,
            Moment inputMoment,
            Moment recurrentMoment) {}

    /** The integers, row by row. */
    @SuppressWarnings("ArrayRecordComponent")
    record Integers(WeightRows input, WeightRows recurrent, int[] bias, WeightRows peepholes) {}

    /** What a pass computes with. */
    Used use(Raw raw, boolean training) {
        INDArray recurrent = withoutPeepholes(raw.recurrent());
        double[] bias = HeapArrays.of(raw.bias());
        double[] peepholes = peepholes(raw.recurrent());
        if (ofInput == null) {
            return new Used(raw, raw.input(), recurrent, bias, peepholes, null, null, null, null);
        }
        TrainingClock clock = quantizers.clock();
        Moment inputMoment = clock.moment(training, TrainingClock.WEIGHT);
        Moment recurrentMoment = clock.moment(training, TrainingClock.RECURRENT);
        QuantParams incoming = quantizers.inputParams(training);
        QuantizerPass inputPass = ofInput.pass(raw.input(), raw.bias(), incoming, inputMoment);
        QuantizerPass recurrentPass = ofOutput.pass(recurrent, null, null, recurrentMoment);
        inputBuffer = LinearPass.bufferLike(raw.input(), inputBuffer);
        outputBuffer = LinearPass.bufferLike(recurrent, outputBuffer);
        ofInput.forward(inputPass, raw.input(), inputBuffer, inputMoment);
        ofOutput.forward(recurrentPass, recurrent, outputBuffer, recurrentMoment);
        if (incoming != null && ofInput.biasIsQuantized()) {
            bias =
                    HeapArrays.of(
                            LinearPass.fakeQuantizedBias(raw.bias(), incoming, inputPass.params()));
        }
        if (peepholes != null) {
            QuantParams p = peepholeParams(peepholes);
            for (int i = 0; i < peepholes.length; i++) {
                peepholes[i] = p.dequantize(p.quantize((float) peepholes[i], 0), 0);
            }
        }
        return new Used(
                raw,
                inputBuffer,
                outputBuffer,
                bias,
                peepholes,
                inputPass,
                recurrentPass,
                inputMoment,
                recurrentMoment);
    }

    /** The parameters with the values that evaluation computes with, in new arrays. */
    Raw evaluation(Raw raw) {
        Used used = use(raw, false);
        return new Raw(
                used.input().dup('f'),
                withPeepholes(used.recurrent(), used.peepholes()).dup('f'),
                ChannelValues.array(used.bias(), raw.bias().dataType(), raw.bias().shape()));
    }

    /**
     * The integers that evaluation computes with.
     *
     * @param input what those of the incoming tensor mean
     */
    Integers integers(Raw raw, QuantParams input) {
        INDArray recurrent = withoutPeepholes(raw.recurrent());
        QuantizerPass inputPass = ofInput.pass(raw.input(), raw.bias(), input, Moment.EVALUATION);
        QuantizerPass recurrentPass = ofOutput.pass(recurrent, null, null, Moment.EVALUATION);
        int[] bias =
                LinearPass.integerBias(
                        raw.bias(),
                        input,
                        inputPass.params(),
                        Math.toIntExact(raw.bias().length()));
        double[] peepholes = peepholes(raw.recurrent());
        return new Integers(
                rows(ofInput, inputPass, raw.input()),
                rows(ofOutput, recurrentPass, recurrent),
                bias,
                peepholes == null ? null : peepholeRows(peepholes));
    }

    /** The integers of all weights that the layer's spec is for, input's first; null for none. */
    int[] levels(Raw raw) {
        if (ofInput == null) {
            return null;
        }
        QuantParams incoming = quantizers.inputParams(false);
        INDArray recurrent = withoutPeepholes(raw.recurrent());
        int[] first =
                levels(
                        ofInput,
                        ofInput.pass(raw.input(), raw.bias(), incoming, Moment.EVALUATION),
                        raw.input());
        int[] second =
                levels(
                        ofOutput,
                        ofOutput.pass(recurrent, null, null, Moment.EVALUATION),
                        recurrent);
        int[] all = java.util.Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, all, first.length, second.length);
        return all;
    }

    private static WeightRows rows(WeightQuantizer quantizer, QuantizerPass pass, INDArray w) {
        return WeightRows.of(levels(quantizer, pass, w), Math.toIntExact(w.size(0)), pass.params());
    }

    private static int[] levels(WeightQuantizer quantizer, QuantizerPass pass, INDArray w) {
        INDArray steps = Nd4j.createUninitialized(w.dataType(), w.shape(), w.ordering());
        quantizer.levels(pass, w, steps);
        return steps.transpose().dup('c').data().asInt();
    }

    private static QuantParams peepholeParams(double[] peepholes) {
        double largest = 0;
        for (double p : peepholes) {
            largest = Math.max(largest, Math.abs(p));
        }
        return QuantParams.fromRange(PEEPHOLES, (float) -largest, (float) largest);
    }

    private static WeightRows peepholeRows(double[] peepholes) {
        QuantParams p = peepholeParams(peepholes);
        int[] integers = new int[peepholes.length];
        for (int i = 0; i < integers.length; i++) {
            integers[i] = p.quantize((float) peepholes[i], 0);
        }
        return WeightRows.of(integers, peepholes.length / COLUMNS_OF_PEEPHOLES, p);
    }

    /**
     * The columns between one time step and the next, without those from the memory: outside of all
     * workspaces, for the backward pass needs them too.
     */
    @SuppressWarnings("try")
    private INDArray withoutPeepholes(INDArray recurrent) {
        if (!kind.hasPeepholes()) {
            return recurrent;
        }
        long columns = recurrent.size(1) - COLUMNS_OF_PEEPHOLES;
        try (MemoryWorkspace ws = Nd4j.getMemoryManager().scopeOutOfWorkspaces()) {
            // A view of a view may come out wrong.
            return recurrent
                    .dup('f')
                    .get(NDArrayIndex.all(), NDArrayIndex.interval(0, columns))
                    .dup('f');
        }
    }

    /** The columns from the memory as three rows, or null. */
    private double[] peepholes(INDArray recurrent) {
        if (!kind.hasPeepholes()) {
            return null;
        }
        long columns = recurrent.size(1);
        double[] all = HeapArrays.of(recurrent.transpose());
        int from = Math.toIntExact((columns - COLUMNS_OF_PEEPHOLES) * recurrent.size(0));
        return java.util.Arrays.copyOfRange(all, from, all.length);
    }

    /**
     * The gradients of the parameters from those of what the pass computed with, into their views.
     *
     * @param examples size of the batch, by which DL4J divides later
     */
    void backward(Used used, RecurrentPass.Gradients gradients, Raw views, long examples) {
        views.input().assign(gradients.weights());
        INDArray recurrent = gradients.recurrent().dup('f');
        if (ofInput != null) {
            ofInput.backward(
                    used.inputPass(),
                    used.raw().input(),
                    views.input(),
                    used.inputMoment(),
                    examples);
            ofOutput.backward(
                    used.recurrentPass(),
                    withoutPeepholes(used.raw().recurrent()),
                    recurrent,
                    used.recurrentMoment(),
                    examples);
        }
        views.recurrent().assign(withPeepholes(recurrent, gradients.peepholes()));
        ChannelValues.write(gradients.bias(), views.bias());
    }

    private static INDArray withPeepholes(INDArray recurrent, double[] peepholes) {
        if (peepholes == null) {
            return recurrent;
        }
        INDArray columns =
                Nd4j.createFromArray(peepholes)
                        .castTo(recurrent.dataType())
                        .reshape('c', COLUMNS_OF_PEEPHOLES, recurrent.size(0))
                        .transpose();
        return Nd4j.concat(1, recurrent, columns.dup('f'));
    }

    /** Writes down what the last training pass has moved. */
    void commit(Map<String, INDArray> gradientViews) {
        if (ofInput != null) {
            boolean frozen = quantizers.clock().isFrozen();
            ofInput.commit(gradientViews, frozen);
            ofOutput.commit(gradientViews, frozen);
        }
    }

    /** What has to hold after each update. */
    void afterUpdate(Raw raw) {
        if (ofInput == null) {
            return;
        }
        ofInput.afterUpdate(raw.input(), null);
        INDArray recurrent = withoutPeepholes(raw.recurrent());
        ofOutput.afterUpdate(recurrent, null);
        if (kind.hasPeepholes()) {
            raw.recurrent().assign(withPeepholes(recurrent, peepholes(raw.recurrent())));
        }
    }
}
