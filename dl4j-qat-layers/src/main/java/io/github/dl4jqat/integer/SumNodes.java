package io.github.dl4jqat.integer;

import io.github.dl4jqat.integer.OnnxGraph.Value;
import java.util.function.UnaryOperator;

/** How layers that sum up products are written. */
interface SumNodes {

    /**
     * A convolution.
     *
     * @param window sets the attributes for window and groups
     */
    Value conv(
            IntegerOp op,
            Weights weights,
            Value in,
            UnaryOperator<OnnxGraph.Node> window,
            int low,
            int high);

    /** A dense layer. */
    Value dense(Dense op, Value in);
}
