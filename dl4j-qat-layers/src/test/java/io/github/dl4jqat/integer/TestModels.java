package io.github.dl4jqat.integer;

import io.github.dl4jqat.quant.Granularity;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.QuantSpec;
import io.github.dl4jqat.quant.Quantizers;
import io.github.dl4jqat.quant.Requantization;
import io.github.dl4jqat.quant.Symmetry;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** Seeded random operations and models of every kind. */
final class TestModels {

    /** The kinds of operations between Quantize and Dequantize. */
    enum Kind {
        CONV,
        DEPTHWISE,
        DENSE,
        MAX_POOL,
        AVERAGE_POOL,
        GLOBAL_MAX,
        GLOBAL_AVERAGE,
        GLOBAL_SUM,
        SUM,
        SUBTRACT,
        AVERAGE,
        PRODUCT,
        MAX,
        CONCAT,
        SLICE,
        PAD,
        UPSAMPLE,
        SPREAD,
        REVERSE,
        CONV_3D,
        AVERAGE_POOL_3D,
        LOOKUP,
        LOOKUP_PER_CHANNEL,
        RESHAPE,
        TRANSPOSE
    }

    private final Random random;
    private final Requantization mode;
    private final int activationBits;
    private final int weightBits;
    private int mostChannels = 5;
    private int longestSide = 11;
    private int mostInputs = 70;
    private boolean midRiseWeights;

    TestModels(long seed, Requantization mode, int activationBits, int weightBits) {
        this.random = new Random(seed);
        this.mode = mode;
        this.activationBits = activationBits;
        this.weightBits = weightBits;
    }

    /** Widths from 2 to 8 bits, drawn from the seed. */
    static TestModels upTo8Bits(long seed, Requantization mode) {
        Random random = new Random(seed ^ 0x5EED);
        int activation = random.nextInt(3) == 0 ? 2 + random.nextInt(7) : 8;
        int weight = random.nextInt(3) == 0 ? 2 + random.nextInt(7) : 8;
        return new TestModels(seed, mode, activation, weight);
    }

    /** The same draws on images and vectors of the size of real layers. */
    TestModels large() {
        mostChannels = 70;
        longestSide = 24;
        mostInputs = 1500;
        return this;
    }

    /** The same draws with weights that are odd integers. */
    TestModels midRise() {
        midRiseWeights = true;
        return this;
    }

    int between(int low, int high) {
        return low + random.nextInt(high - low + 1);
    }

    /** Scales of simple fractions make ties, others do not. */
    private float scale(double near) {
        double factor = random.nextBoolean() ? 1 : 0.5 + random.nextDouble();
        double power = Math.scalb(1.0, Math.getExponent(near));
        return (float) (factor == 1 ? power : near * factor);
    }

    QuantParams activation(double near) {
        return activation(near, activationBits);
    }

    /** A factor of a product, which must fit into an int32. */
    QuantParams factor(double near) {
        return activation(near, Math.min(activationBits, 15));
    }

    private QuantParams activation(double near, int bits) {
        boolean signed = random.nextBoolean();
        boolean narrow = random.nextInt(4) == 0;
        QuantSpec spec =
                new QuantSpec(bits, signed, Symmetry.AFFINE, narrow, Granularity.perTensor());
        int zeroPoint =
                switch (random.nextInt(3)) {
                    case 0 -> spec.qMin();
                    case 1 -> spec.qMax();
                    default -> between(spec.qMin(), spec.qMax());
                };
        return QuantParams.of(spec, scale(near), zeroPoint);
    }

    Weights weights(double near, int... shape) {
        boolean perChannel = random.nextBoolean();
        QuantSpec spec =
                midRiseWeights
                        ? Quantizers.midRisePerChannel(weightBits)
                        : Quantizers.intPerChannel(weightBits);
        if (!perChannel) {
            spec = spec.withGranularity(Granularity.perTensor());
        }
        float[] scales = new float[perChannel ? shape[0] : 1];
        for (int i = 0; i < scales.length; i++) {
            scales[i] = scale(near);
        }
        List<Integer> sizes = new ArrayList<>();
        int elements = 1;
        for (int n : shape) {
            sizes.add(n);
            elements *= n;
        }
        int[] values = new int[elements];
        boolean extreme = random.nextInt(4) == 0;
        for (int i = 0; i < elements; i++) {
            boolean low = random.nextBoolean();
            int end = low ? spec.qMin() : spec.qMax();
            values[i] = extreme ? end : between(spec.qMin(), spec.qMax());
            if (midRiseWeights && values[i] % 2 == 0) {
                values[i]++;
            }
        }
        int[] bias = new int[shape[0]];
        if (random.nextInt(4) != 0) {
            for (int i = 0; i < bias.length; i++) {
                bias[i] = between(-(1 << 12), 1 << 12);
            }
        }
        return Weights.of(QuantParams.of(spec, scales, 0), sizes, values, bias);
    }

