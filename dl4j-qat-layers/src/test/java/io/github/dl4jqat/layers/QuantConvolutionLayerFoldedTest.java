package io.github.dl4jqat.layers;

/** A convolution in NHWC with a batch normalization folded into it. */
class QuantConvolutionLayerFoldedTest extends QuantConvolutionLayerNhwcTest {

    @Override
    LayerQuantization quantization() {
        return super.quantization()
                .withBatchNorm(new FoldedBatchNorm("norm", 1e-5, 0.9, true, false, 1, 0));
    }
}
