/**
 * The loops: fake quantization forward and each estimator's backward, over blocks of floats or
 * doubles on the heap. No array library appears here, so that a loop is readable, testable and
 * vectorized by the JIT compiler; {@code io.github.dl4jqat.ops} moves the blocks in and out of
 * off-heap memory.
 *
 * <p>Depends on: {@code quant}.
 */
package io.github.dl4jqat.kernels;
