package io.github.dl4jqat.layers;

import java.util.List;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.recurrent.Bidirectional;

/** The contract for two layers in one. */
abstract class BidirectionalContractTest extends SequenceContractTest {

    abstract Bidirectional.Mode mode();

    /** The stock layer that reads in both directions. */
    abstract Layer inside();

    @Override
    final Bidirectional stock() {
        return new Bidirectional(mode(), inside());
    }

    @Override
    final Layer twin(LayerQuantization quantization) {
        return QuantBidirectional.of(stock(), quantization);
    }

    @Override
    boolean hasWeights() {
        return true;
    }

    @Override
    boolean takesDropout() {
        return false;
    }

    @Override
    boolean hasPreActivation() {
        return true;
    }

    /** Twice the parameters of one layer, and those of what both give together. */
    static List<String> keys(List<String> ofOne, String... together) {
        List<String> keys = new java.util.ArrayList<>();
        ofOne.forEach(key -> keys.add("f" + key));
        ofOne.forEach(key -> keys.add("b" + key));
        keys.addAll(List.of(together));
        return keys;
    }
}
