package io.github.dl4jqat.convert;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.dl4jqat.Qat;
import io.github.dl4jqat.integer.EngineChoice;
import io.github.dl4jqat.integer.FloatNetwork;
import io.github.dl4jqat.integer.IntegerNetwork;
import io.github.dl4jqat.integer.Qnet;
import io.github.dl4jqat.layers.Nets;
import io.github.dl4jqat.prepare.QatConfig;
import io.github.dl4jqat.prepare.StockJvm;
import java.io.File;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.function.UnaryOperator;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** One file that is an integer model here and a float network for stock Deeplearning4j. */
class FloatNetworkTest {

    private static final int CLASSES = 3;
    private static final int EXAMPLES = 6;

    private final Random random = new Random(19);

    @TempDir private Path dir;

    private static List<Layer> layers() {
        return List.of(
                new ConvolutionLayer.Builder(3, 3)
                        .name("conv")
                        .nOut(4)
                        .activation(Activation.RELU)
                        .build(),
                new SubsamplingLayer.Builder().name("pool").kernelSize(2, 2).build(),
                new DenseLayer.Builder().name("fc").nOut(5).activation(Activation.TANH).build(),
                new OutputLayer.Builder(LossFunction.MCXENT)
                        .name("out")
                        .nOut(CLASSES)
                        .activation(Activation.SOFTMAX)
                        .build());
    }

    private DataSet images(DataType type) {
        return new DataSet(
                Nets.random(random, type, EXAMPLES, 2, 9, 9),
                Nets.labels(random, type, EXAMPLES, CLASSES));
    }

    private Model trained(Nets.Kind kind, DataType type) {
        Model net =
                Nets.chain(
                        kind,
                        new NeuralNetConfiguration.Builder()
                                .seed(4)
                                .dataType(type)
                                .updater(new Adam(1e-2)),
                        InputType.convolutional(9, 9, 2),
                        layers());
        Model qat =
                net instanceof MultiLayerNetwork chain
                        ? Qat.prepare(chain, QatConfig.int8())
                        : Qat.prepare((ComputationGraph) net, QatConfig.int8());
        for (int i = 0; i < 3; i++) {
            Nets.fit(qat, images(type));
        }
        return qat;
    }

    private static IntegerNetwork convert(Model net) {
        return net instanceof MultiLayerNetwork chain
                ? Qat.convert(chain)
                : Qat.convert((ComputationGraph) net);
    }

    private static Model strip(Model net) {
        return net instanceof MultiLayerNetwork chain
                ? Qat.strip(chain)
                : Qat.strip((ComputationGraph) net);
    }

    private Path saved(Model net) throws IOException {
        Path file = dir.resolve("both.qnet");
        try (IntegerNetwork integer = convert(net)) {
            if (net instanceof MultiLayerNetwork chain) {
                Qat.save(integer, chain, file);
            } else {
                Qat.save(integer, (ComputationGraph) net, file);
            }
        }
        return file;
    }

    @ParameterizedTest
    @EnumSource(Nets.Kind.class)
    void stockDeeplearning4jLoadsTheSameFile(Nets.Kind kind) throws Exception {
        Model qat = trained(kind, DataType.FLOAT);
        Path file = saved(qat);
        INDArray x = images(DataType.FLOAT).getFeatures();
        float[] here = Nets.output(strip(qat), x).dup('c').data().asFloat();
        int[] expected = new int[here.length];
        Arrays.setAll(expected, i -> Float.floatToRawIntBits(here[i]));
        assertThat(StockJvm.run(kind == Nets.Kind.GRAPH, file, x, dir)).isEqualTo(expected);
    }

    @ParameterizedTest
    @EnumSource(Nets.Kind.class)
    void bothHalvesComeBack(Nets.Kind kind) throws IOException {
        for (DataType type : List.of(DataType.FLOAT, DataType.DOUBLE)) {
            Model qat = trained(kind, type);
            Model stock = strip(qat);
            INDArray x = images(type).getFeatures();
            Path file = saved(qat);
            try (IntegerNetwork integer = convert(qat);
                    IntegerNetwork loaded = IntegerNetwork.load(file)) {
                assertThat(loaded.model()).isEqualTo(integer.model());
                assertThat(Nets.bits(loaded.output(x))).isEqualTo(Nets.bits(integer.output(x)));
                Model back = Qat.toFloat(loaded);
                assertThat(back).isInstanceOf(stock.getClass());
                assertThat(Nets.json(back)).isEqualTo(Nets.json(stock));
                assertThat(Nets.bits(back.params())).isEqualTo(Nets.bits(stock.params()));
                assertThat(Nets.bits(Nets.output(back, x)))
                        .isEqualTo(Nets.bits(Nets.output(stock, x)));
                Nets.fit(back, images(type));
            }
        }
    }

    @Test
    void entriesAreThoseThatModelSerializerWrites() throws IOException {
        MultiLayerNetwork qat = (MultiLayerNetwork) trained(Nets.Kind.MULTI_LAYER, DataType.FLOAT);
        Path file = saved(qat);
        File zip = dir.resolve("stock.zip").toFile();
        ModelSerializer.writeModel(Qat.strip(qat), zip, false);
        try (ZipFile ours = new ZipFile(file.toFile());
                ZipFile stock = new ZipFile(zip)) {
            for (ZipEntry entry : Collections.list(stock.entries())) {
                assertThat(ours.getInputStream(ours.getEntry(entry.getName())).readAllBytes())
                        .as(entry.getName())
                        .isEqualTo(stock.getInputStream(entry).readAllBytes());
            }
            assertThat(stock.size()).isEqualTo(2);
        }
    }

