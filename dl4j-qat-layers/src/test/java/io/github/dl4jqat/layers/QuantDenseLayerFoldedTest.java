package io.github.dl4jqat.layers;

/** A dense layer with a batch normalization folded into it, as a citizen of Deeplearning4j. */
class QuantDenseLayerFoldedTest extends QuantDenseLayerTest {

    @Override
    LayerQuantization quantization() {
        return super.quantization()
                .withBatchNorm(new FoldedBatchNorm("norm", 1e-3, 0.75, true, false, 1.5, 0.25));
    }
}
