/** Benchmarks that check their results before they time them. */
package io.github.dl4jqat.examples.bench;
