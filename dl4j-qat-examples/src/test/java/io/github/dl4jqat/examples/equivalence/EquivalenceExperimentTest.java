package io.github.dl4jqat.examples.equivalence;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.dl4jqat.examples.Seeds;
import io.github.dl4jqat.examples.data.DigitData;
import io.github.dl4jqat.examples.data.DrawnDigits;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
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
                    30,
                    true,
                    List.of(4, 8),
                    true,
                    PoolingType.AVG,
                    0,
                    WeightInit.LECUN_NORMAL,
                    true);

    private static EquivalenceResult run(
            Optimizer optimizer, double rate, int decades, boolean controls, DataType type) {
        DrawnDigits drawn = new DrawnDigits(Seeds.seed(), 600, 100);
        Settings settings =
                new Settings(
                        TINY, optimizer, 2, 6.5, rate, 2, decades, controls, Seeds.seed(), type);
        return new EquivalenceExperiment(
                        settings,
                        new DigitData(DigitData.DRAWN, drawn.train(), drawn.test()),
                        (what, steps) -> new BaseTrainingListener() {})
                .run();
    }

    @Test
    void sgd() {
        EquivalenceResult result = run(Optimizer.SGD, 1e-2, 4, true, DataType.DOUBLE);
        System.out.println(result.entries());
        for (EquivalenceResult.Decade d : result.decades()) {
            System.out.println(d);
        }
        for (EquivalenceResult.Decade d :
                run(Optimizer.SGD, 1e-2, 4, true, DataType.FLOAT).decades()) {
            System.out.println(d);
        }
    }

    @Test
    void adam() {
        EquivalenceResult result = run(Optimizer.ADAM, 1e-2, 4, true, DataType.DOUBLE);
        System.out.println(result.entries());
        for (EquivalenceResult.Decade d : result.decades()) {
            System.out.println(d);
        }
    }

    @Test
    void plot_is_a_picture(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("plot.png");
        run(Optimizer.SGD, 1e-3, 0, false, DataType.FLOAT).plot(file);
        BufferedImage image = ImageIO.read(file.toFile());
        assertThat(image.getWidth()).isGreaterThan(image.getHeight());
    }
}
