package io.github.dl4jqat.layers;

import org.deeplearning4j.nn.conf.layers.recurrent.Bidirectional;

/** A running pair of recurrent layers, one of which reads its sequences from their end. */
public interface QuantizedBidirectionalLayer extends QuantizedLayer {

    /** The layer that reads sequences as they are. */
    QuantizedRecurrentLayer forward();

    /** The layer that reads them from their end; its output is turned around again. */
    QuantizedRecurrentLayer backward();

    /** How what both give is combined. */
    Bidirectional.Mode mode();
}
