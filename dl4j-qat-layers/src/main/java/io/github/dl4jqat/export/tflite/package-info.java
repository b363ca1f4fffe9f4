/**
 * Integer models as TFLite files: {@link io.github.dl4jqat.export.tflite.TfLiteExporter} writes
 * them, for phones and microcontrollers.
 *
 * <p>A {@code Lowering} holds the graph under construction ({@code TfGraph}); one class for each
 * family of operations ({@code LinearLowering}, {@code PoolLowering}, {@code TableLowering}, ...)
 * adds tensors and operators to it; {@code TfWriter} makes a flatbuffer of the result. {@code
 * Layout} and {@code Int8Grid} are the two things in which TFLite's tensors differ from those of an
 * integer model: channels come last, and integers are signed.
 *
 * <p>Depends on: {@code quant}, {@code integer}, and the classes of TFLite's schema, an optional
 * dependency.
 */
package io.github.dl4jqat.export.tflite;
