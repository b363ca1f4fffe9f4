/**
 * Examples, the {@code qat} command line and the benchmarks. Depends on everything, nothing depends
 * on it.
 */
package io.github.dl4jqat.examples;
