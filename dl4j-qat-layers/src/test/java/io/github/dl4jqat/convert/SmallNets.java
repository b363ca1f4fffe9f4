package io.github.dl4jqat.convert;

import io.github.dl4jqat.Qat;
import io.github.dl4jqat.layers.Nets;
import io.github.dl4jqat.prepare.QatConfig;
import java.util.List;
import java.util.Random;
import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration.GraphBuilder;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** Tiny dense networks of five features, for tests of what conversion and comparison say. */
final class SmallNets {

    static final int FEATURES = 5;

    private SmallNets() {}

    static NeuralNetConfiguration.Builder settings(long seed) {
        return new NeuralNetConfiguration.Builder().seed(seed).updater(new Adam(1e-2));
    }

    static DenseLayer dense(String name, int n, Activation f) {
        return new DenseLayer.Builder().name(name).nOut(n).activation(f).build();
    }

    static OutputLayer output(String name, int n, LossFunction loss, Activation f) {
        return new OutputLayer.Builder(loss).name(name).nOut(n).activation(f).build();
    }

    static MultiLayerNetwork network(long seed, Layer... layers) {
        NeuralNetConfiguration.ListBuilder list = settings(seed).list();
        for (Layer layer : layers) {
            list.layer(layer);
        }
        MultiLayerNetwork net =
                new MultiLayerNetwork(list.setInputType(InputType.feedForward(FEATURES)).build());
        net.init();
        return net;
    }

    /** Prepared and calibrated. */
    static MultiLayerNetwork quantized(long seed, Layer... layers) {
        MultiLayerNetwork qat = Qat.prepare(network(seed, layers), QatConfig.int8());
        Qat.calibrate(qat, data(seed, 1), 2);
        return qat;
    }

    static GraphBuilder graph() {
        return settings(3).graphBuilder().addInputs("in");
    }

    /** Prepared and calibrated. */
    static ComputationGraph quantized(GraphBuilder graph) {
        graph.setInputTypes(InputType.feedForward(FEATURES));
        ComputationGraph net = new ComputationGraph(graph.build());
        net.init();
        ComputationGraph qat = Qat.prepare(net, QatConfig.int8());
        Qat.calibrate(qat, data(3, 1), 2);
        return qat;
    }

    static INDArray features(long seed) {
        return Nets.random(new Random(seed), DataType.FLOAT, 8, FEATURES);
    }

    static DataSetIterator data(long seed, int outputs) {
        INDArray y = Nets.random(new Random(seed + 1), DataType.FLOAT, 8, outputs);
        return new ListDataSetIterator<>(List.of(new DataSet(features(seed), y)), 8);
    }
}
