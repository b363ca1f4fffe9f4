/**
 * The arithmetic of quantization: which integers a tensor may take ({@link
 * io.github.dl4jqat.quant.QuantSpec}), what they mean ({@link
 * io.github.dl4jqat.quant.QuantParams}), and how an accumulator becomes an integer of the next
 * tensor ({@link io.github.dl4jqat.quant.Requantizer}). Training, conversion, engines and exporters
 * share these few functions; a second implementation of any of them anywhere else is a bug.
 *
 * <p>Depends on: the JDK only.
 */
package io.github.dl4jqat.quant;
