package io.github.dl4jqat.examples.bench;

import io.github.dl4jqat.integer.AveragePool2d;
import io.github.dl4jqat.integer.Combine;
import io.github.dl4jqat.integer.Conv2d;
import io.github.dl4jqat.integer.Dense;
import io.github.dl4jqat.integer.Dequantize;
import io.github.dl4jqat.integer.GlobalPool;
import io.github.dl4jqat.integer.IntegerModel;
import io.github.dl4jqat.integer.IntegerOp;
import io.github.dl4jqat.integer.MaxPool2d;
import io.github.dl4jqat.integer.OnnxGraph;
import io.github.dl4jqat.integer.OnnxGraph.ElementType;
import io.github.dl4jqat.integer.OnnxGraph.Value;
import io.github.dl4jqat.integer.Quantize;
import io.github.dl4jqat.integer.Reshape;
import io.github.dl4jqat.integer.TensorType;
import io.github.dl4jqat.integer.Weights;
import io.github.dl4jqat.integer.Window2d;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The float network behind an integer model as an ONNX graph: the same operators on the reals that
 * its integers stand for, and nothing rounded in between. It is what the integer model has to be
 * faster than.
 */
final class FloatOnnx {

    private final OnnxGraph graph = new OnnxGraph("float");
    private final Map<String, Value> values = new HashMap<>();

    private FloatOnnx() {}

    /**
     * The bytes of the graph; inputs and outputs have the names of the model's.
     *
     * @throws UnsupportedOperationException for operations that no network here has
     */
    static byte[] of(IntegerModel model) {
        FloatOnnx onnx = new FloatOnnx();
        for (TensorType x : model.inputs()) {
            onnx.values.put(x.name(), onnx.graph.input(x.name(), ElementType.FLOAT, x.shape()));
        }
        model.outputs().forEach(y -> onnx.graph.reserveOutput(y.name()));
        for (IntegerOp op : model.ops()) {
            onnx.values.put(op.output().name(), onnx.of(op));
        }
        for (TensorType y : model.outputs()) {
            onnx.graph.output(y.name(), onnx.values.get(y.name()), ElementType.FLOAT, y.shape());
        }
        return onnx.graph.model().setProducerName("dl4j-qat bench").build().toByteArray();
    }

    private Value of(IntegerOp op) {
        String name = op.output().name();
        List<Value> in = new ArrayList<>();
        op.inputs().forEach(t -> in.add(values.get(t.name())));
        Value x = in.get(0);
        if (op instanceof Conv2d conv) {
            OnnxGraph.Node node =
                    graph.node("Conv", x, weights(name, conv.weights()), bias(name, conv));
            node.with("group", conv.groups());
            return rectified(windowed(node, conv.window()).as(name), conv.low(), op.output());
        } else if (op instanceof Dense dense) {
            Value y =
                    graph.node("Gemm", x, weights(name, dense.weights()), bias(name, dense))
                            .with("transB", 1)
                            .as(name);
            return rectified(y, dense.low(), op.output());
        } else if (op instanceof MaxPool2d pool) {
            return windowed(graph.node("MaxPool", x), pool.window()).as(name);
        } else if (op instanceof AveragePool2d pool) {
            return windowed(graph.node("AveragePool", x), pool.window())
                    .with("count_include_pad", pool.includePadInDivisor() ? 1 : 0)
                    .as(name);
        } else if (op instanceof GlobalPool pool && pool.kind() == GlobalPool.Kind.AVERAGE) {
            return shaped(graph.node("GlobalAveragePool", x).as(name + "_mean"), op.output());
        } else if (op instanceof Reshape) {
            return shaped(x, op.output());
        } else if (op instanceof Combine sum && sum.kind() == Combine.Kind.SUM && in.size() == 2) {
            Value y = graph.node("Add", x, in.get(1)).as(name);
            return rectified(y, sum.low(), op.output());
        } else if (op instanceof Quantize) {
            return x;
        } else if (op instanceof Dequantize end) {
            return end.softmax() ? graph.node("Softmax", x).with("axis", 1).as(name) : x;
        }
        throw new UnsupportedOperationException("no float form of " + op + " is written here");
    }

    private Value weights(String name, Weights w) {
        float[] reals = new float[w.elements()];
        for (int i = 0; i < reals.length; i++) {
            reals[i] = w.params().dequantize(w.get(i), channelScale(w, i));
        }
        int[] shape = w.shape().stream().mapToInt(n -> n).toArray();
        return graph.floats(name + "_w", reals, shape);
    }

    private static int channelScale(Weights w, int element) {
        return w.params().size() == 1 ? 0 : element / w.elementsPerChannel();
    }

    private Value bias(String name, IntegerOp op) {
        Weights w = op.constants().orElseThrow();
        float[] reals = new float[w.channels()];
        float in = op.inputs().get(0).params().scale();
        for (int c = 0; c < reals.length; c++) {
            reals[c] = w.bias(c) * in * w.params().scale(w.params().size() == 1 ? 0 : c);
        }
        return graph.floats(name + "_b", reals, reals.length);
    }

    /** Where nothing below zero comes out there may as well be a ReLU. */
    private Value rectified(Value y, int low, TensorType output) {
        return low == output.params().zeroPoint()
                ? graph.node("Relu", y).as(output.name() + "_relu")
                : y;
    }

    private Value shaped(Value x, TensorType output) {
        long[] shape = new long[output.shape().size() + 1];
        shape[0] = -1;
        for (int i = 1; i < shape.length; i++) {
            shape[i] = output.shape().get(i - 1);
        }
        Value to = graph.longs(output.name() + "_shape", shape, shape.length);
        return graph.node("Reshape", x, to).as(output.name());
    }

    private static OnnxGraph.Node windowed(OnnxGraph.Node node, Window2d w) {
        return node.with("kernel_shape", new int[] {w.kernelH(), w.kernelW()})
                .with("strides", new int[] {w.strideH(), w.strideW()})
                .with("pads", new int[] {w.padTop(), w.padLeft(), w.padBottom(), w.padRight()});
    }
}
