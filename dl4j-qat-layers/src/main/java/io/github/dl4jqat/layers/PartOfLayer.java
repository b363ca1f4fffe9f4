package io.github.dl4jqat.layers;

/**
 * A running layer that may be one of several inside another. All of them have the index of the
 * whole, and at most one gives what the whole gives.
 */
interface PartOfLayer {

    /**
     * Tells the parts of a layer apart, which draw their random numbers by it: zero for a layer of
     * its own, and for the part whose output is that of the whole; another number for each of the
     * others.
     */
    int part();

    /** The number of a layer that may be a part or not. */
    static int of(org.deeplearning4j.nn.api.Layer layer) {
        return layer instanceof PartOfLayer inside ? inside.part() : 0;
    }
}
