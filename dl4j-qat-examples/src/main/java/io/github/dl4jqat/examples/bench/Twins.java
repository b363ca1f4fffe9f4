package io.github.dl4jqat.examples.bench;

import io.github.dl4jqat.Qat;
import io.github.dl4jqat.layers.LayerQuantization;
import io.github.dl4jqat.layers.QuantLayerConfiguration;
import io.github.dl4jqat.prepare.QatConfig;
import org.deeplearning4j.datasets.iterator.utilty.SingletonDataSetIterator;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.graph.LayerVertex;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.wrapper.BaseWrapperLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;

/** One network three times: as Deeplearning4j has it, quantized, and in our layers as floats. */
final class Twins {

    private Twins() {}

    /** The network with quantization in its layers and ranges from a batch. */
    static ComputationGraph quantized(ComputationGraph stock, QatConfig config, DataSet batch) {
        ComputationGraph net = Qat.prepare(stock, config);
        Qat.calibrate(net, new SingletonDataSetIterator(batch), 1);
        return net;
    }

    /**
     * The layers of a quantized network with nothing quantized: the same convolutions, the same
     * folded normalizations, floats. With the parameters that the quantized network has.
     */
    static ComputationGraph floating(ComputationGraph quantized) {
        // Through JSON, because the clone of a wrapper shares what it wraps.
        ComputationGraphConfiguration conf =
                ComputationGraphConfiguration.fromJson(quantized.getConfiguration().toJson());
        conf.getVertices()
                .values()
                .forEach(
                        vertex -> {
                            if (vertex instanceof LayerVertex layer) {
                                switchOff(layer.getLayerConf().getLayer());
                            }
                        });
        ComputationGraph net = new ComputationGraph(conf);
        net.init();
        for (int i = 0; i < net.getNumLayers(); i++) {
            org.deeplearning4j.nn.api.Layer from = quantized.getLayer(i);
            net.getLayer(i)
                    .paramTable()
                    .forEach(
                            (key, value) -> {
                                INDArray source = from.getParam(key);
                                if (source != null) {
                                    value.assign(source);
                                }
                            });
        }
        return net;
    }

    private static void switchOff(Layer layer) {
        if (layer instanceof BaseWrapperLayer wrapper) {
            switchOff(wrapper.getUnderlying());
        } else if (layer instanceof QuantLayerConfiguration quant) {
            quant.setQuantization(
                    LayerQuantization.OFF.withBatchNorm(quant.getQuantization().batchNorm()));
        }
    }
}