    @Test
    void slimFileIsTheDefault_andLeavesTheFloatNetworkBehind() throws IOException {
        MultiLayerNetwork qat = (MultiLayerNetwork) trained(Nets.Kind.MULTI_LAYER, DataType.FLOAT);
        Path both = saved(qat);
        Path again = dir.resolve("again.qnet");
        Path slim = dir.resolve("slim.qnet");
        try (IntegerNetwork loaded = IntegerNetwork.load(both);
                IntegerNetwork java = loaded.withEngine(EngineChoice.JAVA)) {
            java.save(again);
            assertThat(again).hasSameBinaryContentAs(both);
            Qnet.write(loaded.model(), slim);
        }
        try (IntegerNetwork fresh = Qat.convert(qat);
                ZipFile zip = new ZipFile(slim.toFile())) {
            Path plain = dir.resolve("plain.qnet");
            fresh.save(plain);
            assertThat(plain).hasSameBinaryContentAs(slim);
            assertThat(zip.getEntry("configuration.json")).isNull();
            assertThat(zip.getEntry("coefficients.bin")).isNull();
            assertThatThrownBy(() -> Qat.toFloat(fresh))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("carries no float network")
                    .hasMessageContaining("Qat.save")
                    .hasMessageContaining("Qat.strip");
        }
        assertThat(Files.size(both)).isGreaterThan(Files.size(slim));
    }

    @Test
    void integersOfAnotherNetworkAreRefused() throws IOException {
        MultiLayerNetwork qat = (MultiLayerNetwork) trained(Nets.Kind.MULTI_LAYER, DataType.FLOAT);
        Path file = dir.resolve("other.qnet");
        try (IntegerNetwork integer = Qat.convert(qat)) {
            Nets.fit(qat, images(DataType.FLOAT));
            assertThatThrownBy(() -> Qat.save(integer, qat, file))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("not made of this network");
        }
        assertThat(file).doesNotExist();
    }

    /** The saved network, its float half changed by somebody who gets all sums right. */
    private Model changed(UnaryOperator<String> configuration, UnaryOperator<byte[]> coefficients)
            throws IOException {
        Path file = dir.resolve("changed.qnet");
        try (IntegerNetwork good = IntegerNetwork.load(dir.resolve("both.qnet"))) {
            FloatNetwork carried = good.floatNetwork().orElseThrow();
            String json = StandardCharsets.UTF_8.decode(carried.configuration()).toString();
            byte[] numbers = new byte[carried.coefficients().remaining()];
            carried.coefficients().get(numbers);
            FloatNetwork bad =
                    FloatNetwork.of(
                            configuration.apply(json).getBytes(StandardCharsets.UTF_8),
                            coefficients.apply(numbers));
            Qnet.write(good.model(), Optional.of(bad), file);
        }
        try (IntegerNetwork loaded = IntegerNetwork.load(file)) {
            return Qat.toFloat(loaded);
        }
    }

    private void refused(
            UnaryOperator<String> configuration,
            UnaryOperator<byte[]> coefficients,
            String message) {
        assertThatThrownBy(() -> changed(configuration, coefficients))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("is not sound")
                .hasMessageContaining(message);
    }

    private static byte[] with(byte[] bytes, int at, long value) {
        return ByteBuffer.wrap(bytes.clone()).putLong(at, value).array();
    }

    @Test
    void hostileFloatNetworkIsRefused() throws IOException {
        saved(trained(Nets.Kind.MULTI_LAYER, DataType.FLOAT));
        assertThat(changed(j -> j, c -> c)).isInstanceOf(MultiLayerNetwork.class);
        UnaryOperator<String> same = j -> j;
        String dense = "org.deeplearning4j.nn.conf.layers.DenseLayer";
        refused(j -> j.replace(dense, "javax.swing.JEditorPane"), c -> c, "JEditorPane");
        refused(j -> j.replace(dense, "org.nd4j.Box<java.net.URL>"), c -> c, "java.net.URL");
        refused(j -> j.replace(dense, dense + "X"), c -> c, "cannot make a network of it");
        refused(j -> "{\"a\":".repeat(70) + "1" + "}".repeat(70), c -> c, "nested deeper than 64");
        refused(j -> j.substring(0, j.length() / 2), c -> c, "is not JSON");
        refused(j -> "[]", c -> c, "cannot make a network of it");
        refused(
                j -> j.replaceFirst("\"nout\" : 5", "\"nout\" : 2147483647"),
                c -> c,
                "cannot make a network of it");
        refused(same, c -> Arrays.copyOf(c, c.length - 4), "claim to be");
        refused(same, c -> Arrays.copyOf(c, c.length + 4), "claim to be");
        refused(same, c -> Arrays.copyOf(c, 20), "are cut short");
        // The header: a text, a length, the type, then rank and shape.
        refused(same, c -> with(c, 18, Long.MAX_VALUE), "axes");
        refused(same, c -> with(c, 32, 1L << 40), "axes");
        refused(same, c -> with(c, 40, Long.MAX_VALUE), "claim to be");
        refused(same, c -> with(c, 40, -1), "claim to be");
    }

    /** Strides are not believed: native code would follow them out of the array. */
    @Test
    void stridesInTheFileMeanNothing() throws IOException {
        saved(trained(Nets.Kind.MULTI_LAYER, DataType.FLOAT));
        Model good = changed(j -> j, c -> c);
        Model strided = changed(j -> j, c -> with(c, 48, 1L << 40));
        assertThat(Nets.bits(strided.params())).isEqualTo(Nets.bits(good.params()));
    }
}
