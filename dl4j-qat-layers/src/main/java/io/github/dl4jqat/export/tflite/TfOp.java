package io.github.dl4jqat.export.tflite;

import org.tensorflow.lite.schema.BuiltinOperator;
import org.tensorflow.lite.schema.BuiltinOptions;

/**
 * The built-in operators that are written, each with the lowest version that takes int8 and the
 * kind of its options.
 */
enum TfOp {
    ADD(BuiltinOperator.ADD, 2, BuiltinOptions.AddOptions),
    CAST(BuiltinOperator.CAST, 1, BuiltinOptions.CastOptions),
    CONCATENATION(BuiltinOperator.CONCATENATION, 2, BuiltinOptions.ConcatenationOptions),
    CONV_2D(BuiltinOperator.CONV_2D, 3, BuiltinOptions.Conv2DOptions),
    DEPTHWISE_CONV_2D(BuiltinOperator.DEPTHWISE_CONV_2D, 3, BuiltinOptions.DepthwiseConv2DOptions),
    DEQUANTIZE(BuiltinOperator.DEQUANTIZE, 2, BuiltinOptions.DequantizeOptions),
    FULLY_CONNECTED(BuiltinOperator.FULLY_CONNECTED, 4, BuiltinOptions.FullyConnectedOptions),
    GATHER(BuiltinOperator.GATHER, 2, BuiltinOptions.GatherOptions),
    LOCAL_RESPONSE_NORMALIZATION(
            BuiltinOperator.LOCAL_RESPONSE_NORMALIZATION,
            1,
            BuiltinOptions.LocalResponseNormalizationOptions),
    LOGISTIC(BuiltinOperator.LOGISTIC, 2, BuiltinOptions.NONE),
    MAXIMUM(BuiltinOperator.MAXIMUM, 2, BuiltinOptions.MaximumMinimumOptions),
    MAX_POOL_2D(BuiltinOperator.MAX_POOL_2D, 2, BuiltinOptions.Pool2DOptions),
    MEAN(BuiltinOperator.MEAN, 2, BuiltinOptions.ReducerOptions),
    MINIMUM(BuiltinOperator.MINIMUM, 2, BuiltinOptions.MaximumMinimumOptions),
    MUL(BuiltinOperator.MUL, 2, BuiltinOptions.MulOptions),
    PAD(BuiltinOperator.PAD, 2, BuiltinOptions.PadOptions),
    PADV2(BuiltinOperator.PADV2, 2, BuiltinOptions.PadV2Options),
    QUANTIZE(BuiltinOperator.QUANTIZE, 1, BuiltinOptions.QuantizeOptions),
    RESHAPE(BuiltinOperator.RESHAPE, 1, BuiltinOptions.ReshapeOptions),
    RESIZE_NEAREST_NEIGHBOR(
            BuiltinOperator.RESIZE_NEAREST_NEIGHBOR,
            2,
            BuiltinOptions.ResizeNearestNeighborOptions),
    REVERSE_V2(BuiltinOperator.REVERSE_V2, 1, BuiltinOptions.ReverseV2Options),
    SLICE(BuiltinOperator.SLICE, 2, BuiltinOptions.SliceOptions),
    SOFTMAX(BuiltinOperator.SOFTMAX, 2, BuiltinOptions.SoftmaxOptions),
    SUB(BuiltinOperator.SUB, 2, BuiltinOptions.SubOptions),
    TANH(BuiltinOperator.TANH, 2, BuiltinOptions.NONE),
    TRANSPOSE(BuiltinOperator.TRANSPOSE, 2, BuiltinOptions.TransposeOptions);

    private final int code;
    private final int version;
    private final byte options;

    TfOp(int code, int version, byte options) {
        this.code = code;
        this.version = version;
        this.options = options;
    }

    /** The number in the schema. */
    int code() {
        return code;
    }

    /** The lowest version of the operator that takes int8. */
    int version() {
        return version;
    }

    /** The kind of options in the schema. */
    byte options() {
        return options;
    }
}
