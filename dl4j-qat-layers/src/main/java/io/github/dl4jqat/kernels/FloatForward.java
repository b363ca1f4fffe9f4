package io.github.dl4jqat.kernels;

/**
 * A forward pass in float arithmetic, with the bits of {@link EstimatorKernel#forward}, for a
 * kernel that does more than round. On integer grids of every number only.
 */
public interface FloatForward {

    /** Whether there is one with the kernel's settings. */
    boolean servesFloats();

    /** {@code x} becomes what training computes with in its place. */
    void forward(FloatRun run);
}
