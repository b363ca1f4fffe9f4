package io.github.dl4jqat.examples.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;

/** {@link Progress} redraws a bar on a terminal and writes few lines elsewhere. */
class ProgressTest {

    private final StringWriter text = new StringWriter();

    @Test
    void withoutATerminal_thereIsALineAtEveryQuarter() {
        run(new Console(new PrintWriter(text)), 40);
        assertThat(text.toString())
                .contains(" 25 %", " 50 %", " 75 %", "100 %")
                .doesNotContain("\r")
                .hasLineCount(4);
    }

    @Test
    void withoutATerminal_aShortTraining_hasNoMoreLinesThanIterations() {
        run(new Console(new PrintWriter(text)), 3);
        assertThat(text.toString()).contains("100 %").hasLineCount(3);
    }

    @Test
    void onATerminal_oneLineIsRedrawn_andEndsFull() {
        run(new Console(new PrintWriter(text), true), 40);
        assertThat(text.toString()).startsWith("\r").containsOnlyOnce(System.lineSeparator());
        assertThat(text.toString()).contains("[" + "#".repeat(30) + "] 40/40");
    }

    private static void run(Console console, int iterations) {
        Progress progress = new Progress(console, "training", iterations);
        for (int i = 0; i < iterations; i++) {
            progress.iterationDone(model(), i, 0);
        }
    }

    private static Model model() {
        MultiLayerNetwork net =
                new MultiLayerNetwork(
                        new NeuralNetConfiguration.Builder()
                                .list(new OutputLayer.Builder().nIn(2).nOut(2).build())
                                .build());
        net.setScore(0.5);
        return net;
    }
}
