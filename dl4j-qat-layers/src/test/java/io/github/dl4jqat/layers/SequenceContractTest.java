package io.github.dl4jqat.layers;

import io.github.dl4jqat.estimator.GradientEstimators;
import io.github.dl4jqat.observer.MovingAverage;
import io.github.dl4jqat.quant.Quantizers;
import java.util.List;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.layers.recurrent.SimpleRnn;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The contract for layers that take and give sequences. */
abstract class SequenceContractTest extends QuantLayerContractTest {

    static final int FEATURES = 4;
    static final int STEPS = 6;

    @Override
    InputType inputType() {
        return InputType.recurrent(FEATURES, STEPS);
    }

    @Override
    Layer front() {
        return new SimpleRnn.Builder().name("front").nOut(5).activation(Activation.TANH).build();
    }

    @Override
    List<Layer> end() {
        return List.of(
                new RnnOutputLayer.Builder()
                        .name("out")
                        .nOut(CLASSES)
                        .activation(Activation.SOFTMAX)
                        .build());
    }

    @Override
    INDArray labels(DataType type, int examples) {
        INDArray flat = Nets.labels(random, type, examples * STEPS, CLASSES);
        return flat.reshape('c', examples, STEPS, CLASSES).permute(0, 2, 1).dup('c');
    }

    @Override
    boolean sameOpsAsStock() {
        return false;
    }

    @Override
    LayerQuantization quantization() {
        return QuantLayerConfiguration.recurrent(super.quantization(), hasMemory());
    }

    boolean hasMemory() {
        return true;
    }

    /** Inside a recurrent layer only wide symmetric integers serve. */
    @Override
    List<LayerQuantization> allDifferent() {
        TensorQuantization before =
                new TensorQuantization(
                        Quantizers.intPerTensor(11),
                        GradientEstimators.identity(),
                        new MovingAverage(0.625));
        TensorQuantization memory =
                new TensorQuantization(
                        Quantizers.intPerTensor(13),
                        GradientEstimators.identity(),
                        new MovingAverage(0.125));
        return super.allDifferent().stream()
                .map(q -> q.withPreActivation(before).withInner(hasMemory() ? memory : null))
                .toList();
    }
}
