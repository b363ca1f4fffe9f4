package io.github.dl4jqat.ops;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.dl4jqat.estimator.GradientEstimators;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.Quantizers;
import java.io.File;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** A saved graph in a process that has never built one. */
final class FreshJvmTest {

    /** Loads a graph, with or without the one precaution, and prints what it computes. */
    public static final class Child {

        private Child() {}

        public static void main(String[] args) {
            if (args[1].equals("register")) {
                QatOps.register();
            }
            try {
                SameDiff sd = SameDiff.load(new File(args[0]), true);
                INDArray y = sd.outputSingle(Collections.emptyMap(), "y");
                INDArray dx = sd.calculateGradients(Collections.emptyMap(), "x").get("x");
                System.out.println("RESULT " + bits(y) + bits(dx));
            } catch (IllegalStateException e) {
                System.out.println("RESULT " + e.getMessage());
            }
        }
    }

    private static String bits(INDArray array) {
        StringBuilder text = new StringBuilder();
        for (float f : array.toFloatVector()) {
            text.append(Integer.toHexString(Float.floatToIntBits(f))).append(' ');
        }
        return text.toString();
    }

    @Test
    void a_registered_graph_computes_the_same_bits_and_a_forgotten_one_says_so(@TempDir Path folder)
            throws Exception {
        SameDiff sd = SameDiff.create();
        SDVariable x = sd.var("x", Nd4j.createFromArray(-2f, -0.61f, 0.03f, 0.35f, 1.7f));
        FakeQuantize.apply(
                        sd,
                        x,
                        QuantParams.of(Quantizers.intPerTensor(4), 0.1f, 0),
                        0,
                        GradientEstimators.clipped())
                .rename("y")
                .mul(2)
                .sum()
                .rename("loss");
        sd.setLossVariables("loss");
        String here =
                bits(sd.outputSingle(Collections.emptyMap(), "y"))
                        + bits(sd.calculateGradients(Collections.emptyMap(), "x").get("x"));
        File file = folder.resolve("graph.fb").toFile();
        sd.save(file, true);

        Process registered = start(folder, "registered", file, "register");
        Process forgotten = start(folder, "forgotten", file, "forget");

        assertThat(result(folder, "registered", registered)).isEqualTo(here);
        assertThat(result(folder, "forgotten", forgotten))
                .startsWith("No op known for hash")
                .contains(FakeQuantize.OP_NAME);
    }

    private static Process start(Path folder, String name, File graph, String mode)
            throws Exception {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        return new ProcessBuilder(
                        java,
                        "-Xmx512m",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Child.class.getName(),
                        graph.getPath(),
                        mode)
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve(name + ".log").toFile())
                .start();
    }

    private static String result(Path folder, String name, Process process) throws Exception {
        boolean ended = process.waitFor(120, TimeUnit.SECONDS);
        if (!ended) {
            process.destroyForcibly();
        }
        String output = Files.readString(folder.resolve(name + ".log"), StandardCharsets.UTF_8);
        assertThat(ended).as(output).isTrue();
        return Arrays.stream(output.split("\\R"))
                .filter(line -> line.startsWith("RESULT "))
                .map(line -> line.substring("RESULT ".length()))
                .findFirst()
                .orElseThrow(() -> new AssertionError(output));
    }
}
