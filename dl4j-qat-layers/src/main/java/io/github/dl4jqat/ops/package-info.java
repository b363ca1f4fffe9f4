/**
 * The kernels on ND4J arrays: {@link io.github.dl4jqat.ops.QuantizerPass} for layers, and SameDiff
 * ops with their own backward pass for graphs. Both run the same loops, so they give the same bits.
 *
 * <p>Depends on: {@code quant}, {@code kernels}, {@code estimator}, ND4J.
 */
package io.github.dl4jqat.ops;
