/**
 * The {@code qat} command line: quickstart, prepare, convert, evaluate, inspect.
 *
 * <p>Only this package writes to the standard streams, and only through {@link
 * io.github.dl4jqat.examples.cli.Console}.
 *
 * <p>Depends on: the library's facade, {@code examples.data}, picocli.
 */
package io.github.dl4jqat.examples.cli;
