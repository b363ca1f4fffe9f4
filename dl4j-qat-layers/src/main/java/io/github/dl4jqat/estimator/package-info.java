/**
 * How a tensor is quantized while a network trains, and which gradient passes the rounding: {@link
 * io.github.dl4jqat.estimator.GradientEstimator} and its kinds, each after its paper; and what
 * happens when, {@link io.github.dl4jqat.estimator.QatSchedule}.
 *
 * <p>Depends on: {@code quant}, {@code kernels}.
 */
package io.github.dl4jqat.estimator;
