/**
 * Integer models as ONNX files: {@link io.github.dl4jqat.export.onnx.OnnxExporter}. The graph is
 * the one that the ONNX Runtime engine runs, with float inputs and outputs.
 *
 * <p>Depends on: {@code integer}, the ONNX message classes of nd4j-api. ONNX Runtime is not needed
 * to write a file.
 */
package io.github.dl4jqat.export.onnx;
