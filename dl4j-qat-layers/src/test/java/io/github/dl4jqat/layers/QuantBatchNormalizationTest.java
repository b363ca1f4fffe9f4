package io.github.dl4jqat.layers;

import io.github.dl4jqat.quant.Quantizers;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.Layer;

class QuantBatchNormalizationTest extends QuantLayerContractTest {

    @Override
    Layer stock() {
        return new BatchNormalization.Builder().eps(1e-4).decay(0.75).build();
    }

    @Override
    Layer twin(LayerQuantization quantization) {
        return new QuantBatchNormalization.Builder()
                .eps(1e-4)
                .decay(0.75)
                .quantization(quantization)
                .build();
    }

    @Override
    boolean foldsBatchNorm() {
        return false;
    }

    /** Stock batch normalization ignores both. */
    @Override
    boolean takesDropout() {
        return false;
    }

    @Override
    LayerQuantization kept(LayerQuantization all) {
        return all.withWeight(TensorQuantization.weight(Quantizers.int8PerChannel()))
                .withOscillation(null);
    }

    /** The stock layer hands the movement of its statistics to the updater as a gradient. */
    @Override
    boolean isTrained(String key) {
        return !key.endsWith("mean") && !key.endsWith("log10stdev");
    }

    @Override
    boolean sameOpsAsStock() {
        return false;
    }
}
