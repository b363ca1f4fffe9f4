/**
 * Integer models by name: {@link io.github.dl4jqat.zoo.IntegerModelZoo} finds them in a folder, on
 * the class path or on a web server, checks every byte before use and keeps what was downloaded;
 * {@link io.github.dl4jqat.zoo.ModelCard} says what a model is for, what it takes and how good it
 * is. The manifest of a zoo is specified in {@code docs/model-zoo.md}.
 *
 * <p>Whatever a stranger's zoo holds, reading it ends in a model or in a {@link
 * io.github.dl4jqat.zoo.ZooException}, with memory and time bounded by {@link
 * io.github.dl4jqat.zoo.ZooLimits}.
 *
 * <p>Depends on: {@code integer}, the JDK with its HTTP client, slf4j, the shaded Jackson of ND4J.
 * Nothing here depends on Deeplearning4j; a zoo works where only integer models run.
 */
package io.github.dl4jqat.zoo;
