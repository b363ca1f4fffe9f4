package io.github.dl4jqat.examples.equivalence;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.dl4jqat.examples.Seeds;
import io.github.dl4jqat.examples.data.DigitData;
import io.github.dl4jqat.examples.data.DrawnDigits;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer.PoolingType;
import org.deeplearning4j.nn.weights.WeightInit;
import org.deeplearning4j.optimize.api.BaseTrainingListener;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.nd4j.linalg.api.buffer.DataType;

/** The claims of the theorems, on a network of two convolutions that trains for a second. */
final class EquivalenceExperimentTest {

    private static final Architecture TINY =
            new Architecture(
                    "tiny",
                    20,
                    20,
                    true,
                    List.of(4, 8),
                    true,
                    PoolingType.AVG,
                    0,
                    WeightInit.LECUN_NORMAL,
                    true,
                    1e-3);

    private static EquivalenceResult run(
            Optimizer optimizer, int decades, boolean controls, DataType type) {
        DrawnDigits drawn = new DrawnDigits(Seeds.seed(), 600, 100);
        Settings settings =
                new Settings(
                        TINY, optimizer, 2, 6.5, 1e-3, 1, decades, controls, Seeds.seed(), type);
        return new EquivalenceExperiment(
                        settings,
                        new DigitData(DigitData.DRAWN, drawn.train(), drawn.test()),
                        (what, steps) -> new BaseTrainingListener() {})
                .run();
    }

    /** Theorem 1: another start and rate, and the rest shrinks with the learning rate. */
    @Test
    void sgd_trains_the_same_network_from_the_moved_start() {
        EquivalenceResult result = run(Optimizer.SGD, 2, true, DataType.DOUBLE);

        EquivalenceResult.Decade first = result.decades().get(0);
        assertThat(first.alignmentError()).isLessThan(first.alignmentErrorUntreated() / 5);
        for (int d = 1; d <= 2; d++) {
            EquivalenceResult.Decade larger = result.decades().get(d - 1);
            EquivalenceResult.Decade smaller = result.decades().get(d);
            assertThat(larger.alignmentError() / smaller.alignmentError())
                    .as("alignment error at %s over %s", larger, smaller)
                    .isBetween(6.0, 15.0);
            assertThat(smaller.alignmentErrorUntreated())
                    .isGreaterThan(larger.alignmentErrorUntreated() / 2);
        }
        assertThat(result.comparisons().keySet())
                .containsExactly("ste", "noWarp", "jitter", "scaleDown");
        Map<String, Object> entries = result.entries();
        assertThat(entries)
                .containsEntry("optimizer", "sgd")
                .containsEntry("alignmentError", first.alignmentError())
                .containsEntry("alignmentErrorNoWarp", first.alignmentErrorUntreated())
                .containsEntry("alignmentErrorWarp", first.alignmentError())
                .containsEntry("accuracyEstimator", result.accuracyEstimator());
        assertThat((Double) entries.get("alignmentErrorScaleDown"))
                .isLessThan(first.alignmentError() / 3);
        assertThat((Double) entries.get("quantizedWeightAgreement")).isGreaterThan(0.98);
        // one epoch, so one point: no correlation
        assertThat(result.comparisons().get("ste").entries())
                .containsEntry("testLossCorrelation", null);
        assertThat(result.comparisons().get("ste").lossCorrelation()).isGreaterThan(0.99);
    }

    /** Theorem 2: nothing has to be changed. */
    @Test
    void adam_trains_the_same_network_anyway() {
        EquivalenceResult result = run(Optimizer.ADAM, 1, true, DataType.DOUBLE);

        EquivalenceResult.Decade first = result.decades().get(0);
        EquivalenceResult.Decade smaller = result.decades().get(1);
        assertThat(first.alignmentError()).isLessThan(first.alignmentErrorUntreated() / 5);
        assertThat(first.alignmentError() / smaller.alignmentError()).isBetween(5.0, 20.0);
        Map<String, Object> entries = result.entries();
        assertThat(entries)
                .containsEntry("alignmentErrorNoWarp", first.alignmentError())
                .containsEntry("alignmentErrorWarp", first.alignmentErrorUntreated());
        assertThat(first.alignmentError())
                .isLessThan(4 * (Double) entries.get("alignmentErrorJitter"));
    }

    @Test
    void networks_of_floats_start_exactly_aligned(@TempDir Path folder) throws IOException {
        EquivalenceResult result = run(Optimizer.SGD, 0, false, DataType.FLOAT);

        assertThat(result.comparisons().keySet()).containsExactly("ste", "noWarp");
        for (Entrant entrant : List.of(Entrant.STE, Entrant.NO_WARP)) {
            Curve errors = result.curves().alignmentErrors().get(entrant);
            assertThat(errors.x(0)).isZero();
            assertThat(errors.y(0)).isZero();
            assertThat(errors.y(errors.size() - 1)).isPositive();
            assertThat(result.curves().weightAgreements().get(entrant).y(0)).isEqualTo(1);
        }
        Path file = folder.resolve("plot.png");
        result.plot(file);
        BufferedImage image = ImageIO.read(file.toFile());
        assertThat(image.getWidth()).isGreaterThan(image.getHeight());
        assertThat(Arrays.stream(pixels(image)).distinct().count()).isGreaterThan(3);
    }

    private static int[] pixels(BufferedImage image) {
        return image.getRGB(0, 0, image.getWidth(), image.getHeight(), null, 0, image.getWidth());
    }
}
