/**
 * One type for Deeplearning4j's two kinds of network, for the examples and commands that take
 * either.
 *
 * <p>Depends on: the library's facade.
 */
package io.github.dl4jqat.examples.network;
