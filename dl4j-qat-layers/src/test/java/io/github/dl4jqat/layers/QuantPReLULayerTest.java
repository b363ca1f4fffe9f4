package io.github.dl4jqat.layers;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.Quantizers;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.distribution.UniformDistribution;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.PReLULayer;
import org.deeplearning4j.nn.weights.WeightInitDistribution;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class QuantPReLULayerTest {

    private abstract static class Slopes extends QuantLayerContractTest {

        abstract PReLULayer.Builder builder();

        @Override
        Layer stock() {
            // The default slopes are zero, whose gradients would hide mistakes.
            PReLULayer.Builder slopes = builder();
            slopes.setWeightInitFn(new WeightInitDistribution(new UniformDistribution(-0.2, 0.6)));
            return slopes.build();
        }

        @Override
        Layer twin(LayerQuantization quantization) {
            return QuantPReLULayer.of((PReLULayer) stock(), quantization);
        }

        @Override
        boolean hasWeights() {
            return false;
        }

        @Override
        LayerQuantization kept(LayerQuantization all) {
            return QuantLayerConfiguration.floatParameters(all.withBatchNorm(null));
        }

        @Override
        boolean sameOpsAsStock() {
            return false;
        }

        @Override
        boolean foldsBatchNorm() {
            return false;
        }

        @Override
        boolean hasPreActivation() {
            return false;
        }
    }

    @Nested
    class OneForEachColumn extends Slopes {

        @Override
        PReLULayer.Builder builder() {
            return new PReLULayer.Builder().inputShape(6);
        }

        @Override
        int constrainedAxis() {
            return 0;
        }
    }

    @Nested
    class OneForEachChannel extends Slopes {

        @Override
        InputType inputType() {
            return InputType.convolutional(3, 3, 2);
        }

        @Override
        Layer front() {
            return imageFront(CNN2DFormat.NCHW);
        }

        @Override
        PReLULayer.Builder builder() {
            return new PReLULayer.Builder().inputShape(3, 3, 3).sharedAxes(2, 3);
        }
    }

    @Test
    void table_isTheFunctionOfEveryInteger() {
        QuantParams in = QuantParams.fromRange(Quantizers.uint8PerTensor(), -1, 1);
        QuantParams out = QuantParams.fromRange(Quantizers.uint8PerTensor(), -0.25f, 1);
        int[] table = PReluTable.table(0.25f, in, out);
        assertThat(table).hasSize(256);
        assertThat(table[in.zeroPoint()]).isEqualTo(out.zeroPoint());
        // 100 steps of 2 / 255 below zero, times 0.25, in steps of 1.25 / 255.
        assertThat(table[in.zeroPoint() - 100]).isEqualTo(out.zeroPoint() - 40);
        assertThat(table[in.zeroPoint() + 100]).isEqualTo(out.zeroPoint() + 160);
        assertThat(table[255]).isEqualTo(255);
    }
}
