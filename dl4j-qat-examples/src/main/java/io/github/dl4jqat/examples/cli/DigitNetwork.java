package io.github.dl4jqat.examples.cli;

import java.util.Locale;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;

/** The networks that the quickstart can train, under the names that its option takes. */
enum DigitNetwork {
    /** The LeNet of Deeplearning4j's zoo. */
    LENET("a LeNet", "LeNet"),

    /** One that fits into a microcontroller. */
    TINY("a tiny network", "tiny");

    private final String phrase;
    private final String title;

    DigitNetwork(String phrase, String title) {
        this.phrase = phrase;
        this.title = title;
    }

    /** For sentences, with its article. */
    String phrase() {
        return phrase;
    }

    /** For tables. */
    String title() {
        return title;
    }

    /** How its files are called: this, and what comes behind. */
    String file(String ending) {
        return name().toLowerCase(Locale.ROOT) + ending;
    }

    /** Untrained, with a learning rate for that many iterations. */
    MultiLayerNetwork network(long seed, int iterations) {
        return switch (this) {
            case LENET -> LeNetRecipe.network(seed, iterations);
            case TINY -> TinyRecipe.network(seed, iterations);
        };
    }

    @Override
    public String toString() {
        return file("");
    }
}
