package io.github.dl4jqat.layers;

import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.BaseLayer;
import org.deeplearning4j.nn.conf.memory.LayerMemoryReport;
import org.deeplearning4j.nn.conf.memory.MemoryReport;

/** The memory of layers without a stock report, or one that takes every input for an image. */
final class MemoryReports {

    private MemoryReports() {}

    /** Parameters, updater state, and in training the value before the activation function. */
    static LayerMemoryReport of(BaseLayer layer, InputType input) {
        InputType output = layer.getOutputType(-1, input);
        long params = layer.initializer().numParams(layer);
        return new LayerMemoryReport.Builder(layer.getLayerName(), layer.getClass(), input, output)
                .standardMemory(params, layer.getIUpdater().stateSize(params))
                .workingMemory(0, 0, 0, output.arrayElementsPerExample())
                .cacheMemory(MemoryReport.CACHE_MODE_ALL_ZEROS, MemoryReport.CACHE_MODE_ALL_ZEROS)
                .build();
    }
}
