package io.github.dl4jqat.examples.equivalence;

/**
 * How far the histories of two networks' levels agree.
 *
 * @param sequences share of the weights that went through the same levels in the same order
 * @param changed share of the weights that changed at all, in either history
 * @param sequencesOfChanged the first share among those that changed; 1 for none
 * @param stepError mean distance, in steps, of the change points of equal sequences
 */
public record SequenceAgreement(
        double sequences, double changed, double sequencesOfChanged, double stepError) {}
