package io.github.dl4jqat.convert;

import io.github.dl4jqat.layers.NetworkView;
import io.github.dl4jqat.layers.NetworkView.Node;
import io.github.dl4jqat.layers.QuantizedLogits;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.graph.vertex.GraphVertex;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.workspace.LayerWorkspaceMgr;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * What each node of a network gives in evaluation, computed from copies of what it reads. (In
 * Deeplearning4j's own {@code feedForward} an activation layer writes over its input, and whatever
 * else reads that tensor gets the wrong numbers.)
 */
abstract class EvaluationPass {

    private final NetworkView network;
    private int examples;

    private EvaluationPass(NetworkView network) {
        this.network = network;
    }

    static EvaluationPass of(MultiLayerNetwork net, NetworkView view) {
        return new EvaluationPass(view) {
            @Override
            INDArray[] outputs(INDArray[] inputs) {
                return new INDArray[] {net.output(inputs[0].dup())};
            }

            @Override
            INDArray value(Node node, List<INDArray> in) {
                return net.getLayer(node.index())
                        .activate(preProcessed(node, in.get(0)), false, workspaces());
            }
        };
    }

    static EvaluationPass of(ComputationGraph net, NetworkView view) {
        return new EvaluationPass(view) {
            @Override
            INDArray[] outputs(INDArray[] inputs) {
                return net.output(copies(inputs));
            }

            @Override
            void begin(INDArray[] inputs) {
                // Some vertices look at the network's inputs, whatever they read.
                net.setInputs(inputs);
            }

            @Override
            INDArray value(Node node, List<INDArray> in) {
                GraphVertex vertex = net.getVertex(node.name());
                for (int i = 0; i < in.size(); i++) {
                    vertex.setInput(i, in.get(i), workspaces());
                }
                INDArray value = vertex.doForward(false, workspaces());
                vertex.clear();
                return value;
            }
        };
    }

    /** The outputs of the network, as its users get them. */
    abstract INDArray[] outputs(INDArray[] inputs);

    /** What a node gives for arrays that it may write to. */
    abstract INDArray value(Node node, List<INDArray> in);

    /** Called before the first node. */
    void begin(INDArray[] inputs) {}

    /**
     * The values of all inputs and nodes by name; for an output layer with quantized logits its
     * logits.
     */
    final Map<String, INDArray> values(INDArray[] inputs) {
        begin(copies(inputs));
        // Between layers that fold time into the batch only this tells the two apart again.
        examples = Math.toIntExact(inputs[0].size(0));
        Map<String, INDArray> values = new LinkedHashMap<>();
        Map<String, INDArray> logits = new LinkedHashMap<>();
        for (int i = 0; i < inputs.length; i++) {
            values.put(network.inputs().get(i), inputs[i]);
        }
        for (Node node : network.nodes()) {
            List<INDArray> in = node.inputs().stream().map(name -> values.get(name).dup()).toList();
            if (node.running() instanceof QuantizedLogits end) {
                logits.put(node.name(), end.logits(preProcessed(node, in.get(0).dup())));
            }
            values.put(node.name(), value(node, in).dup());
        }
        values.putAll(logits);
        return values;
    }

    private static INDArray[] copies(INDArray[] arrays) {
        INDArray[] copies = new INDArray[arrays.length];
        for (int i = 0; i < arrays.length; i++) {
            copies[i] = arrays[i].dup();
        }
        return copies;
    }

    final INDArray preProcessed(Node node, INDArray x) {
        return node.preProcessor() == null
                ? x
                : node.preProcessor().preProcess(x, examples, workspaces());
    }

    private static LayerWorkspaceMgr workspaces() {
        return LayerWorkspaceMgr.noWorkspaces();
    }
}
