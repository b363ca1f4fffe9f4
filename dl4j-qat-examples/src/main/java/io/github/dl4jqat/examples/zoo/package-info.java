/**
 * Which models of Deeplearning4j's zoo go all the way: prepare, calibrate, train, save, convert,
 * run on each engine. Each model runs in a process of its own, so that none takes memory from the
 * next, and one that fails ends nothing but itself.
 *
 * <p>{@link io.github.dl4jqat.examples.zoo.ZooCoverage} starts the processes, {@link
 * io.github.dl4jqat.examples.zoo.ZooProcess} is what runs in them.
 *
 * <p>Depends on: the library's facade, {@code examples.network}, Deeplearning4j's zoo.
 */
package io.github.dl4jqat.examples.zoo;
