/**
 * From a float network to a quantized one that trains: which layers are replaced and why others are
 * not ({@link io.github.dl4jqat.prepare.PreparationPlan}), rules by name, pattern and type, and
 * calibration.
 *
 * <p>Depends on: {@code layers} and what is below it.
 */
package io.github.dl4jqat.prepare;
