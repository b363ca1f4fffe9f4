/**
 * One network, one order of the data, every gradient estimator at every width: which of them keeps
 * the accuracy, and where does it end.
 *
 * <p>{@link io.github.dl4jqat.examples.comparison.EstimatorRecipes} says how each estimator is
 * used, {@link io.github.dl4jqat.examples.comparison.Comparison} measures, {@link
 * io.github.dl4jqat.examples.comparison.ComparisonPage} shows it.
 *
 * <p>Depends on: the library's facade, {@code examples.data}.
 */
package io.github.dl4jqat.examples.comparison;
