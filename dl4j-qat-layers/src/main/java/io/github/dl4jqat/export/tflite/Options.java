package io.github.dl4jqat.export.tflite;

import com.google.flatbuffers.FlatBufferBuilder;
import java.util.function.ToIntFunction;
import org.tensorflow.lite.schema.ActivationFunctionType;
import org.tensorflow.lite.schema.AddOptions;
import org.tensorflow.lite.schema.CastOptions;
import org.tensorflow.lite.schema.ConcatenationOptions;
import org.tensorflow.lite.schema.DequantizeOptions;
import org.tensorflow.lite.schema.FullyConnectedOptions;
import org.tensorflow.lite.schema.FullyConnectedOptionsWeightsFormat;
import org.tensorflow.lite.schema.GatherOptions;
import org.tensorflow.lite.schema.LocalResponseNormalizationOptions;
import org.tensorflow.lite.schema.MaximumMinimumOptions;
import org.tensorflow.lite.schema.MulOptions;
import org.tensorflow.lite.schema.PadOptions;
import org.tensorflow.lite.schema.PadV2Options;
import org.tensorflow.lite.schema.QuantizeOptions;
import org.tensorflow.lite.schema.ReducerOptions;
import org.tensorflow.lite.schema.ReshapeOptions;
import org.tensorflow.lite.schema.ResizeNearestNeighborOptions;
import org.tensorflow.lite.schema.ReverseV2Options;
import org.tensorflow.lite.schema.SliceOptions;
import org.tensorflow.lite.schema.SoftmaxOptions;
import org.tensorflow.lite.schema.SubOptions;
import org.tensorflow.lite.schema.TransposeOptions;

/** What writes the options of operators. */
final class Options {

    /** For operators without a table of options. */
    static final ToIntFunction<FlatBufferBuilder> NONE = fb -> 0;

    static final ToIntFunction<FlatBufferBuilder> DEQUANTIZE =
            table(
                    DequantizeOptions::startDequantizeOptions,
                    DequantizeOptions::endDequantizeOptions);
    static final ToIntFunction<FlatBufferBuilder> MAXIMUM_MINIMUM =
            table(
                    MaximumMinimumOptions::startMaximumMinimumOptions,
                    MaximumMinimumOptions::endMaximumMinimumOptions);
    static final ToIntFunction<FlatBufferBuilder> PAD =
            table(PadOptions::startPadOptions, PadOptions::endPadOptions);
    static final ToIntFunction<FlatBufferBuilder> PADV2 =
            table(PadV2Options::startPadV2Options, PadV2Options::endPadV2Options);
    static final ToIntFunction<FlatBufferBuilder> QUANTIZE =
            table(QuantizeOptions::startQuantizeOptions, QuantizeOptions::endQuantizeOptions);
    static final ToIntFunction<FlatBufferBuilder> REVERSE =
            table(ReverseV2Options::startReverseV2Options, ReverseV2Options::endReverseV2Options);
    static final ToIntFunction<FlatBufferBuilder> SLICE =
            table(SliceOptions::startSliceOptions, SliceOptions::endSliceOptions);
    static final ToIntFunction<FlatBufferBuilder> TRANSPOSE =
            table(TransposeOptions::startTransposeOptions, TransposeOptions::endTransposeOptions);

    /** The whole number {@code i / n} for element {@code i}, without an offset. */
    static final ToIntFunction<FlatBufferBuilder> NEAREST =
            fb -> ResizeNearestNeighborOptions.createResizeNearestNeighborOptions(fb, false, false);

    static final ToIntFunction<FlatBufferBuilder> GATHER_ROWS =
            fb -> GatherOptions.createGatherOptions(fb, 0, 0);
    static final ToIntFunction<FlatBufferBuilder> SOFTMAX =
            fb -> SoftmaxOptions.createSoftmaxOptions(fb, 1f);
    static final ToIntFunction<FlatBufferBuilder> REDUCE =
            fb -> ReducerOptions.createReducerOptions(fb, false);

    private Options() {}

    private interface Start {
        void start(FlatBufferBuilder fb);
    }

    private static ToIntFunction<FlatBufferBuilder> table(
            Start start, ToIntFunction<FlatBufferBuilder> end) {
        return fb -> {
            start.start(fb);
            return end.applyAsInt(fb);
        };
    }

    static ToIntFunction<FlatBufferBuilder> add(byte activation) {
        return fb -> AddOptions.createAddOptions(fb, activation, true);
    }

    static ToIntFunction<FlatBufferBuilder> subtract(byte activation) {
        return fb -> SubOptions.createSubOptions(fb, activation, true);
    }

    static ToIntFunction<FlatBufferBuilder> multiply(byte activation) {
        return fb -> MulOptions.createMulOptions(fb, activation);
    }

    static ToIntFunction<FlatBufferBuilder> fullyConnected(byte activation) {
        return fb ->
                FullyConnectedOptions.createFullyConnectedOptions(
                        fb, activation, FullyConnectedOptionsWeightsFormat.DEFAULT, false, false);
    }

    static ToIntFunction<FlatBufferBuilder> concatenation(int axis) {
        return fb ->
                ConcatenationOptions.createConcatenationOptions(
                        fb, axis, ActivationFunctionType.NONE);
    }

    static ToIntFunction<FlatBufferBuilder> cast(byte from, byte to) {
        return fb -> CastOptions.createCastOptions(fb, from, to);
    }

    static ToIntFunction<FlatBufferBuilder> reshape(int[] shape) {
        int[] copy = shape.clone();
        return fb ->
                ReshapeOptions.createReshapeOptions(
                        fb, ReshapeOptions.createNewShapeVector(fb, copy));
    }

    static ToIntFunction<FlatBufferBuilder> localResponse(
            int radius, float bias, float alpha, float beta) {
        return fb ->
                LocalResponseNormalizationOptions.createLocalResponseNormalizationOptions(
                        fb, radius, bias, alpha, beta);
    }
}