    private Window2d window(boolean padsBelowKernel) {
        int kernelH = between(1, 4);
        int kernelW = between(1, 4);
        int mostH = padsBelowKernel ? kernelH - 1 : 3;
        int mostW = padsBelowKernel ? kernelW - 1 : 3;
        return new Window2d(
                kernelH,
                kernelW,
                between(1, 3),
                between(1, 3),
                between(1, 2),
                between(1, 2),
                between(0, mostH),
                between(0, mostW),
                between(0, mostH),
                between(0, mostW));
    }

    private TensorType image() {
        return TensorType.of(
                "q",
                activation(0.05),
                between(1, mostChannels),
                between(1, longestSide),
                between(1, longestSide));
    }

    private static TensorType image(TensorType in, Window2d w, int channels, QuantParams params) {
        return TensorType.of(
                "out", params, channels, w.outputHeight(in.size(1)), w.outputWidth(in.size(2)));
    }

    /** A random operation of a kind, from a tensor "q" to a tensor "out". */
    IntegerOp op(Kind kind) {
        while (true) {
            try {
                return tryOp(kind);
            } catch (IllegalArgumentException e) {
                // A window that does not fit its image, or that meets padding only: draw again.
                if (!e.getMessage().contains("fit") && !e.getMessage().contains("only padding")) {
                    if (!e.getMessage().contains("size below 1")) {
                        throw e;
                    }
                }
            }
        }
    }

    private IntegerOp tryOp(Kind kind) {
        return switch (kind) {
            case CONV -> conv(false);
            case DEPTHWISE -> conv(true);
            case DENSE -> dense();
            case MAX_POOL -> {
                TensorType in = image();
                Window2d w = window(true);
                yield new MaxPool2d("layer", in, image(in, w, in.size(0), in.params()), w);
            }
            case AVERAGE_POOL -> {
                TensorType in = image();
                Window2d w = window(true);
                TensorType out = image(in, w, in.size(0), activation(in.params().scale() / 2));
                int[] clamp = clamp(out);
                yield new AveragePool2d(
                        "layer", in, out, w, random.nextBoolean(), mode, clamp[0], clamp[1]);
            }
            case GLOBAL_MAX, GLOBAL_AVERAGE, GLOBAL_SUM -> global(kind);
            case SUM, SUBTRACT, AVERAGE, PRODUCT, MAX ->
                    structures().combine(Combine.Kind.valueOf(kind.name()));
            case CONCAT -> structures().concat();
            case SLICE -> structures().slice();
            case PAD -> structures().pad();
            case UPSAMPLE -> structures().upsample();
            case SPREAD -> structures().spread();
            case REVERSE -> structures().reverse();
            case CONV_3D -> new TestVolumes(this, mode).conv();
            case AVERAGE_POOL_3D -> new TestVolumes(this, mode).average();
            case LOOKUP -> lookup(1);
            case LOOKUP_PER_CHANNEL -> lookup(2 + random.nextInt(mostChannels));
            case RESHAPE -> {
                TensorType in = image();
                yield new Reshape("layer", in, TensorType.of("out", in.params(), in.elements()));
            }
            case TRANSPOSE -> {
                TensorType in = image();
                List<Integer> axes = new ArrayList<>(List.of(0, 1, 2));
                Collections.shuffle(axes, random);
                TensorType out =
                        TensorType.of(
                                "out",
                                in.params(),
                                in.size(axes.get(0)),
                                in.size(axes.get(1)),
                                in.size(axes.get(2)));
                yield new Transpose("layer", in, out, axes);
            }
        };
    }

    private TestStructures structures() {
        return new TestStructures(this, mode, longestSide / 2);
    }

    int[] clamp(TensorType out) {
        int low = out.params().spec().qMin();
        int high = out.params().spec().qMax();
        if (random.nextInt(3) == 0) {
            return new int[] {Math.min(high, Math.max(low, out.params().zeroPoint())), high};
        }
        if (random.nextInt(3) == 0) {
            int a = between(low, high);
            return new int[] {a, between(a, high)};
        }
        return new int[] {low, high};
    }

