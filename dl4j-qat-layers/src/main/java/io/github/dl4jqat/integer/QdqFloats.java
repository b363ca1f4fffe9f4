package io.github.dl4jqat.integer;

import io.github.dl4jqat.integer.OnnxGraph.Value;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The float operations of {@link OnnxQdq}: float operators of ONNX, which compute in float32 where
 * {@link JavaEngine} computes in double, so that their results differ in the last bits.
 */
final class QdqFloats {

    private static final int AXES_ARE_INPUT = 18;

    private final OnnxGraph graph;
    private final QdqPieces pieces;
    private final QdqAttention attention;

    QdqFloats(OnnxGraph graph, QdqPieces pieces) {
        this.graph = graph;
        this.pieces = pieces;
        attention = new QdqAttention(graph, pieces, this::softmax);
    }

    Value of(FloatOp op, List<Value> all) {
        Value x = all.get(0);
        if (op instanceof LocalResponseNorm lrn) {
            return normalization(lrn, x);
        } else if (op instanceof L2Normalize normalize) {
            return l2Normalize(normalize, x);
        } else if (op instanceof PNormPool2d pool) {
            return pNorm(pool, x);
        } else if (op instanceof GlobalPNormPool pool) {
            return pNorm(pool, x);
        } else if (op instanceof FloatSoftmax) {
            return softmax(op.output().name(), x, 1);
        } else if (op instanceof YoloActivation yolo) {
            return yolo(yolo, x);
        } else if (op instanceof DotProductAttention dotProduct) {
            return attention.of(dotProduct, all);
        } else if (op instanceof MultiHeadAttention multiHead) {
            return attention.of(multiHead, all);
        }
        throw new IllegalArgumentException("QdqFloats: " + op + " has no ONNX form");
    }

    /** ONNX divides alpha by the size of the window. */
    private Value normalization(LocalResponseNorm op, Value x) {
        int size = 2 * op.reach() + 1;
        return graph.node("LRN", x)
                .with("size", size)
                .with("alpha", (float) (op.alpha() * size))
                .with("beta", (float) op.beta())
                .with("bias", (float) op.k())
                .as(op.output().name());
    }

    private Value l2Normalize(L2Normalize op, Value x) {
        String name = op.output().name();
        int[] axes = new int[op.input().rank()];
        Arrays.setAll(axes, axis -> axis + 1);
        Value length = reduced("ReduceL2", x, axes).as(name + "/length");
        Value bound = graph.node("Max", length, atLeast(name, op.eps())).as(name + "/bound");
        return graph.node("Div", x, bound).as(name);
    }

    /** A lower bound that is more than 0 in float too. */
    private Value atLeast(String name, double bound) {
        float least = Math.max((float) bound, Float.MIN_NORMAL);
        return graph.floats(name + "/least", new float[] {least});
    }

    /** A window's sum of powers is a depthwise convolution with ones. */
    private Value pNorm(PNormPool2d op, Value x) {
        String name = op.output().name();
        int channels = op.input().size(0);
        Window2d w = op.window();
        float[] ones = new float[channels * w.area()];
        Arrays.fill(ones, 1f);
        Value weights = graph.floats(name + "/ones", ones, channels, 1, w.kernelH(), w.kernelW());
        Value abs = graph.node("Abs", x).as(name + "/abs");
        Value unit = unit(name, abs, op.p(), 1, 2, 3);
        OnnxGraph.Node sum = graph.node("Conv", powers(name, abs, unit, op.p()), weights);
        Value sums = QdqPieces.windowed(sum, w).with("group", channels).as(name + "/sums");
        return root(name, sums, unit, op.p());
    }

    private Value pNorm(GlobalPNormPool op, Value x) {
        String name = op.output().name();
        int channels = op.input().size(0);
        int size = op.input().elements() / channels;
        Value rows = pieces.reshape(x, TensorType.ofFloats(name + "/rows", channels, size));
        Value abs = graph.node("Abs", rows).as(name + "/abs");
        Value unit = unit(name, abs, op.p(), 1, 2);
        Value axes = graph.longs(name + "/axes", new long[] {2}, 1);
        Value sums =
                graph.node("ReduceSum", powers(name, abs, unit, op.p()), axes).as(name + "/sums");
        return pieces.reshape(root(name + "/norms", sums, unit, op.p()), op.output());
    }

