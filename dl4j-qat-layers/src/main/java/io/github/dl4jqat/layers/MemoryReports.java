package io.github.dl4jqat.layers;

import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.BaseLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.memory.LayerMemoryReport;
import org.deeplearning4j.nn.conf.memory.MemoryReport;
import org.nd4j.linalg.learning.config.IUpdater;

/** The memory of layers without a stock report, or one that takes every input for an image. */
final class MemoryReports {

    private MemoryReports() {}

    /** Parameters, updater state, and in training the value before the activation function. */
    static LayerMemoryReport of(BaseLayer layer, InputType input) {
        return of(layer, layer.getIUpdater(), input);
    }

    /** The same for a layer whose updater is given. */
    static LayerMemoryReport of(Layer layer, IUpdater updater, InputType input) {
        InputType output = layer.getOutputType(-1, input);
        long params = layer.initializer().numParams(layer);
        return new LayerMemoryReport.Builder(layer.getLayerName(), layer.getClass(), input, output)
                .standardMemory(params, updater.stateSize(params))
                .workingMemory(0, 0, 0, output.arrayElementsPerExample())
                .cacheMemory(MemoryReport.CACHE_MODE_ALL_ZEROS, MemoryReport.CACHE_MODE_ALL_ZEROS)
                .build();
    }
}