    private Conv2d conv(boolean depthwise) {
        TensorType in = image();
        int groups = depthwise ? in.size(0) : 1;
        int outputs = groups * between(1, depthwise ? 2 : mostChannels + 1);
        return conv(in, groups, outputs, window(false));
    }

    /** A convolution of each channel by itself, with {@code multiplier} outputs for each. */
    Conv2d depthwise(int channels, int multiplier) {
        TensorType in = TensorType.of("q", activation(0.05), channels, 9, between(5, 12));
        return conv(in, channels, channels * multiplier, window(false));
    }

    private Conv2d conv(TensorType in, int groups, int outputs, Window2d w) {
        int taps = in.size(0) / groups * w.area();
        Weights weights = weights(0.01, outputs, in.size(0) / groups, w.kernelH(), w.kernelW());
        TensorType out = image(in, w, outputs, activation(outputScale(in, weights, taps)));
        int[] clamp = clamp(out);
        return new Conv2d("layer", in, out, weights, w, groups, mode, clamp[0], clamp[1]);
    }

    private Dense dense() {
        TensorType in = TensorType.of("q", activation(0.05), between(1, mostInputs));
        Weights weights = weights(0.01, between(1, mostChannels + 4), in.elements());
        QuantParams params = activation(outputScale(in, weights, in.elements()));
        TensorType out = TensorType.of("out", params, weights.channels());
        int[] clamp = clamp(out);
        return new Dense("layer", in, out, weights, mode, clamp[0], clamp[1]);
    }

    /** A scale under which most outputs stay within the range. */
    double outputScale(TensorType in, Weights weights, int taps) {
        double step = (double) in.params().scale() * weights.params().scale(0);
        double spread = Math.scalb(1.0, activationBits + weightBits - 4) * Math.sqrt(taps);
        return step * Math.max(1, spread / Math.scalb(1.0, activationBits - 2));
    }

    private GlobalPool global(Kind kind) {
        TensorType in = image();
        GlobalPool.Kind pool =
                switch (kind) {
                    case GLOBAL_MAX -> GlobalPool.Kind.MAX;
                    case GLOBAL_AVERAGE -> GlobalPool.Kind.AVERAGE;
                    default -> GlobalPool.Kind.SUM;
                };
        if (pool == GlobalPool.Kind.MAX) {
            TensorType out = TensorType.of("out", in.params(), in.size(0));
            return GlobalPool.of("layer", in, out, pool, mode);
        }
        double near = in.params().scale();
        double factor = pool == GlobalPool.Kind.SUM ? in.size(1) * in.size(2) / 2.0 : 0.5;
        TensorType out = TensorType.of("out", activation(near * factor), in.size(0));
        int[] clamp = clamp(out);
        return new GlobalPool("layer", in, out, pool, mode, clamp[0], clamp[1]);
    }

    private Lookup lookup(int tables) {
        int side = random.nextInt(longestSide);
        TensorType in =
                tables == 1
                        ? image()
                        : TensorType.of("q", activation(0.05), tables, 1 + side, 1 + side / 2);
        QuantParams params = activation(0.03);
        TensorType out = new TensorType("out", in.shape(), params);
        int levels = in.params().spec().qMax() - in.params().spec().qMin() + 1;
        int[] table = new int[tables * levels];
        for (int i = 0; i < table.length; i++) {
            table[i] = between(params.spec().qMin(), params.spec().qMax());
        }
        return new Lookup("layer", in, out, table);
    }

    /**
     * A model of one operation: float "x", integers "q", operation, float "y"; with "x1" and "q1"
     * and so on for further inputs.
     */
    static IntegerModel around(IntegerOp op) {
        return around(op, op.requantization().orElse(Requantization.FLOAT));
    }

    /** The same with the mode for an operation that has none. */
    static IntegerModel around(IntegerOp op, Requantization mode) {
        TensorType y = new TensorType("y", op.output().shape(), null);
        return begun(op, mode)
                .add(Dequantize.linear("end", op.output(), y, false))
                .output("y")
                .build();
    }

    /** The model up to its operation. */
    static IntegerModel.Builder begun(IntegerOp op, Requantization mode) {
        IntegerModel.Builder model = IntegerModel.builder().requantization(mode);
        for (TensorType q : op.inputs()) {
            TensorType x = new TensorType(q.name().replace('q', 'x'), q.shape(), null);
            model.input(x).add(new Quantize("in", x, q));
        }
        return model.add(op);
    }

