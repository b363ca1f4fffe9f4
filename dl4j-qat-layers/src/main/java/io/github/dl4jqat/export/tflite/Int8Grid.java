package io.github.dl4jqat.export.tflite;

import io.github.dl4jqat.integer.TensorType;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.QuantSpec;

/**
 * The int8 numbers that stand for the integers of a tensor: the same less 128 for unsigned ones of
 * 8 bits, the same otherwise. The zero point moves with them, so {@code q - zeroPoint}, and with it
 * all arithmetic, stays what it is.
 *
 * @param scale as in the model
 * @param zeroPoint as int8
 * @param offset what is taken off
 */
record Int8Grid(float scale, int zeroPoint, int offset) {

    private static final int UNSIGNED_OFFSET = 128;

    static Int8Grid of(TensorType tensor) {
        QuantParams params = tensor.params();
        QuantSpec spec = params.spec();
        if (spec.bits() > Byte.SIZE) {
            throw new NotSupported("int8 activations have 8 bits, tensor " + tensor + " has more");
        }
        int offset = spec.qMax() > Byte.MAX_VALUE ? UNSIGNED_OFFSET : 0;
        return new Int8Grid(params.scale(), params.zeroPoint() - offset, offset);
    }

    TfGraph.Scales scales() {
        return TfGraph.Scales.of(scale, zeroPoint);
    }
}
