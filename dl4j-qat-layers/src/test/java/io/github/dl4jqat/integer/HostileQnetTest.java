package io.github.dl4jqat.integer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import io.github.dl4jqat.Seeds;
import io.github.dl4jqat.kernels.RandomCells;
import io.github.dl4jqat.kernels.RecurrentCell;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.Quantizers;
import io.github.dl4jqat.quant.Requantization;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Thousands of bad files: each is refused with one exception, in bounded memory, or is a model. */
@ExtendWith(Seeds.class)
class HostileQnetTest {

    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    /** What reading may allocate beside a multiple of the file, in total and not at once. */
    private static final long FREE = 4L << 20;

    private static final long PER_BYTE = 64;
    private static final int MEGABYTE = 1 << 20;

    /** Accepted models with more elements than this are not run, to save time. */
    private static final long MOST_RUN = 20_000;

    private static List<IntegerModel> models(Random random) {
        List<IntegerModel> models = new ArrayList<>();
        for (Requantization mode : Requantization.values()) {
            TestModels small = new TestModels(random.nextLong(), mode, 4, 3);
            for (TestModels.Kind kind : TestModels.Kind.values()) {
                models.add(TestModels.around(small.op(kind), mode));
            }
            models.add(small.lenet(16, 2, 2, 3, 2));
            models.add(GraphModelTest.model(mode));
            models.add(
                    recurrent(
                            RandomCells.lstm(
                                    random, 2, 3, Quantizers.int4PerChannel(), true, mode)));
            models.add(
                    recurrent(RandomCells.simple(random, 2, 3, Quantizers.int8PerChannel(), mode)));
        }
        models.add(FloatIslandTest.network(new TestModels(3, Requantization.FLOAT, 8, 8)));
        models.add(embedding());
        return models;
    }

    private static IntegerModel recurrent(RecurrentCell cell) {
        return TestModels.around(
                new Recurrent(
                        "rnn",
                        TensorType.of("q", cell.input(), cell.inputs(), 2),
                        TensorType.of("out", cell.output(), cell.units(), 2),
                        cell));
    }

    private static IntegerModel embedding() {
        TensorType x = TensorType.ofFloats("x", 3);
        QuantParams grid = QuantParams.of(Quantizers.int8PerTensor(), 0.1f, 0);
        TensorType e = TensorType.of("e", grid, 2, 3);
        TensorType y = TensorType.ofFloats("y", 2, 3);
        return IntegerModel.builder()
                .input(x)
                .add(new Embedding("words", x, e, new int[][] {{1, 2}, {3, 4}, {5, 6}}))
                .add(Dequantize.linear("end", e, y, false))
                .output("y")
                .build();
    }

    /** What became of some files. */
    private static final class Outcome {
        private int refused;
        private int run;
    }

    private static void read(byte[] file, IntegerModel original, Outcome outcome) {
        long before = THREADS.getThreadAllocatedBytes(Thread.currentThread().getId());
        IntegerModel model = null;
        QnetFormatException refusal = null;
        try {
            model = Qnet.read(file, "bad");
        } catch (QnetFormatException e) {
            refusal = e;
        }
        long taken = THREADS.getThreadAllocatedBytes(Thread.currentThread().getId()) - before;
        assertThat(taken).isLessThan(FREE + PER_BYTE * file.length);
        if (refusal != null) {
            outcome.refused++;
            assertThat(refusal).hasMessageStartingWith("bad: ");
            assertThat(refusal.getMessage().chars().filter(c -> c < ' ' && c != '\n')).isEmpty();
            assertThat(foreseen(refusal.getCause())).as("%s", refusal.getCause()).isTrue();
        } else if (!model.equals(original)) {
            sound(model, outcome);
        }
    }

    /** Whether somebody thought of it: anything else is a check that is missing. */
    private static boolean foreseen(Throwable cause) {
        return cause == null
                || cause instanceof IOException
                || cause.getClass() == IllegalArgumentException.class
                || cause.getClass() == NumberFormatException.class
                || cause.getClass() == ArithmeticException.class;
    }

    /** A model that exists comes back from a file and runs, whoever wrote it. */
    private static void sound(IntegerModel model, Outcome outcome) {
        try {
            assertThat(Qnet.read(QnetTest.bytes(model), "again")).isEqualTo(model);
        } catch (IOException e) {
            throw new AssertionError(model.toString(), e);
        }
        long elements = model.tensors().values().stream().mapToLong(TensorType::elements).sum();
        if (elements > MOST_RUN) {
            return;
        }
        outcome.run++;
        Map<String, TensorData> feeds = new HashMap<>();
        for (TensorType input : model.inputs()) {
            feeds.put(input.name(), TensorData.of(new float[input.elements()]));
        }
        List<String> outputs = model.outputs().stream().map(TensorType::name).toList();
        new JavaEngine(model).run(feeds, outputs, 1);
    }

