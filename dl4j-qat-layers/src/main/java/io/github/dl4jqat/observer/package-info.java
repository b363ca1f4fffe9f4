/**
 * Ranges from data: how the range of a tensor follows the batches it has seen.
 *
 * <p>Depends on: {@code quant}.
 */
package io.github.dl4jqat.observer;
