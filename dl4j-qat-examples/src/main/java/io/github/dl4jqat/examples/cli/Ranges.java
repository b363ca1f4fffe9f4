package io.github.dl4jqat.examples.cli;

import io.github.dl4jqat.layers.QuantizedLayer;
import io.github.dl4jqat.quant.QuantParams;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.deeplearning4j.nn.api.Layer;

/** Shows what a prepared network has learned about its tensors: bits and ranges, layer by layer. */
final class Ranges {

    private static final String NONE = "-";

    private Ranges() {}

    /** A table of the quantized layers; empty if there are none. */
    static Optional<String> of(List<Layer> layers) {
        Table table = new Table("layer", "weight bits", "input", "before function", "output");
        boolean any = false;
        for (Layer layer : layers) {
            if (layer instanceof QuantizedLayer quantized) {
                any = true;
                table.row(
                        layer.conf().getLayer().getLayerName(),
                        quantized.quantization().weight() == null
                                ? NONE
                                : String.valueOf(quantized.quantization().weight().spec().bits()),
                        describe(quantized.inputParams()),
                        describe(quantized.preActivationParams()),
                        describe(quantized.outputParams()));
            }
        }
        return any ? Optional.of(table.toString()) : Optional.empty();
    }

    /** The range that the integers can express, such as {@code 8 bit 0.000..5.231}. */
    private static String describe(QuantParams params) {
        if (params == null) {
            return NONE;
        }
        return String.format(
                Locale.ROOT,
                "%d bit %.3f..%.3f",
                params.spec().bits(),
                params.dequantize(params.spec().qMin(), 0),
                params.dequantize(params.spec().qMax(), 0));
    }
}
