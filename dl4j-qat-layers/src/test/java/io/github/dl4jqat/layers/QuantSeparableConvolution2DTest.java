package io.github.dl4jqat.layers;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.dl4jqat.estimator.GradientEstimators;
import io.github.dl4jqat.estimator.OscillationControl;
import io.github.dl4jqat.layers.Nets.Kind;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.Quantizers;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.constraint.BaseConstraint;
import org.deeplearning4j.nn.conf.constraint.MaxNormConstraint;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.SeparableConvolution2D;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.learning.config.Sgd;

class QuantSeparableConvolution2DTest {

    private static LayerQuantization withInner(LayerQuantization q) {
        return q.withInner(TensorQuantization.activation(Quantizers.uint8PerTensor()));
    }

    @Nested
    class TwoForEachChannel extends QuantLayerContractTest {

        @Override
        LayerQuantization quantization() {
            return withInner(super.quantization());
        }

        @Override
        InputType inputType() {
            return InputType.convolutional(6, 5, 2);
        }

        @Override
        Layer front() {
            return imageFront(CNN2DFormat.NCHW);
        }

        @Override
        boolean sameOpsAsStock() {
            // The stock layer computes both parts in one op.
            return false;
        }

        @Override
        Layer stock() {
            return new SeparableConvolution2D.Builder(3, 2)
                    .nOut(4)
                    .depthMultiplier(2)
                    .stride(2, 1)
                    .padding(1, 0)
                    .convolutionMode(ConvolutionMode.Truncate)
                    .dataFormat(CNN2DFormat.NCHW)
                    .activation(Activation.SWISH)
                    .build();
        }

        @Override
        Layer twin(LayerQuantization quantization) {
            return new QuantSeparableConvolution2D.Builder(3, 2)
                    .nOut(4)
                    .depthMultiplier(2)
                    .stride(2, 1)
                    .padding(1, 0)
                    .convolutionMode(ConvolutionMode.Truncate)
                    .activation(Activation.SWISH)
                    .quantization(quantization)
                    .build();
        }

        private QuantizedSeparableLayer running(Model net) {
            return (QuantizedSeparableLayer) Nets.layer(net, "subject");
        }

        @Test
        void largerWeightsOfOneChannel_moveItsScaleAndNoOther_inBothParts() {
            Model net = net(Kind.MULTI_LAYER, settings(), quantization());
            Nets.fit(net, batch(5));
            INDArray depthwise = Nets.layer(net, "subject").getParam("W");
            INDArray pointwise = Nets.layer(net, "subject").getParam("pW");
            QuantParams first = running(net).depthwiseWeights().params();
            QuantParams second = running(net).integerWeights().params();
            assertThat(first.scales()).hasSize(6);
            assertThat(second.scales()).hasSize(4);
            // Channel 1, second of its two outputs.
            depthwise.slice(1).slice(1).muli(10);
            assertScaled(running(net).depthwiseWeights().params(), first, 3);
            assertScaled(running(net).integerWeights().params(), second, -1);
            depthwise.slice(1).slice(1).divi(10);
            pointwise.slice(2).muli(10);
            assertScaled(running(net).depthwiseWeights().params(), first, -1);
            assertScaled(running(net).integerWeights().params(), second, 2);
        }

        private void assertScaled(QuantParams after, QuantParams before, int larger) {
            for (int c = 0; c < before.scales().length; c++) {
                assertThat(after.scale(c) / before.scale(c))
                        .as("channel %s", c)
                        .isCloseTo(
                                c == larger ? 10f : 1f, org.assertj.core.data.Offset.offset(1e-5f));
            }
        }

        @Test
        void bothParts_learnTheirOwnSteps_andFreezeTheirOwnWeights() {
            LayerQuantization q =
                    quantization()
                            .withWeight(
                                    TensorQuantization.weight(Quantizers.int4PerChannel())
                                            .withEstimator(GradientEstimators.lsq()))
                            .withOscillation(new OscillationControl(0.1, 0, 0.5));
            Model net = net(Kind.MULTI_LAYER, settings(DataType.FLOAT, new Sgd(0.5)), q);
            org.deeplearning4j.nn.api.Layer layer = Nets.layer(net, "subject");
            assertThat(layer.getParam("depthwiseScale").length()).isEqualTo(6);
            assertThat(layer.getParam("weightScale").length()).isEqualTo(4);
            assertThat(layer.getParam("depthwiseFrozen").length()).isEqualTo(36);
            assertThat(layer.getParam("weightFrozen").length()).isEqualTo(24);
            Nets.fit(net, batch(5));
            INDArray depthwise = layer.getParam("depthwiseScale").dup();
            INDArray pointwise = layer.getParam("weightScale").dup();
            assertThat(depthwise.minNumber().doubleValue()).isPositive();
            for (int i = 0; i < 3; i++) {
                Nets.fit(net, batch(5));
            }
            assertThat(layer.getParam("depthwiseScale")).isNotEqualTo(depthwise);
            assertThat(layer.getParam("weightScale")).isNotEqualTo(pointwise);
        }

