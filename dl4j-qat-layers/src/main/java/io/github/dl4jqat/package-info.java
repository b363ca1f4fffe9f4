/**
 * Quantization-aware training for Deeplearning4j. {@code Qat} is the facade; nothing depends on it.
 */
package io.github.dl4jqat;