    private static void attack(Random random, int rounds) throws IOException {
        List<IntegerModel> models = models(random);
        // What the first file of a process costs is classes, not data.
        Qnet.read(QnetTest.bytes(models.get(0)), "first");
        Outcome damaged = new Outcome();
        Outcome rebuilt = new Outcome();
        for (IntegerModel model : models) {
            byte[] good = QnetTest.bytes(model);
            HostileFiles files = new HostileFiles(good, random);
            for (int i = 0; i < rounds; i++) {
                read(files.damaged(good), model, damaged);
                read(files.rebuilt(), model, rebuilt);
            }
        }
        int all = models.size() * rounds;
        assertThat(damaged.refused).isGreaterThan(all * 95 / 100);
        assertThat(rebuilt.refused).isGreaterThan(all / 2);
        assertThat(rebuilt.run).isGreaterThan(all / 50);
    }

    @Test
    void badFileIsRefusedOrMeansAModel(Random random) throws IOException {
        attack(random, 50);
    }

    @Test
    @Tag("long")
    void thousandsOfBadFiles(Random random) throws IOException {
        attack(random, 2000);
    }

    private static long allocatedByReading(IntegerModel model) throws IOException {
        byte[] file = QnetTest.bytes(model);
        Qnet.read(file, "warm");
        long thread = Thread.currentThread().getId();
        long before = THREADS.getThreadAllocatedBytes(thread);
        assertThat(Qnet.read(file, "measured").ops()).hasSize(3);
        return (THREADS.getThreadAllocatedBytes(thread) - before) / MEGABYTE;
    }

    /** Four million weights: a byte each in memory, however many fit into a byte of the file. */
    @Test
    void readingTakesLittleMoreThanTheModel() throws IOException {
        for (int bits : new int[] {1, 4, 7}) {
            QuantParams grid = QuantParams.of(Quantizers.midRisePerTensor(bits), 0.1f, 0);
            int[] values = new int[4 * MEGABYTE];
            Arrays.fill(values, grid.spec().qMax());
            int n = 2048;
            Weights weights = Weights.of(grid, List.of(n, n), values, new int[n]);
            TensorType in =
                    TensorType.of("q", QuantParams.of(Quantizers.uintPerTensor(2), 1f, 0), n);
            QuantParams wide = QuantParams.of(Quantizers.int8PerTensor(), 9f, 0);
            Dense dense =
                    Dense.of(
                            "fc", in, TensorType.of("out", wide, n), weights, Requantization.FLOAT);
            assertThat(allocatedByReading(TestModels.around(dense)))
                    .as("%d bits", bits)
                    .isLessThan(6);
        }
    }

    @Test
    void manifestOfAbsurdLengthIsRefusedUnread() throws IOException {
        IntegerModel model = models(new Random(1)).get(0);
        byte[] huge = new byte[Qnet.LARGEST_MANIFEST + 1];
        Arrays.fill(huge, (byte) '[');
        byte[] file = HostileFiles.zip(Map.of(), huge);
        long thread = Thread.currentThread().getId();
        Qnet.read(QnetTest.bytes(model), "warm");
        long before = THREADS.getThreadAllocatedBytes(thread);
        assertThatThrownBy(() -> Qnet.read(file, "huge"))
                .isInstanceOf(QnetFormatException.class)
                .hasMessageContaining("more than 16777216");
        assertThat(THREADS.getThreadAllocatedBytes(thread) - before).isLessThan(MEGABYTE);
    }

    @Test
    void tensorsThatNeedEachOtherAreRefused() throws IOException {
        QuantParams grid = QuantParams.of(Quantizers.uintPerTensor(1), 1f, 0);
        TensorType q = TensorType.of("q", grid, 2);
        TensorType a = TensorType.of("a", grid, 2);
        TensorType y = TensorType.ofFloats("y", 2);
        TensorType b = TensorType.of("b", grid, 2);
        IntegerModel circle =
                IntegerModel.builder()
                        .input("x", 2)
                        .add(new Quantize("in", TensorType.ofFloats("x", 2), q))
                        .add(new Lookup("first", q, a, new int[] {1, 0}))
                        .add(new Lookup("second", a, b, new int[] {1, 0}))
                        .add(Dequantize.linear("end", b, y, false))
                        .output("y")
                        .build();
        QnetTest.refusedWith(
                circle,
                json -> json.replace("\"input\" : \"q\"", "\"input\" : \"b\""),
                "Lookup 'first' reads tensor 'b' before it is written");
        IntegerModel model = TestModels.upTo8Bits(3, Requantization.FLOAT).lenet(16, 2, 2, 3, 2);
        QnetTest.refusedWith(
                model,
                json -> json.replaceFirst("\"shape\" : \\[ 1, 16", "\"shape\" : [ 65536, 65536"),
                "more than 268435456 elements");
        QnetTest.refusedWith(
                model,
                json ->
                        json.replace("\"conv1\"", "\"\\u001b[2J" + "x".repeat(9000) + "\"")
                                .replace("\"groups\" : 1", "\"groups\" : 7"),
                "Conv2d '?[2Jxxx");
    }
}
