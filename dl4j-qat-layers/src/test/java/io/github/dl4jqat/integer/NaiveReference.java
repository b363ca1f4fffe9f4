package io.github.dl4jqat.integer;

import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.Requantization;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;

/**
 * Every operation again, one output at a time, in 64-bit integers and exact decimals, written from
 * the formulas in the Javadoc and sharing no code with the engines.
 */
final class NaiveReference {

    private NaiveReference() {}

    /** One example, with an array for each input. */
    static int[] run(IntegerOp op, int[]... all) {
        int[] q = all[0];
        if (op instanceof Conv2d o) {
            return conv(o, q);
        } else if (op instanceof Conv3d o) {
            return conv(o, q);
        } else if (op instanceof Dense o) {
            return dense(o, q);
        } else if (op instanceof MaxPool2d o) {
            return pool(o, o.window(), q);
        } else if (op instanceof AveragePool2d o) {
            return pool(o, o.window(), q);
        } else if (op instanceof GlobalPool o) {
            return global(o, q);
        } else if (op instanceof Lookup o) {
            return lookup(o, q);
        } else if (op instanceof Reshape) {
            return q.clone();
        }
        int[] moved = NaiveStructure.run(op, all);
        if (moved != null) {
            return moved;
        }
        throw new IllegalArgumentException("no reference for " + op);
    }

    private static int[] conv(Conv2d op, int[] q) {
        TensorType in = op.input();
        TensorType out = op.output();
        Window2d w = op.window();
        int perGroup = in.size(0) / op.groups();
        int outputsPerGroup = out.size(0) / op.groups();
        int[] result = new int[out.elements()];
        int to = 0;
        for (int o = 0; o < out.size(0); o++) {
            for (int y = 0; y < out.size(1); y++) {
                for (int x = 0; x < out.size(2); x++) {
                    long acc = op.weights().bias(o);
                    for (int c = 0; c < perGroup; c++) {
                        int channel = o / outputsPerGroup * perGroup + c;
                        for (int i = 0; i < w.kernelH(); i++) {
                            for (int j = 0; j < w.kernelW(); j++) {
                                int row = y * w.strideH() + i * w.dilationH() - w.padTop();
                                int column = x * w.strideW() + j * w.dilationW() - w.padLeft();
                                if (inside(in, row, column)) {
                                    int at = (channel * in.size(1) + row) * in.size(2) + column;
                                    int weight =
                                            ((o * perGroup + c) * w.kernelH() + i) * w.kernelW()
                                                    + j;
                                    acc +=
                                            (long) op.weights().get(weight)
                                                    * (q[at] - in.params().zeroPoint());
                                }
                            }
                        }
                    }
                    float scale = op.weights().params().scale(o);
                    result[to++] = requantize(op.mode(), acc, in, scale, out, op.low(), op.high());
                }
            }
        }
        return result;
    }

    /** Every input element is asked whether it lies under a tap, instead of the other way round. */
    private static int[] conv(Conv3d op, int[] q) {
        TensorType in = op.input();
        TensorType out = op.output();
        int perGroup = in.size(0) / op.groups();
        int outputsPerGroup = out.size(0) / op.groups();
        int[] result = new int[out.elements()];
        int[][] sources = new int[q.length][];
        for (int at = 0; at < q.length; at++) {
            sources[at] = NaiveStructure.indices(in, at);
        }
        for (int to = 0; to < result.length; to++) {
            int[] target = NaiveStructure.indices(out, to);
            long acc = op.weights().bias(target[0]);
            for (int at = 0; at < q.length; at++) {
                int[] source = sources[at];
                int c = source[0] - target[0] / outputsPerGroup * perGroup;
                int weight = target[0] * perGroup + c;
                boolean met = c >= 0 && c < perGroup;
                for (int axis = 0; met && axis < 3; axis++) {
                    int distance =
                            source[axis + 1]
                                    + op.window().padBefore().get(axis)
                                    - target[axis + 1] * op.window().stride().get(axis);
                    int tap = distance / op.window().dilation().get(axis);
                    met =
                            distance >= 0
                                    && distance % op.window().dilation().get(axis) == 0
                                    && tap < op.window().kernel().get(axis);
                    weight = weight * op.window().kernel().get(axis) + tap;
                }
                if (met) {
                    acc += (long) op.weights().get(weight) * (q[at] - in.params().zeroPoint());
                }
            }
            float scale = op.weights().params().scale(target[0]);
            result[to] = requantize(op.mode(), acc, in, scale, out, op.low(), op.high());
        }
        return result;
    }

    private static int[] lookup(Lookup op, int[] q) {
        int qMin = op.input().params().spec().qMin();
        int levels = op.input().params().spec().qMax() - qMin + 1;
        boolean perChannel = op.table().length > levels;
        int[] out = new int[q.length];
        for (int i = 0; i < q.length; i++) {
            int channel = NaiveStructure.indices(op.input(), i)[0];
            out[i] = op.table()[(perChannel ? channel * levels : 0) + q[i] - qMin];
        }
        return out;
    }

    private static boolean inside(TensorType image, int row, int column) {
        return row >= 0 && row < image.size(1) && column >= 0 && column < image.size(2);
    }

