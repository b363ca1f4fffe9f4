/** Listeners that show what a training does to the integers of a quantized network. */
package io.github.dl4jqat.report;