        @Test
        void frozenDepthwiseWeights_stayWhereTheyAre() {
            LayerQuantization q =
                    quantization().withOscillation(new OscillationControl(0.1, 0, 0.5));
            Model net = net(Kind.MULTI_LAYER, settings(DataType.FLOAT, new Sgd(0.5)), q);
            org.deeplearning4j.nn.api.Layer layer = Nets.layer(net, "subject");
            Nets.fit(net, batch(5));
            // The flags count channel by channel as the depthwise op sees them: taps, c * m + i.
            layer.getParam("depthwiseFrozen").putScalar(1, 1);
            double average = layer.getParam("depthwiseOscillation").getDouble(3 * 36 + 1);
            INDArray before = layer.getParam("W").dup();
            double scale = running(net).depthwiseWeights().params().scale(1);
            Nets.fit(net, batch(5));
            double level = layer.getParam("W").getDouble(1, 0, 0, 0) / scale;
            assertThat(level)
                    .isCloseTo(Math.rint(average), org.assertj.core.data.Offset.offset(1e-3));
            assertThat(layer.getParam("W").getDouble(0, 0, 0, 0))
                    .isNotEqualTo(before.getDouble(0, 0, 0, 0));
        }

        @Test
        void weightLevels_areThoseOfBothParts() {
            Model net = net(Kind.MULTI_LAYER, settings(), quantization());
            Nets.fit(net, batch(5));
            int[] depthwise = running(net).depthwiseWeights().values();
            int[] pointwise = running(net).integerWeights().values();
            int[] levels = running(net).weightLevels();
            assertThat(levels).hasSize(36 + 24).startsWith(depthwise).endsWith(pointwise);
        }

        @Test
        void withoutAnInnerQuantizer_theLayerStillTrains_andEvaluatesInFloat() {
            Model net = net(Kind.MULTI_LAYER, settings(), quantization().withInner(null));
            Nets.fit(net, batch(5));
            assertThat(running(net).innerParams()).isNull();
            assertThat(Nets.output(net, batch(3).getFeatures()).isNaN().any()).isFalse();
        }
    }

    @Nested
    class SameChannelsLast extends QuantLayerContractTest {

        @Override
        LayerQuantization quantization() {
            return withInner(super.quantization());
        }

        @Override
        InputType inputType() {
            return InputType.convolutional(5, 6, 2, CNN2DFormat.NHWC);
        }

        @Override
        Layer front() {
            return imageFront(CNN2DFormat.NHWC);
        }

        @Override
        boolean sameOpsAsStock() {
            return false;
        }

        @Override
        Layer stock() {
            return new SeparableConvolution2D.Builder(3, 3)
                    .nOut(4)
                    .hasBias(false)
                    .convolutionMode(ConvolutionMode.Same)
                    .dataFormat(CNN2DFormat.NHWC)
                    .activation(Activation.RELU)
                    .build();
        }

        @Override
        Layer twin(LayerQuantization quantization) {
            return new QuantSeparableConvolution2D.Builder(3, 3)
                    .nOut(4)
                    .hasBias(false)
                    .convolutionMode(ConvolutionMode.Same)
                    .dataFormat(CNN2DFormat.NHWC)
                    .activation(Activation.RELU)
                    .quantization(quantization)
                    .build();
        }
    }

    @Nested
    class Folded extends SameChannelsLast {

        @Override
        LayerQuantization quantization() {
            return super.quantization()
                    .withBatchNorm(new FoldedBatchNorm("norm", 1e-5, 0.9, true, false, 1, 0));
        }
    }

    @Test
    void constraintsOfThePointwiseWeights_goOver() {
        QuantSeparableConvolution2D layer =
                new QuantSeparableConvolution2D.Builder(3, 3)
                        .nOut(4)
                        .constrainPointWise(new MaxNormConstraint(1, 1))
                        .build();
        assertThat(layer.getConstraints()).hasSize(1);
        assertThat(((BaseConstraint) layer.getConstraints().get(0)).getParams())
                .containsExactly("pW");
        assertThat(layer.getQuantization().inner()).isNotNull();
    }
}
