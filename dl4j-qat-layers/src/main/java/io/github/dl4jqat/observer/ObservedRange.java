package io.github.dl4jqat.observer;

/**
 * What an observer knows of a tensor. Immutable and thread-safe.
 *
 * @param min lower end of the range
 * @param max upper end of the range
 * @param batches how many batches have been observed; 0 means that nothing is known yet
 */
public record ObservedRange(float min, float max, long batches) {

    /** Nothing observed yet. */
    public static final ObservedRange NONE = new ObservedRange(0, 0, 0);
}
