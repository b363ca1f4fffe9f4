package io.github.dl4jqat.examples.cli;

import io.github.dl4jqat.examples.network.Numbers;
import io.github.dl4jqat.layers.NetworkView;
import io.github.dl4jqat.layers.NetworkView.Node;
import io.github.dl4jqat.layers.QuantizedLayer;
import io.github.dl4jqat.quant.QuantParams;
import java.util.Locale;

/** Shows a prepared network: what it is made of, and what it has learned about its tensors. */
final class PreparedSummary {

    private static final String NONE = "-";

    private final Console console;

    PreparedSummary(Console console) {
        this.console = console;
    }

    void show(NetworkView network) {
        console.text(layers(network).toString());
        Numbers all = Numbers.of(network);
        console.text("");
        console.line(
                "%,d weights, biases and factors of batch normalizations, %,d numbers that"
                        + " quantizers learn,",
                all.weights(), all.learned());
        console.line(
                "%,d of ranges, statistics and counts, which no optimizer moves.", all.state());
        console.text("");
        console.text("Quantized tensors (a dash: none, or no data seen yet)");
        console.text("");
        console.text(tensors(network).toString());
    }

    private static Table layers(NetworkView network) {
        Table table =
                new Table("layer", "configuration", "reads", "weights", "learned", "ranges etc.");
        for (Node node : network.nodes()) {
            Numbers numbers = Numbers.of(node);
            table.row(
                    node.name(),
                    node.kind() + (node.frozen() ? ", frozen" : ""),
                    String.join(", ", node.inputs()),
                    count(numbers.weights()),
                    count(numbers.learned()),
                    count(numbers.state()));
        }
        return table;
    }

    private static String count(long numbers) {
        return numbers == 0 ? NONE : String.format(Locale.ROOT, "%,d", numbers);
    }

    private static Table tensors(NetworkView network) {
        Table table = new Table("layer", "weight bits", "input", "before function", "output");
        for (Node node : network.nodes()) {
            if (node.running() instanceof QuantizedLayer quantized) {
                table.row(
                        node.name(),
                        quantized.quantization().weight() == null
                                ? NONE
                                : String.valueOf(quantized.quantization().weight().spec().bits()),
                        describe(quantized.inputParams()),
                        describe(quantized.preActivationParams()),
                        describe(quantized.outputParams()));
            }
        }
        return table;
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
