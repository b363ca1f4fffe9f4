package io.github.dl4jqat.convert;

import static io.github.dl4jqat.GraphNets.data;
import static io.github.dl4jqat.GraphNets.ended;
import static io.github.dl4jqat.GraphNets.graph;
import static io.github.dl4jqat.GraphNets.image;
import static io.github.dl4jqat.GraphNets.images;

import io.github.dl4jqat.GraphNets;
import io.github.dl4jqat.Seeds;
import io.github.dl4jqat.estimator.GradientEstimators;
import io.github.dl4jqat.prepare.QatConfig;
import io.github.dl4jqat.quant.Quantizers;
import io.github.dl4jqat.quant.Requantization;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.stream.LongStream;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration.GraphBuilder;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex.Op;
import org.deeplearning4j.nn.conf.graph.MergeVertex;
import org.deeplearning4j.nn.conf.graph.ScaleVertex;
import org.deeplearning4j.nn.conf.graph.ShiftVertex;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.DropoutLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.conf.layers.Upsampling2D;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;

/** Graphs drawn at random, of images of one size; each must convert to the last bit. */
@ExtendWith(Seeds.class)
class RandomGraphTest {

    private static final int CHANNELS = 3;
    private static final int NODES = 9;

    private static final List<Activation> FUNCTIONS =
            List.of(
                    Activation.RELU,
                    Activation.RELU6,
                    Activation.IDENTITY,
                    Activation.TANH,
                    Activation.SIGMOID,
                    Activation.LEAKYRELU,
                    Activation.HARDTANH);

    static LongStream seeds() {
        return LongStream.range(0, Integer.getInteger("qat.graphs", 10))
                .map(i -> Seeds.current() + i);
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void randomGraph_isExact(long seed) {
        Random random = new Random(seed);
        DataType type = random.nextInt(4) == 0 ? DataType.DOUBLE : DataType.FLOAT;
        ComputationGraph net = new Drawing(random, graph(type, "x", "y")).net();
        GraphNets.assertExact(
                net, config(random), data(random, images(CHANNELS), images(CHANNELS)));
    }

    private static QatConfig config(Random random) {
        QatConfig.Builder b = QatConfig.builder();
        int bits = List.of(8, 8, 4, 2, 1).get(random.nextInt(5));
        if (bits < 8) {
            b.weightBits(bits).activationBits(bits);
        }
        if (random.nextInt(5) == 0) {
            b.activationQuant(Quantizers.binaryPerTensor());
        } else if (random.nextInt(3) == 0) {
            b.activationEstimator(GradientEstimators.lsq());
        }
        if (random.nextInt(3) == 0) {
            b.requantization(Requantization.FIXED_POINT);
        }
        return b.build();
    }

    /** A graph in the making. */
    private static final class Drawing {

        private final Random random;
        private final GraphBuilder graph;
        private final List<String> tensors = new ArrayList<>(List.of("x", "y"));
        private final List<String> unread = new ArrayList<>(List.of("x", "y"));
        private int nodes;

        Drawing(Random random, GraphBuilder graph) {
            this.random = random;
            this.graph = graph;
        }

        ComputationGraph net() {
            for (int i = 0; i < NODES; i++) {
                node();
            }
            String end = "end";
            if (unread.size() > 1) {
                graph.addVertex(end, new MergeVertex(), unread.toArray(new String[0]));
            } else {
                end = unread.get(0);
            }
            graph.addLayer("last", GraphNets.conv(4, Activation.RELU), end);
            return ended(graph, "last", image(CHANNELS), image(CHANNELS));
        }

        private String read() {
            return random.nextBoolean()
                    ? unread.get(random.nextInt(unread.size()))
                    : tensors.get(random.nextInt(tensors.size()));
        }

        private String named(String what) {
            return what + nodes++;
        }

        private void made(String name, String... inputs) {
            unread.removeAll(List.of(inputs));
            unread.add(name);
            tensors.add(name);
        }

        private Activation function() {
            return FUNCTIONS.get(random.nextInt(FUNCTIONS.size()));
        }

        private void node() {
            String x = read();
            switch (random.nextInt(10)) {
                case 0, 1 -> {
                    String conv = named("conv");
                    graph.addLayer(conv, GraphNets.conv(CHANNELS, function()), x);
                    made(conv, x);
                }
                case 2, 3 -> joined(x);
                case 4 -> {
                    String f = named("f");
                    graph.addLayer(f, new ActivationLayer(function()), x);
                    made(f, x);
                }
                case 5 -> {
                    String norm = named("norm");
                    graph.addLayer(norm, new BatchNormalization(), x);
                    made(norm, x);
                }
                case 6 -> {
                    String pool = named("pool");
                    graph.addLayer(
                            pool,
                            new SubsamplingLayer.Builder(
                                            random.nextBoolean()
                                                    ? PoolingType.MAX
                                                    : PoolingType.AVG)
                                    .kernelSize(3, 3)
                                    .stride(1, 1)
                                    .convolutionMode(ConvolutionMode.Same)
                                    .build(),
                            x);
                    made(pool, x);
                }
                case 7 -> {
                    String scaled = named("scaled");
                    graph.addVertex(
                            scaled,
                            random.nextBoolean() ? new ScaleVertex(0.3) : new ShiftVertex(-0.2),
                            x);
                    made(scaled, x);
                }
                case 8 -> {
                    String both = named("both");
                    String part = named("mixed");
                    String y = read();
                    graph.addVertex(both, new MergeVertex(), x, y);
                    graph.addLayer(part, GraphNets.conv(CHANNELS, function()), both);
                    made(part, x, y);
                }
                default -> {
                    String up = named("up");
                    String down = named("down");
                    String dropped = named("dropped");
                    graph.addLayer(up, new Upsampling2D.Builder(2).build(), x);
                    graph.addLayer(
                            down,
                            new SubsamplingLayer.Builder(PoolingType.MAX)
                                    .kernelSize(2, 2)
                                    .stride(2, 2)
                                    .build(),
                            up);
                    graph.addLayer(dropped, new DropoutLayer(0.9), down);
                    made(dropped, x);
                }
            }
        }

        private void joined(String x) {
            Op op = List.of(Op.values()).get(random.nextInt(Op.values().length));
            List<String> inputs = new ArrayList<>(List.of(x, read()));
            if (op != Op.Subtract && op != Op.Product && random.nextInt(3) == 0) {
                inputs.add(read());
            }
            String name = named(op.name().toLowerCase(Locale.ROOT));
            String[] from = inputs.toArray(new String[0]);
            graph.addVertex(name, new ElementWiseVertex(op), from);
            made(name, from);
        }
    }
}
