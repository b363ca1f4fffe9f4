/** Runs exported models on the runtimes they are for, and compares them with the Java engine. */
package io.github.dl4jqat.examples.deploy;
