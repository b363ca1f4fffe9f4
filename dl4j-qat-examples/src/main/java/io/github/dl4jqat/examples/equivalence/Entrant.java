package io.github.dl4jqat.examples.equivalence;

import java.util.Arrays;
import java.util.Optional;

/** The networks that train side by side on the same batches. */
public enum Entrant {
    /** With the estimator under test. */
    ESTIMATOR("estimator"),
    /** Straight through, changed as the theorem for the optimizer says. */
    STE("ste"),
    /**
     * Straight through with the same start and the same learning rate, where SGD asks for others.
     */
    NO_WARP("noWarp"),
    /** Straight through from moved weights and with alpha, where Adam asks for neither. */
    WARP("warp"),
    /** With the estimator, and a learning rate that is one percent larger. */
    JITTER("jitter");

    private final String key;

    Entrant(String key) {
        this.key = key;
    }

    /** The name in the JSON file. */
    public String key() {
        return key;
    }

    /** The entrant with that key. */
    static Optional<Entrant> of(String key) {
        return Arrays.stream(values()).filter(e -> e.key.equals(key)).findFirst();
    }

    /** What the network is, for people. */
    String words(Optimizer optimizer) {
        if (usesEstimator()) {
            return this == JITTER ? "tanh gradient, rate + 1 %" : "tanh gradient";
        }
        return warps(optimizer)
                ? "straight through, moved start and rate"
                : "straight through, nothing changed";
    }

    /** The straight-through network with the treatment that the optimizer does not ask for. */
    static Entrant untreated(Optimizer optimizer) {
        return optimizer.warps() ? NO_WARP : WARP;
    }

    boolean warps(Optimizer optimizer) {
        return this == WARP || (this == STE && optimizer.warps());
    }

    boolean usesEstimator() {
        return this == ESTIMATOR || this == JITTER;
    }

    double rateFactor() {
        return this == JITTER ? 1.01 : 1;
    }
}
