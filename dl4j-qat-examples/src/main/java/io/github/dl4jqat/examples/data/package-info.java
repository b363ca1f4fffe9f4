/**
 * Pictures of digits to train on: MNIST-style IDX files, the files that Deeplearning4j has already
 * cached, or digits that the program draws itself.
 *
 * <p>Depends on: ND4J's data set types. Knows nothing of networks or quantization.
 */
package io.github.dl4jqat.examples.data;
