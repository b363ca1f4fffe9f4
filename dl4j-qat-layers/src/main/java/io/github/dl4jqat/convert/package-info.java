/**
 * From a quantized network to an {@link io.github.dl4jqat.integer.IntegerNetwork}, and the proof
 * that both compute the same.
 *
 * <p>Depends on: {@code layers}, {@code integer} and what is below them.
 */
package io.github.dl4jqat.convert;