    /** Integers for each input of an operation. */
    Map<String, TensorData> feeds(IntegerOp op, int batch) {
        Map<String, TensorData> feeds = new LinkedHashMap<>();
        for (TensorType q : op.inputs()) {
            feeds.put(q.name(), TensorData.of(integers(q, batch)));
        }
        return feeds;
    }

    /** Integers of a tensor for a batch; a third of them at the ends of the range. */
    int[] integers(TensorType tensor, int batch) {
        int low = tensor.params().spec().qMin();
        int high = tensor.params().spec().qMax();
        int[] q = new int[tensor.elements() * batch];
        for (int i = 0; i < q.length; i++) {
            q[i] =
                    switch (random.nextInt(6)) {
                        case 0 -> low;
                        case 1 -> high;
                        default -> between(low, high);
                    };
        }
        return q;
    }

    /** Floats around the range of a tensor. */
    float[] floats(TensorType quantized, int batch) {
        float[] x = new float[quantized.elements() * batch];
        QuantParams params = quantized.params();
        for (int i = 0; i < x.length; i++) {
            int q = between(params.spec().qMin() - 2, params.spec().qMax() + 2);
            x[i] = (q - params.zeroPoint() + random.nextFloat() - 0.5f) * params.scale();
        }
        return x;
    }

    /**
     * A small convolutional classifier of the shape of LeNet, with every kind of connection between
     * layers that DL4J makes: channels, pool, flatten, dense, softmax.
     */
    IntegerModel lenet(int side, int channels1, int channels2, int hidden, int classes) {
        TensorType x = TensorType.ofFloats("x", 1, side, side);
        TensorType q = TensorType.of("q", activation(0.01), 1, side, side);
        Window2d five = Window2d.of(5, 5);
        Window2d half = Window2d.of(2, 2).withStride(2, 2);
        IntegerModel.Builder b = IntegerModel.builder().requantization(mode).input(x);
        b.add(new Quantize("in", x, q));
        Weights w1 = weights(0.01, channels1, 1, 5, 5);
        TensorType c1 = sized("c1", outputScale(q, w1, 25), channels1, side - 4, side - 4);
        b.add(new Conv2d("conv1", q, c1, w1, five, 1, mode, c1.params().zeroPoint(), high(c1)));
        int s1 = (side - 4) / 2;
        TensorType p1 = TensorType.of("p1", c1.params(), channels1, s1, s1);
        b.add(new MaxPool2d("pool1", c1, p1, half));
        Weights w2 = weights(0.01, channels2, channels1, 5, 5);
        TensorType c2 = sized("c2", outputScale(p1, w2, 25 * channels1), channels2, s1 - 4, s1 - 4);
        b.add(Conv2d.of("conv2", p1, c2, w2, five, mode));
        int s2 = (s1 - 4) / 2;
        TensorType p2 = TensorType.of("p2", c2.params(), channels2, s2, s2);
        b.add(new MaxPool2d("pool2", c2, p2, half));
        TensorType flat = TensorType.of("flat", p2.params(), channels2 * s2 * s2);
        b.add(new Reshape("flatten", p2, flat));
        Weights w3 = weights(0.01, hidden, flat.elements());
        TensorType d1 = sized("d1", outputScale(flat, w3, flat.elements()), hidden);
        b.add(new Dense("dense1", flat, d1, w3, mode, d1.params().zeroPoint(), high(d1)));
        Weights w4 = weights(0.01, classes, hidden);
        TensorType d2 = sized("d2", outputScale(d1, w4, hidden), classes);
        b.add(Dense.of("dense2", d1, d2, w4, mode));
        TensorType y = TensorType.ofFloats("y", classes);
        b.add(Dequantize.linear("end", d2, y, true));
        return b.output("y").metadata("name", "lenet").build();
    }

    /** A tensor with room above its zero point, so that a ReLU leaves something. */
    private TensorType sized(String name, double scale, int... shape) {
        QuantParams params = activation(scale);
        int middle = (params.spec().qMin() + params.spec().qMax()) / 2;
        int zeroPoint = Math.min(params.zeroPoint(), middle);
        return TensorType.of(name, QuantParams.of(params.spec(), params.scale(), zeroPoint), shape);
    }

    private static int high(TensorType tensor) {
        return tensor.params().spec().qMax();
    }
}
