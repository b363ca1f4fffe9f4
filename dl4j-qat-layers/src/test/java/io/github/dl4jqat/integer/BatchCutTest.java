package io.github.dl4jqat.integer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.dl4jqat.quant.Requantization;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BatchCutTest {

    private static final long MILLION = 1_000_000;
    private static final BatchCut.Work WORK = new BatchCut.Work(50 * MILLION, MILLION);

    @ParameterizedTest
    @CsvSource({
        // batch, millions of multiplications of an example, of a layer, processors:
        // parts, side by side, alone
        "1, 1, 1, 8, 1, false, true",
        "10, 1, 1, 8, 1, false, true",
        "11, 1, 1, 8, 8, true, true",
        "11, 1, 1, 1, 1, false, true",
        "1, 100, 9, 8, 1, false, true",
        "1, 100, 10, 8, 1, false, false",
        "7, 100, 9, 8, 7, true, true",
        "7, 100, 10, 8, 1, false, false",
        "8, 100, 10, 8, 8, true, true",
        "1, 2000, 90, 1, 1, false, true",
        "64, 999, 90, 8, 8, true, true",
        "64, 1000, 90, 8, 1, false, false",
        "300, 2000, 90, 8, 2, false, false",
        "256, 100, 1, 8, 8, true, true",
        "257, 100, 1, 8, 16, true, true",
        "1000, 0, 0, 8, 4, false, true",
        "300, 100, 1, 200, 300, true, true",
    })
    void batchIsCut(
            int batch,
            long example,
            long layer,
            int processors,
            int parts,
            boolean sideBySide,
            boolean alone) {
        BatchCut.Work work = new BatchCut.Work(example * MILLION, layer * MILLION);
        assertThat(BatchCut.of(batch, work, processors))
                .isEqualTo(new BatchCut(batch, parts, sideBySide, alone));
    }

    @Test
    void everyExampleIsRunOnce() {
        for (int processors : new int[] {1, 2, 3, 8, 64, 1000}) {
            for (int batch = 1; batch < 1200; batch += 7) {
                BatchCut cut = BatchCut.of(batch, WORK, processors);
                AtomicIntegerArray runs = new AtomicIntegerArray(batch);
                int largest = cut.sideBySide() ? 256 / processors : 256;
                cut.run(
                        (from, examples) -> {
                            assertThat(examples).isBetween(1, Math.max(1, largest));
                            for (int e = from; e < from + examples; e++) {
                                runs.incrementAndGet(e);
                            }
                        });
                for (int e = 0; e < batch; e++) {
                    assertThat(runs.get(e)).isOne();
                }
            }
        }
    }

    @Test
    void failureOfAPartIsThrown() {
        BatchCut cut = BatchCut.of(64, WORK, 4);
        assertThatThrownBy(
                        () ->
                                cut.run(
                                        (from, examples) -> {
                                            if (from == 16) {
                                                throw new IllegalStateException("part");
                                            }
                                        }))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("part");
    }

    /** Parts of unequal size, and what is fed as integers. */
    @Test
    void partsGiveTheSameIntegers() {
        TestModels models = new TestModels(3, Requantization.FLOAT, 8, 8);
        IntegerModel model = models.lenet(18, 40, 80, 300, 10);
        assertThat(BatchCut.of(34, BatchCut.Work.of(model), 2).sideBySide()).isTrue();
        String end = ModelEnds.endOf(model, "y").orElseThrow().name();
        try (OrtEngine ort = new OrtEngine(model);
                JavaEngine java = new JavaEngine(model)) {
            for (int batch : new int[] {2, 34, 35, 261}) {
                Map<String, TensorData> floats =
                        Map.of("x", TensorData.of(models.floats(model.tensor("q"), batch)));
                assertThat(ort.run(floats, List.of("y"), batch).get("y").floats())
                        .isEqualTo(java.run(floats, List.of("y"), batch).get("y").floats());
                Map<String, TensorData> integers =
                        Map.of("q", TensorData.of(models.integers(model.tensor("q"), batch)));
                assertThat(ort.run(integers, List.of(end), batch).get(end).ints())
                        .isEqualTo(java.run(integers, List.of(end), batch).get(end).ints());
            }
        }
    }

    @Test
    void workIsCounted() {
        TestModels models = new TestModels(3, Requantization.FLOAT, 8, 8);
        IntegerModel model = models.lenet(18, 4, 6, 20, 10);
        long sums = 0;
        long others = 0;
        for (IntegerOp op : model.ops()) {
            if (op instanceof Conv2d conv) {
                sums += (long) op.output().elements() * conv.weights().elementsPerChannel();
            } else if (op instanceof Dense dense) {
                sums += (long) dense.weights().elements();
            } else {
                others += op.output().elements();
            }
        }
        assertThat(BatchCut.Work.of(model))
                .isEqualTo(new BatchCut.Work(sums + others, (sums + others) / 4));
    }

    /** A layer that all threads share, for an example alone. */
    @Test
    void threadsTogetherGiveTheSameIntegers() {
        TestModels models = new TestModels(3, Requantization.FLOAT, 8, 8);
        IntegerModel model = models.lenet(52, 64, 64, 20, 10);
        assertThat(BatchCut.of(1, BatchCut.Work.of(model), 2).alone()).isFalse();
        Map<String, TensorData> feeds =
                Map.of("x", TensorData.of(models.floats(model.tensor("q"), 1)));
        try (OrtEngine ort = new OrtEngine(model);
                JavaEngine java = new JavaEngine(model)) {
            assertThat(ort.run(feeds, List.of("y"), 1).get("y").floats())
                    .isEqualTo(java.run(feeds, List.of("y"), 1).get("y").floats());
        }
    }
}
