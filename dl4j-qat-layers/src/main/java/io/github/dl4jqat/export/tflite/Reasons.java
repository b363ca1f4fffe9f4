package io.github.dl4jqat.export.tflite;

import io.github.dl4jqat.integer.Conv3d;
import io.github.dl4jqat.integer.FloatOp;
import io.github.dl4jqat.integer.IntegerOp;
import io.github.dl4jqat.integer.Recurrent;

/** Why kinds of operations have no TFLite form. */
final class Reasons {

    private Reasons() {}

    static String of(IntegerOp op) {
        if (op instanceof Recurrent) {
            return "TFLite's integer LSTM has other tables and rounds at other places than this"
                    + " cell, and there is none for the other cells";
        }
        if (op instanceof Conv3d) {
            return "CONV_3D computes with floats only";
        }
        if (op instanceof FloatOp) {
            return "TFLite has no built-in operator for this float formula";
        }
        return "there is no TFLite form of it";
    }
}
