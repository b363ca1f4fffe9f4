package io.github.dl4jqat.examples.bench;

import io.github.dl4jqat.kernels.ClippedBackward;
import io.github.dl4jqat.kernels.IdentityBackward;
import io.github.dl4jqat.ops.TensorKernels;
import io.github.dl4jqat.quant.Granularity;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.Quantizers;
import io.github.dl4jqat.quant.Requantization;
import io.github.dl4jqat.quant.Requantizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.bytedeco.javacpp.Pointer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.factory.Nd4j;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Time of the fake-quantization kernels on 4 Mi floats, as a multiple of the time of one memory
 * copy of the same array in the same run. {@link #main} runs everything interleaved in one JVM, as
 * training does, and prints medians:
 *
 * <pre>
 *   java @dl4j-qat-examples/target/qat.args io.github.dl4jqat.examples.bench.KernelBenchmark [rounds]
 * </pre>
 *
 * The methods are JMH benchmarks too ({@code java @dl4j-qat-examples/target/qat.args
 * org.openjdk.jmh.Main KernelBenchmark}), each then alone in its JVM. Every result is verified
 * before anything is timed.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class KernelBenchmark {

    private static final int CHANNELS = 64;
    private static final long[] OIHW = {CHANNELS, 1024, 8, 8};
    private static final float SCALE = 0.02f;

    private final INDArray x = Nd4j.randn(DataType.FLOAT, OIHW).muli(1.2f);
    private final INDArray grad = Nd4j.randn(DataType.FLOAT, OIHW);
    private final INDArray y = Nd4j.create(DataType.FLOAT, OIHW);
    private final INDArray onGrid = Nd4j.create(DataType.FLOAT, OIHW);
    private final INDArray accumulators = Nd4j.create(DataType.FLOAT, OIHW);

    /** The same elements as a dense layer's weights: channels last. */
    private final INDArray x2 = x.reshape(x.length() / CHANNELS, CHANNELS);

    private final INDArray y2 = y.reshape(x.length() / CHANNELS, CHANNELS);

    private final QuantParams perTensor = QuantParams.of(Quantizers.intPerTensor(8), SCALE, 0);
    private final QuantParams activation = QuantParams.of(Quantizers.uint8PerTensor(), SCALE, 128);
    private final QuantParams perChannel =
            QuantParams.of(Quantizers.int8PerChannel(), channelScales(), 0);
    private final int[] bias = new int[CHANNELS];
    private final Requantizer requantizer =
            Requantizer.of(Requantization.FLOAT, 0.02f, channelScales(), activation, 0, 255);
    private final double[] table = new double[256];
    private final INDArray low = Nd4j.scalar(DataType.FLOAT, -127 * SCALE);
    private final INDArray high = Nd4j.scalar(DataType.FLOAT, 127 * SCALE);

    private static float[] channelScales() {
        float[] scales = new float[CHANNELS];
        for (int c = 0; c < CHANNELS; c++) {
            scales[c] = 0.01f + 0.0003f * c;
        }
        return scales;
    }

    /** Fills the derived arrays and verifies every kernel against plain arithmetic. */
    @Setup
    public void verify() {
        for (int i = 0; i < table.length; i++) {
            table[i] = Math.tanh(i * 0.01);
        }
        Arrays.setAll(bias, c -> 100 * c - 3000);
        TensorKernels.fakeQuantize(x, onGrid, activation, 0);
        TensorKernels.steps(
                grad.mul(500), accumulators, QuantParams.of(Quantizers.intPerTensor(16), 1f, 0), 0);
        float[] in = x.reshape(x.length()).toFloatVector();
        float[] g = grad.reshape(x.length()).toFloatVector();
        int inner = in.length / CHANNELS;
        forward();
        check("forward", i -> perTensor.dequantize(perTensor.quantize(in[i], 0), 0));
        clippedBackward();
        check("clipped", i -> Math.abs(in[i]) <= 127 * SCALE ? g[i] : 0f);
        identityBackward();
        check("identity", i -> g[i]);
        forwardPerChannel();
        check(
                "per channel",
                i -> perChannel.dequantize(perChannel.quantize(in[i], i / inner), i / inner));
        forwardChannelsLast();
        check(
                "channels last",
                i -> perChannel.dequantize(perChannel.quantize(in[i], i % CHANNELS), i % CHANNELS));
        float[] acc = accumulators.reshape(x.length()).toFloatVector();
        requantize();
        check(
                "requantize",
                i ->
                        activation.dequantize(
                                requantizer.apply((int) acc[i] + bias[i / inner], i / inner), 0));
        lookup();
        check("lookup", i -> (float) table[activation.quantize(in[i], 0)]);
        if (ranges().max()[0] != x.maxNumber().floatValue()) {
            throw new IllegalStateException("ranges: wrong maximum");
        }
    }

    private interface Expected {
        float at(int i);
    }

    private void check(String what, Expected expected) {
        float[] got = y.reshape(y.length()).toFloatVector();
        for (int i = 0; i < got.length; i++) {
            if (got[i] != expected.at(i)) {
                throw new IllegalStateException(
                        what + ": element " + i + " is " + got[i] + ", not " + expected.at(i));
            }
        }
    }

    /** The baseline. */
    @Benchmark
    public void copy() {
        Pointer.memcpy(y.data().pointer(), x.data().pointer(), 4 * x.length());
    }

    /** Fake quantization with one scale. */
    @Benchmark
    public void forward() {
        TensorKernels.fakeQuantize(x, y, perTensor, 0);
    }

    /** Fake quantization, 64 scales, channels first as in convolution weights. */
    @Benchmark
    public void forwardPerChannel() {
        TensorKernels.fakeQuantize(x, y, perChannel, 0);
    }

    /** Fake quantization, 64 scales, channels last as in dense weights. */
    @Benchmark
    public void forwardChannelsLast() {
        TensorKernels.fakeQuantize(x2, y2, perChannel, 1);
    }

    /** Gradient of the clipped straight-through estimator. */
    @Benchmark
    public void clippedBackward() {
        TensorKernels.backward(x, grad, y, perTensor, 0, ClippedBackward.INSTANCE);
    }

    /** The same with 64 scales, channels first. */
    @Benchmark
    public void clippedBackwardPerChannel() {
        TensorKernels.backward(x, grad, y, perChannel, 0, ClippedBackward.INSTANCE);
    }

    /** Gradient of the identity straight-through estimator. */
    @Benchmark
    public void identityBackward() {
        TensorKernels.backward(x, grad, y, perTensor, 0, IdentityBackward.INSTANCE);
    }

    /** Smallest and largest value. */
    @Benchmark
    public TensorKernels.Ranges ranges() {
        return TensorKernels.ranges(x, Granularity.perTensor(), 0);
    }

    /** Accumulators to the output's grid, 64 channels. */
    @Benchmark
    public void requantize() {
        TensorKernels.requantize(accumulators, y, bias, requantizer, activation, 0);
    }

    /** A function by table. */
    @Benchmark
    public void lookup() {
        TensorKernels.lookup(onGrid, y, activation, table);
    }

    /** ND4J's own fake quantization, for information: it rounds half up. */
    @Benchmark
    public void nativeFakeQuant() {
        Nd4j.exec(
                DynamicCustomOp.builder("fake_quant_with_min_max_vars")
                        .addInputs(x, low, high)
                        .addOutputs(y)
                        .addIntegerArguments(8)
                        .addBooleanArguments(true)
                        .build());
    }

    /** Prints the table; {@code args[0]} is the number of rounds, 15 unless given. */
    public static void main(String[] args) {
        int rounds = args.length > 0 ? Integer.parseInt(args[0]) : 15;
        KernelBenchmark b = new KernelBenchmark();
        b.verify();
        Map<String, Runnable> timed = new LinkedHashMap<>();
        timed.put("copy", b::copy);
        timed.put("forward", b::forward);
        timed.put("forward, per channel (first)", b::forwardPerChannel);
        timed.put("forward, per channel (last)", b::forwardChannelsLast);
        timed.put("backward, clipped", b::clippedBackward);
        timed.put("backward, clipped, per channel", b::clippedBackwardPerChannel);
        timed.put("backward, identity", b::identityBackward);
        timed.put("ranges", b::ranges);
        timed.put("requantize", b::requantize);
        timed.put("lookup", b::lookup);
        timed.put("ND4J fake_quant_with_min_max_vars", b::nativeFakeQuant);
        Map<String, List<Double>> millis = new LinkedHashMap<>();
        for (int round = -5; round < rounds; round++) {
            for (Map.Entry<String, Runnable> kernel : timed.entrySet()) {
                double t = time(kernel.getValue());
                if (round >= 0) {
                    millis.computeIfAbsent(kernel.getKey(), k -> new ArrayList<>()).add(t);
                }
            }
        }
        double copy = median(millis.get("copy"));
        System.out.printf(
                Locale.ROOT,
                "%d floats, %d processors, median of %d interleaved rounds (quartiles)%n",
                b.x.length(),
                Runtime.getRuntime().availableProcessors(),
                rounds);
        millis.forEach(
                (name, t) ->
                        System.out.printf(
                                Locale.ROOT,
                                "%-34s %7.3f ms (%.3f..%.3f)  %6.2f x copy%n",
                                name,
                                median(t),
                                quantile(t, 0.25),
                                quantile(t, 0.75),
                                median(t) / copy));
    }

    /** Milliseconds of one call, over at least 30 ms. */
    private static double time(Runnable kernel) {
        long start = System.nanoTime();
        long now = start;
        int calls = 0;
        while (now - start < 30_000_000L) {
            kernel.run();
            calls++;
            now = System.nanoTime();
        }
        return (now - start) / 1e6 / calls;
    }

    private static double median(List<Double> values) {
        return quantile(values, 0.5);
    }

    private static double quantile(List<Double> values, double q) {
        double[] sorted = values.stream().mapToDouble(Double::doubleValue).sorted().toArray();
        return sorted[(int) Math.min(sorted.length - 1, Math.round(q * (sorted.length - 1)))];
    }
}
