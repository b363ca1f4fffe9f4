/**
 * Quantized layers: the configurations that users write, subclasses of the stock ones with the same
 * builders, and the package-private runtime layers behind them.
 *
 * <p>The names of the public configuration classes are part of the file format: DL4J writes them
 * into every saved network.
 *
 * <p>Depends on: {@code quant}, {@code kernels}, {@code ops}, {@code estimator}, {@code observer},
 * Deeplearning4j.
 */
package io.github.dl4jqat.layers;
