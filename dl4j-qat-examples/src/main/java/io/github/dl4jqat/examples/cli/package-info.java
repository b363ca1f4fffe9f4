/**
 * The {@code qat} command line: quickstart, prepare, convert, evaluate, inspect, estimators,
 * zoo-coverage.
 *
 * <p>Only this package writes to the standard streams, and only through {@link
 * io.github.dl4jqat.examples.cli.Console}.
 *
 * <p>Depends on: the library's facade, {@code examples.data}, {@code examples.comparison}, {@code
 * examples.network}, {@code examples.zoo}, picocli.
 */
package io.github.dl4jqat.examples.cli;
