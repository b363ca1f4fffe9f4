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

    @ParameterizedTest
    @CsvSource({
        // batch, multiplications of an example in millions, processors: parts, side by side, alone
        "1, 1, 8, 1, false, true",
        "10, 1, 8, 1, false, true",
        "11, 1, 8, 8, true, true",
        "11, 1, 1, 1, false, true",
        "7, 100, 8, 1, false, false",
        "8, 100, 8, 8, true, true",
        "1, 100, 1, 1, false, true",
        "64, 2000, 8, 1, false, false",
        "300, 2000, 8, 2, false, false",
        "256, 100, 8, 8, true, true",
        "257, 100, 8, 16, true, true",
        "1000, 0, 8, 4, false, true",
        "300, 100, 200, 300, true, true",
    })
    void batchIsCut(
            int batch, long work, int processors, int parts, boolean sideBySide, boolean alone) {
        assertThat(BatchCut.of(batch, work * MILLION, processors))
                .isEqualTo(new BatchCut(batch, parts, sideBySide, alone));
    }

    @Test
    void everyExampleIsRunOnce() {
        for (int processors : new int[] {1, 2, 3, 8, 64, 1000}) {
            for (int batch = 1; batch < 1200; batch += 7) {
                BatchCut cut = BatchCut.of(batch, 50 * MILLION, processors);
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
        BatchCut cut = BatchCut.of(64, 50 * MILLION, 4);
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
        assertThat(BatchCut.of(34, OrtSessions.work(model), 2).sideBySide()).isTrue();
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
}
