package io.github.dl4jqat.prepare;

import io.github.dl4jqat.layers.InputLinks;
import io.github.dl4jqat.layers.NetworkView;
import io.github.dl4jqat.layers.NetworkView.Node;
import io.github.dl4jqat.layers.NormalizingLayer;
import io.github.dl4jqat.layers.QuantLayerConfiguration;
import io.github.dl4jqat.layers.RunningStatistics;
import io.github.dl4jqat.ops.ChannelKernels;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.graph.vertex.impl.LayerVertex;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.dataset.api.iterator.MultiDataSetIterator;

/**
 * Running statistics of batch normalization anew, from real data: runs batches forward as in
 * evaluation, with quantized weights, each batch normalized with its own statistics, and keeps the
 * average. Changes these statistics and nothing else; those of frozen layers stay.
 */
public final class BatchNormReestimator {

    private static final int RANK_OF_IMAGES = 4;

    private final NetworkView network;
    private final Outer outer;
    private final List<RunningStatistics> statistics = new ArrayList<>();
    private final List<Runnable> restore = new ArrayList<>();

    /** How to put another running layer in the place of one. */
    private interface Outer {
        /** The layer at a node, in its wrappers. */
        Layer at(Node node);

        /** Puts a layer there. */
        void put(Node node, Layer layer);
    }

    private BatchNormReestimator(NetworkView network, Outer outer) {
        this.network = network;
        this.outer = outer;
    }

    /** Estimates with at most that many batches. */
    public static void reestimate(MultiLayerNetwork net, DataSetIterator data, int batches) {
        Outer outer =
                new Outer() {
                    @Override
                    public Layer at(Node node) {
                        return net.getLayers()[node.index()];
                    }

                    @Override
                    public void put(Node node, Layer layer) {
                        net.getLayers()[node.index()] = layer;
                    }
                };
        new BatchNormReestimator(NetworkView.of(net), outer)
                .run(ForwardRuns.of(net, data), batches);
    }

    /** Estimates with a graph with one input. */
    public static void reestimate(ComputationGraph net, DataSetIterator data, int batches) {
        of(net).run(ForwardRuns.of(net, data), batches);
    }

    /** Estimates with a graph with any number of inputs. */
    public static void reestimate(ComputationGraph net, MultiDataSetIterator data, int batches) {
        of(net).run(ForwardRuns.of(net, data), batches);
    }

    private static BatchNormReestimator of(ComputationGraph net) {
        NetworkView view = NetworkView.of(net);
        InputLinks.link(view);
        return new BatchNormReestimator(
                view,
                new Outer() {
                    @Override
                    public Layer at(Node node) {
                        return net.getVertex(node.name()).getLayer();
                    }

                    @Override
                    public void put(Node node, Layer layer) {
                        ((LayerVertex) net.getVertex(node.name())).setLayer(layer);
                    }
                });
    }

    private void run(ForwardRuns runs, int batches) {
        List<Node> nodes =
                network.nodes().stream().filter(n -> !n.frozen() && normalizes(n)).toList();
        if (nodes.isEmpty()) {
            throw new IllegalArgumentException(
                    "Qat.reestimateBatchNorm: the network has no batch normalization that is not"
                            + " frozen, so there are no running statistics to estimate");
        }
        runs.run("reestimateBatchNorm", batches, passes -> around(nodes, passes));
    }

    private static boolean normalizes(Node node) {
        return node.running() instanceof NormalizingLayer layer
                ? layer.runningStatistics() != null
                : isStock(node);
    }

    private static boolean isStock(Node node) {
        return node.layer() instanceof BatchNormalization
                && !(node.layer() instanceof QuantLayerConfiguration);
    }

    private void around(List<Node> nodes, Runnable passes) {
        boolean done = false;
        try {
            for (Node node : nodes) {
                if (isStock(node)) {
                    watch(node);
                } else {
                    begin(((NormalizingLayer) node.running()).runningStatistics());
                }
            }
            passes.run();
            done = true;
        } finally {
            restore.forEach(Runnable::run);
            for (RunningStatistics s : statistics) {
                s.end(done);
            }
        }
    }

    private void begin(RunningStatistics s) {
        s.begin();
        statistics.add(s);
    }

    /** A stock layer knows nothing of this: someone has to look at its input before it does. */
    private void watch(Node node) {
        Layer layer = outer.at(node);
        RunningStatistics s = new RunningStatistics(layer.paramTable(), 0);
        begin(s);
        BatchNormalization conf = (BatchNormalization) node.layer();
        Consumer<INDArray> look =
                x -> {
                    boolean last =
                            x.rank() == RANK_OF_IMAGES && conf.getCnn2DFormat() == CNN2DFormat.NHWC;
                    int axis = last ? RANK_OF_IMAGES - 1 : 1;
                    s.batch(ChannelKernels.moments(x, axis), x.length() / x.size(axis));
                };
        outer.put(node, watched(layer, look));
        restore.add(() -> outer.put(node, layer));
    }

    /** The layer, with a look at its input before each forward pass. */
    private static Layer watched(Layer layer, Consumer<INDArray> look) {
        return (Layer)
                Proxy.newProxyInstance(
                        BatchNormReestimator.class.getClassLoader(),
                        new Class<?>[] {Layer.class},
                        (proxy, method, arguments) -> {
                            if (method.getName().equals("activate")) {
                                look.accept(arguments[0] instanceof INDArray x ? x : layer.input());
                            }
                            try {
                                return method.invoke(layer, arguments);
                            } catch (InvocationTargetException e) {
                                throw e.getCause();
                            }
                        });
    }
}