    private static int[] dense(Dense op, int[] q) {
        int inputs = op.input().elements();
        int[] result = new int[op.output().elements()];
        for (int o = 0; o < result.length; o++) {
            long acc = op.weights().bias(o);
            for (int i = 0; i < inputs; i++) {
                acc +=
                        (long) op.weights().get(o * inputs + i)
                                * (q[i] - op.input().params().zeroPoint());
            }
            float scale = op.weights().params().scale(o);
            result[o] =
                    requantize(op.mode(), acc, op.input(), scale, op.output(), op.low(), op.high());
        }
        return result;
    }

    private static int[] pool(IntegerOp op, Window2d w, int[] q) {
        TensorType in = op.inputs().get(0);
        TensorType out = op.output();
        int[] result = new int[out.elements()];
        int to = 0;
        for (int c = 0; c < out.size(0); c++) {
            for (int y = 0; y < out.size(1); y++) {
                for (int x = 0; x < out.size(2); x++) {
                    long sum = 0;
                    int max = Integer.MIN_VALUE;
                    int real = 0;
                    for (int i = 0; i < w.kernelH(); i++) {
                        for (int j = 0; j < w.kernelW(); j++) {
                            int row = y * w.strideH() + i * w.dilationH() - w.padTop();
                            int column = x * w.strideW() + j * w.dilationW() - w.padLeft();
                            if (inside(in, row, column)) {
                                int v = q[(c * in.size(1) + row) * in.size(2) + column];
                                sum += v - in.params().zeroPoint();
                                max = Math.max(max, v);
                                real++;
                            }
                        }
                    }
                    if (op instanceof AveragePool2d pool) {
                        int n = pool.includePadInDivisor() ? w.kernelH() * w.kernelW() : real;
                        result[to++] =
                                requantize(
                                        pool.mode(), sum, in, 1f / n, out, pool.low(), pool.high());
                    } else {
                        result[to++] = max;
                    }
                }
            }
        }
        return result;
    }

    private static int[] global(GlobalPool op, int[] q) {
        int plane = op.input().size(1) * op.input().size(2);
        int[] result = new int[op.output().elements()];
        for (int c = 0; c < result.length; c++) {
            long sum = 0;
            int max = Integer.MIN_VALUE;
            for (int i = 0; i < plane; i++) {
                sum += q[c * plane + i] - op.input().params().zeroPoint();
                max = Math.max(max, q[c * plane + i]);
            }
            float scale = op.kind() == GlobalPool.Kind.SUM ? 1f : 1f / plane;
            result[c] =
                    op.kind() == GlobalPool.Kind.MAX
                            ? max
                            : requantize(
                                    op.mode(),
                                    sum,
                                    op.input(),
                                    scale,
                                    op.output(),
                                    op.low(),
                                    op.high());
        }
        return result;
    }

    static int requantize(
            Requantization mode,
            long acc,
            TensorType in,
            float weightScale,
            TensorType out,
            int low,
            int high) {
        QuantParams y = out.params();
        BigDecimal rounded;
        if (mode == Requantization.FLOAT) {
            float product = (float) ((double) in.params().scale() * weightScale);
            float factor = (float) ((double) product / y.scale());
            // A product of two floats is exact in double; one rounding makes it the float product.
            float value = (float) ((double) (float) acc * factor);
            rounded = new BigDecimal(value).setScale(0, RoundingMode.HALF_EVEN);
        } else {
            double factor = (double) in.params().scale() * weightScale / y.scale();
            return fixedPoint(acc, factor, out, low, high);
        }
        BigInteger q = rounded.toBigIntegerExact().add(BigInteger.valueOf(y.zeroPoint()));
        return q.max(BigInteger.valueOf(low)).min(BigInteger.valueOf(high)).intValueExact();
    }

    /** With a factor of its own, in integers only. */
    static int fixedPoint(long acc, double factor, TensorType out, int low, int high) {
        BigInteger zeroPoint = BigInteger.valueOf(out.params().zeroPoint());
        BigInteger q = fixedPoint(acc, factor).toBigIntegerExact().add(zeroPoint);
        return q.max(BigInteger.valueOf(low)).min(BigInteger.valueOf(high)).intValueExact();
    }

    private static BigDecimal fixedPoint(long acc, double factor) {
        int shift = 0;
        BigDecimal mantissa = new BigDecimal(factor);
        BigDecimal two = BigDecimal.valueOf(2);
        while (mantissa.compareTo(BigDecimal.ONE) >= 0) {
            mantissa = mantissa.divide(two);
            shift++;
        }
        while (mantissa.compareTo(new BigDecimal("0.5")) < 0) {
            mantissa = mantissa.multiply(two);
            shift--;
        }
        BigDecimal unit = BigDecimal.valueOf(1L << 31);
        BigDecimal whole = mantissa.multiply(unit).setScale(0, RoundingMode.HALF_UP);
        BigDecimal shifted = BigDecimal.valueOf(acc << Math.max(0, shift));
        BigDecimal high =
                shifted.multiply(whole)
                        .divide(unit)
                        .add(new BigDecimal("0.5"))
                        .setScale(0, RoundingMode.FLOOR);
        return high.divide(BigDecimal.valueOf(1L << Math.max(0, -shift)))
                .setScale(0, RoundingMode.HALF_UP);
    }
}
