package io.github.dl4jqat.integer;

import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.Requantization;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Seeded random float operations, and models in which they stand between integers. */
final class TestFloats {

    /** The kinds of float operations. */
    enum Kind {
        NORMALIZATION,
        L2,
        P_NORM,
        GLOBAL_P_NORM,
        SOFTMAX,
        YOLO,
        ATTENTION,
        HEADS
    }

    private final TestModels models;
    private final Requantization mode;

    TestFloats(long seed, Requantization mode) {
        this.models = TestModels.upTo8Bits(seed, mode);
        this.mode = mode;
    }

    TestModels models() {
        return models;
    }

    private double number(double low, double high) {
        return low + (high - low) * models.between(0, 1000) / 1000;
    }

    /** An operation from the floats "f" to the floats "g". */
    FloatOp op(Kind kind) {
        int channels = models.between(1, 9);
        int height = models.between(1, 7);
        int width = models.between(1, 7);
        TensorType image = TensorType.ofFloats("f", channels, height, width);
        TensorType same = TensorType.ofFloats("g", channels, height, width);
        return switch (kind) {
            case NORMALIZATION ->
                    new LocalResponseNorm(
                            "island",
                            image,
                            same,
                            number(0.5, 3),
                            models.between(1, 7),
                            number(0, 0.5),
                            number(0.2, 1));
            case L2 -> new L2Normalize("island", image, same, 1e-8);
            case P_NORM -> {
                Window2d w = window(height, width);
                TensorType out =
                        TensorType.ofFloats(
                                "g", channels, w.outputHeight(height), w.outputWidth(width));
                yield new PNormPool2d("island", image, out, w, models.between(1, 6));
            }
            case GLOBAL_P_NORM -> {
                TensorType in =
                        models.between(0, 1) == 0
                                ? image
                                : TensorType.ofFloats("f", channels, height * width);
                TensorType out = TensorType.ofFloats("g", channels);
                yield new GlobalPNormPool("island", in, out, models.between(1, 6));
            }
            case SOFTMAX -> {
                TensorType vector = TensorType.ofFloats("f", channels);
                boolean flat = models.between(0, 1) == 0;
                yield new FloatSoftmax(
                        "island",
                        flat ? vector : image,
                        flat ? TensorType.ofFloats("g", channels) : same);
            }
            case YOLO -> yolo(height, width);
            case ATTENTION -> {
                TensorType x = TensorType.ofFloats("f", channels, height);
                TensorType y = TensorType.ofFloats("g", channels, height);
                yield new DotProductAttention("island", x, x, x, y);
            }
            case HEADS -> heads(channels, height);
        };
    }

    private MultiHeadAttention heads(int n, int steps) {
        int heads = models.between(1, 3);
        int width = models.between(1, 4);
        int out = models.between(1, 6);
        AttentionWeights weights =
                new AttentionWeights(
                        constant(1.0 / n, heads, width, n),
                        constant(1.0 / n, heads, width, n),
                        constant(1, heads, width, n),
                        constant(1.0 / n, heads * width, out));
        TensorType x = TensorType.ofFloats("f", n, steps);
        TensorType y = TensorType.ofFloats("g", out, steps);
        return new MultiHeadAttention("island", x, x, x, y, weights);
    }

    private FloatConstant constant(double reach, Integer... shape) {
        int n = Arrays.stream(shape).reduce(1, (a, b) -> a * b);
        float[] values = new float[n];
        for (int i = 0; i < n; i++) {
            values[i] = (float) number(-reach, reach);
        }
        return FloatConstant.of(List.of(shape), values);
    }

    private Window2d window(int height, int width) {
        int kernelH = models.between(1, Math.min(3, height));
        int kernelW = models.between(1, Math.min(3, width));
        return Window2d.of(kernelH, kernelW)
                .withStride(models.between(1, 3), models.between(1, 3))
                .withDilation(kernelH == height ? 1 : models.between(1, 2), 1)
                .withPads(1, models.between(0, kernelW), 1, models.between(0, kernelW));
    }

    private YoloActivation yolo(int height, int width) {
        int boxes = models.between(1, 3);
        int channels = boxes * (5 + models.between(1, 4));
        List<Float> priors = new ArrayList<>();
        for (int i = 0; i < 2 * boxes; i++) {
            priors.add((float) number(0.5, 3));
        }
        return new YoloActivation(
                "island",
                TensorType.ofFloats("f", channels, height, width),
                TensorType.ofFloats("g", channels, height, width),
                priors);
    }

    /** Integers "q" that become the floats an operation reads. */
    TensorType before(FloatOp op) {
        double scale = op instanceof YoloActivation ? 0.02 : 0.05;
        return new TensorType("q", op.input().shape(), models.activation(scale));
    }

    /** Integers "out" on a grid that most results fit on. */
    TensorType after(FloatOp op, TensorType q) {
        QuantParams in = q.params();
        double largest = in.scale() * q.largestStep();
        int levels = in.spec().qMax() - in.spec().qMin();
        double reach = largest;
        if (op instanceof L2Normalize) {
            reach = 2 / Math.sqrt(q.elements());
        } else if (op instanceof FloatSoftmax) {
            reach = 2.0 / q.size(0);
        } else if (op instanceof YoloActivation) {
            reach = 2;
        } else if (op instanceof PNormPool2d pool) {
            reach = largest * Math.pow(pool.window().area(), 1.0 / pool.p());
        } else if (op instanceof GlobalPNormPool pool) {
            int size = q.elements() / q.size(0);
            reach = largest * Math.pow(size, 1.0 / pool.p());
        }
        return new TensorType("out", op.output().shape(), models.activation(reach / levels));
    }

    /** A model whose only operation on integers is the way to an island and back. */
    IntegerModel around(FloatOp op) {
        TensorType q = before(op);
        TensorType out = after(op, q);
        TensorType x = new TensorType("x", q.shape(), null);
        TensorType y = new TensorType("y", out.shape(), null);
        return IntegerModel.builder()
                .requantization(mode)
                .input(x)
                .add(new Quantize("in", x, q))
                .add(Dequantize.linear("to", q, op.input(), false))
                .add(op)
                .add(new Quantize("from", op.output(), out))
                .add(Dequantize.linear("end", out, y, false))
                .output("y")
                .build();
    }
}
