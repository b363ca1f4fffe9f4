package io.github.dl4jqat.layers;

import io.github.dl4jqat.estimator.GradientEstimators;
import io.github.dl4jqat.estimator.Knob;
import io.github.dl4jqat.quant.Quantizers;
import io.github.dl4jqat.quant.Symmetry;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.Layer;

/** What every quantized layer configuration has beyond its stock twin. */
public interface QuantLayerConfiguration {

    /** How the layer is quantized; never null. */
    LayerQuantization getQuantization();

    /**
     * Sets how the layer is quantized. Has an effect on networks built from the configuration
     * afterwards; it may change the number of parameters.
     */
    void setQuantization(LayerQuantization quantization);

    /**
     * What stands for this layer in a network of stock layers: by default the stock layer that it
     * extends, with the parameters that evaluation computes with. For a layer that takes over the
     * work of another one this may be something else.
     *
     * @param running the running layer behind this configuration
     */
    default StockForm stockForm(QuantizedLayer running) {
        Layer stock = StockTwin.stock((Layer) this);
        if (getQuantization().batchNorm() != null) {
            // What is folded in has a bias, whether the layer had one or not.
            if (stock instanceof ConvolutionLayer convolution) {
                convolution.setHasBias(true);
            } else if (stock instanceof DenseLayer dense) {
                dense.setHasBias(true);
            }
        }
        return new StockForm(stock, running.evaluationParams());
    }

    /**
     * How a layer without weights may be quantized: nothing before its activation, no learned
     * parameters, because DL4J gives such a layer no updater.
     *
     * @param consecutive whether the integers of the output have to be consecutive
     */
    static LayerQuantization withoutWeights(LayerQuantization quantization, boolean consecutive) {
        if (quantization == null) {
            return LayerQuantization.OFF;
        }
        if (quantization.learnsActivations()) {
            throw new IllegalArgumentException(
                    "A layer without weights with a learned quantizer of its output; Deeplearning4j"
                            + " gives such a layer no updater. Use an observed range there, for"
                            + " example GradientEstimators.clipped()");
        }
        requireNoBatchNorm(quantization, "A layer without weights");
        return consecutive ? consecutiveOutput(quantization) : quantization.withPreActivation(null);
    }

    /**
     * How a layer may be quantized that has no table between its numbers and its output: nothing
     * before an activation, and an output of consecutive integers.
     */
    static LayerQuantization consecutiveOutput(LayerQuantization quantization) {
        if (quantization.output() != null
                && quantization.output().spec().symmetry() == Symmetry.MID_RISE) {
            throw new IllegalArgumentException(
                    "The output of a pooling, rounding or output layer with the mid-rise "
                            + quantization.output().spec().typeName()
                            + "; its integers have to be consecutive. Use for example"
                            + " Quantizers.uint8PerTensor()");
        }
        requireNoBatchNorm(quantization, "A pooling, rounding or output layer");
        return quantization.withPreActivation(null);
    }

    /**
     * How a layer may be quantized whose parameters stay float, because its integer form is a table
     * of its results.
     */
    static LayerQuantization floatParameters(LayerQuantization quantization) {
        LayerQuantization q = consecutiveOutput(quantization).withOscillation(null);
        return q.schedule() == null
                ? q.withWeight(null)
                : q.withSchedule(q.schedule().without(Knob.PORTION)).withWeight(null);
    }

    /**
     * Complains about a batch normalization folded into a layer that cannot have one.
     *
     * @param what the kind of layer, as the beginning of a sentence
     */
    static void requireNoBatchNorm(LayerQuantization quantization, String what) {
        if (quantization != null && quantization.batchNorm() != null) {
            throw new IllegalArgumentException(
                    what
                            + " with the folded batch normalization '"
                            + quantization.batchNorm().name()
                            + "'; only convolutions and dense layers have the weights for it. Keep"
                            + " it as a layer of its own: QuantBatchNormalization");
        }
    }

    /**
     * How a recurrent layer may be quantized. The value before its activation functions is a sum of
     * integers, so it is signed and symmetric; it passes through the layer again and again, so it
     * has more than 8 bits. Where it has not, as {@link LayerQuantization#withOutput} leaves it, it
     * gets 16, and so does the memory of an LSTM that has nothing said about it.
     *
     * @param memory whether the layer has one
     */
    static LayerQuantization recurrent(LayerQuantization quantization, boolean memory) {
        if (quantization == null) {
            return LayerQuantization.OFF;
        }
        TensorQuantization output = quantization.output();
        if (output == null) {
            return quantization;
        }
        consecutiveOutput(quantization);
        LayerQuantization q = quantization;
        if (q.preActivation() == null || !isWideAndSymmetric(q.preActivation())) {
            q = q.withPreActivation(inside(output));
        }
        if (!memory) {
            return q.withInner(null);
        }
        if (q.inner() == null) {
            return q.withInner(inside(output));
        }
        if (q.inner().spec().symmetry() != Symmetry.SYMMETRIC || !q.inner().spec().signed()) {
            throw new IllegalArgumentException(
                    "The memory of a recurrent layer with "
                            + q.inner().spec()
                            + "; it is a sum of integers, so its spec has to be symmetric and"
                            + " signed. Use for example Quantizers.int16PerTensor()");
        }
        return q;
    }

    private static boolean isWideAndSymmetric(TensorQuantization t) {
        return t.spec().symmetry() == Symmetry.SYMMETRIC
                && t.spec().signed()
                && t.spec().bits() > Byte.SIZE;
    }

    private static TensorQuantization inside(TensorQuantization output) {
        return new TensorQuantization(
                Quantizers.int16PerTensor(), GradientEstimators.clipped(), output.observer());
    }
}