    /**
     * The largest element of an example: powers of its shares stay within the range of floats. Null
     * where powers need no such care.
     */
    private Value unit(String name, Value abs, int p, int... axes) {
        if (p <= 2) {
            return null;
        }
        Value most = reduced("ReduceMax", abs, axes).as(name + "/most");
        return graph.node("Max", most, atLeast(name, 0)).as(name + "/largest");
    }

    /** The axes of a reduction became an input with opset 18, that of a sum with 13. */
    private OnnxGraph.Node reduced(String operator, Value x, int... axes) {
        if (graph.options().opset() < AXES_ARE_INPUT) {
            return graph.node(operator, x).with("axes", axes);
        }
        long[] numbers = Arrays.stream(axes).asLongStream().toArray();
        return graph.node(operator, x, graph.longs(x.name() + "/axes", numbers, numbers.length));
    }

    private Value powers(String name, Value abs, Value unit, int p) {
        if (p == 1) {
            return abs;
        }
        Value share = unit == null ? abs : graph.node("Div", abs, unit).as(name + "/share");
        return power(name + "/powers", share, p);
    }

    private Value root(String name, Value sums, Value unit, int p) {
        if (p == 1) {
            return sums;
        }
        if (p == 2) {
            return graph.node("Sqrt", sums).as(name);
        }
        return graph.node("Mul", power(name + "/root", sums, 1f / p), unit).as(name);
    }

    private Value power(String name, Value base, float exponent) {
        return graph.node("Pow", base, graph.floats(name + "_exponent", new float[] {exponent}))
                .as(name);
    }

    /**
     * By hand: ONNX Runtime would fuse the operator of this name with its neighbours to one on
     * bytes, which can be wrong by more than a level.
     */
    private Value softmax(String name, Value x, int axis) {
        Value most = reduced("ReduceMax", x, axis).as(name + "/largest");
        Value exp =
                graph.node("Exp", graph.node("Sub", x, most).as(name + "/below")).as(name + "/exp");
        Value axes = graph.longs(name + "/axis", new long[] {axis}, 1);
        Value sum = graph.node("ReduceSum", exp, axes).as(name + "/sum");
        return graph.node("Div", exp, sum).as(name);
    }

    private Value yolo(YoloActivation op, Value x) {
        String name = op.output().name();
        int boxes = op.boxes();
        int perBox = YoloActivation.COORDINATES + op.classes();
        int height = op.input().size(1);
        int width = op.input().size(2);
        TensorType apart = TensorType.ofFloats(name + "/boxes", boxes, perBox, height, width);
        Value all = pieces.reshape(x, apart);
        float[] priors = new float[2 * boxes];
        for (int i = 0; i < priors.length; i++) {
            priors[i] = op.priors().get(i);
        }
        Value centre = graph.node("Sigmoid", part(name + "/centre", all, 0, 2)).as(name + "/xy");
        Value extent = graph.node("Exp", part(name + "/extent", all, 2, 4)).as(name + "/exp");
        Value sized =
                graph.node("Mul", extent, graph.floats(name + "/priors", priors, boxes, 2, 1, 1))
                        .as(name + "/wh");
        Value sure = graph.node("Sigmoid", part(name + "/sure", all, 4, 5)).as(name + "/c");
        Value classes = softmax(name + "/classes", part(name + "/scores", all, 5, perBox), 2);
        Value joined =
                graph.node("Concat", centre, sized, sure, classes)
                        .with("axis", 2)
                        .as(name + "/joined");
        return pieces.reshape(joined, op.output());
    }

    /** Some of the numbers of each box. */
    private Value part(String name, Value boxes, long from, long to) {
        List<Value> inputs = new ArrayList<>(List.of(boxes));
        inputs.add(graph.longs(name + "_from", new long[] {from}, 1));
        inputs.add(graph.longs(name + "_to", new long[] {to}, 1));
        inputs.add(graph.longs(name + "_axis", new long[] {2}, 1));
        return graph.node("Slice", inputs.toArray(new Value[0])).as(name);
    }
}
