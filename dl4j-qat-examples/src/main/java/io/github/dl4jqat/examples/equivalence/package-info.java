/**
 * An experiment: does a network that trains with a gradient estimator of its own become the one
 * that trains straight through? After arXiv:2405.05171.
 */
package io.github.dl4jqat.examples.equivalence;
