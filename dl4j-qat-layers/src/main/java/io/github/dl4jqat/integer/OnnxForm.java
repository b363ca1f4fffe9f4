package io.github.dl4jqat.integer;

/** How quantized operations are written in an ONNX graph. */
public enum OnnxForm {
    /**
     * Float operators between DequantizeLinear and QuantizeLinear, which a runtime fuses to integer
     * ones. Any runtime can run it; one that does not fuse computes with floats.
     */
    QDQ,
    /**
     * Operators on integers where ONNX or ONNX Runtime has one, QDQ for the rest. Nothing is left
     * to an optimizer, but sums and products of tensors and means are rounded by ONNX Runtime's own
     * formulas, which may differ from {@link JavaEngine} by one level.
     */
    QOPERATOR
}
