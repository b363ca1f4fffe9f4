package io.github.dl4jqat.layers;

import org.deeplearning4j.nn.conf.layers.AbstractLSTM;
import org.deeplearning4j.nn.conf.layers.BaseRecurrentLayer;
import org.deeplearning4j.nn.conf.layers.GravesLSTM;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.recurrent.SimpleRnn;
import org.nd4j.linalg.activations.IActivation;

/** What the recurrent layers differ in. */
@SuppressWarnings("deprecation") // GravesLSTM is, but networks have it
enum RecurrentKind {
    /** Output is the activation function of one sum. */
    SIMPLE(1, false, false),
    /** A memory and three gates. */
    LSTM(4, true, false),
    /** The same; the gates see the memory too. */
    GRAVES_LSTM(4, true, true);

    private final int gates;
    private final boolean memory;
    private final boolean peepholes;

    RecurrentKind(int gates, boolean memory, boolean peepholes) {
        this.gates = gates;
        this.memory = memory;
        this.peepholes = peepholes;
    }

    /** The kind of a configuration. */
    static RecurrentKind of(Layer layer) {
        if (layer instanceof GravesLSTM) {
            return GRAVES_LSTM;
        }
        if (layer instanceof AbstractLSTM) {
            return LSTM;
        }
        if (layer instanceof SimpleRnn) {
            return SIMPLE;
        }
        throw new IllegalArgumentException(
                "there is no quantized form of the recurrent layer " + layer.getClass().getName());
    }

    /** How many sums each unit has: the columns of the weights are that many times the units. */
    int gates() {
        return gates;
    }

    /** Whether there is a memory beside the output. */
    boolean hasMemory() {
        return memory;
    }

    /** Whether the recurrent weights have three more columns, from the memory to the gates. */
    boolean hasPeepholes() {
        return peepholes;
    }

    /** The function of the gates; null for a layer without. */
    IActivation gateFunction(BaseRecurrentLayer layer) {
        return memory ? ((AbstractLSTM) layer).getGateActivationFn() : null;
    }
}
