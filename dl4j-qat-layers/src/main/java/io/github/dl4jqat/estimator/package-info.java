/**
 * Which gradient a rounded value gets: {@link io.github.dl4jqat.estimator.GradientEstimator} and
 * its kinds, each named after its paper.
 *
 * <p>Depends on: {@code quant}, {@code kernels}.
 */
package io.github.dl4jqat.estimator;
