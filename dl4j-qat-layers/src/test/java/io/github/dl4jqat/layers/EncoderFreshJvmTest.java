package io.github.dl4jqat.layers;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.dl4jqat.Qat;
import io.github.dl4jqat.Seeds;
import io.github.dl4jqat.prepare.QatConfig;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.variational.VariationalAutoencoder;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;

/** A saved encoder in a process that has seen no class of this library before. */
@ExtendWith(Seeds.class)
class EncoderFreshJvmTest {

    private static final int FEATURES = 5;

    /** Loads a network and prints its parameters, what it computes, and after one more step. */
    public static final class Child {

        private Child() {}

        public static void main(String[] args) throws Exception {
            System.out.println("RESULT " + look(Path.of(args[0])));
        }
    }

    private static String look(Path file) throws Exception {
        MultiLayerNetwork net = ModelSerializer.restoreMultiLayerNetwork(file.toFile(), true);
        INDArray x = Nd4j.linspace(DataType.FLOAT, -1, 0.1, 4 * FEATURES).reshape(4, FEATURES);
        String before = text(net, x);
        net.fit(x, Nd4j.eye(4).castTo(DataType.FLOAT));
        return before + text(net, x);
    }

    private static String text(MultiLayerNetwork net, INDArray x) {
        return net.paramTable().keySet()
                + Arrays.toString(Nets.bits(net.params()))
                + Arrays.toString(Nets.bits(net.output(x)));
    }

    @Test
    void aSavedEncoder_isTheSame(@TempDir Path folder, Random random) throws Exception {
        MultiLayerNetwork net =
                (MultiLayerNetwork)
                        Nets.chain(
                                Nets.Kind.MULTI_LAYER,
                                new NeuralNetConfiguration.Builder().seed(9),
                                InputType.feedForward(FEATURES),
                                List.of(
                                        new VariationalAutoencoder.Builder()
                                                .encoderLayerSizes(4, 3)
                                                .decoderLayerSizes(3)
                                                .nOut(2)
                                                .build(),
                                        new OutputLayer.Builder().nOut(4).build()));
        DataSet data =
                new DataSet(
                        Nets.random(random, DataType.FLOAT, 6, FEATURES),
                        Nets.labels(random, DataType.FLOAT, 6, 4));
        MultiLayerNetwork qat = Qat.prepare(net, QatConfig.int8());
        qat.fit(data);
        Path file = folder.resolve("net.zip");
        ModelSerializer.writeModel(qat, file.toFile(), true);
        Path log = folder.resolve("log.txt");
        Process process =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "-Xmx512m",
                                "-cp",
                                System.getProperty("java.class.path"),
                                Child.class.getName(),
                                file.toString())
                        .redirectErrorStream(true)
                        .redirectOutput(log.toFile())
                        .start();
        boolean ended = process.waitFor(120, TimeUnit.SECONDS);
        if (!ended) {
            process.destroyForcibly();
        }
        String output = Files.readString(log, StandardCharsets.UTF_8);
        assertThat(ended).as(output).isTrue();
        assertThat(output.lines()).contains("RESULT " + look(file));
        assertThat(output).contains("0_e1OutputRange", "0_pXZW");
    }
}
