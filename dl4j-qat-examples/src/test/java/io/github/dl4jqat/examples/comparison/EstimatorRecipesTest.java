package io.github.dl4jqat.examples.comparison;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.dl4jqat.Qat;
import io.github.dl4jqat.estimator.GradientEstimators;
import io.github.dl4jqat.examples.Seeds;
import io.github.dl4jqat.examples.data.DigitData;
import io.github.dl4jqat.examples.data.DrawnDigits;
import io.github.dl4jqat.integer.IntegerNetwork;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.zoo.model.LeNet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.learning.config.Adam;

class EstimatorRecipesTest {

    private static final int BATCH = 16;

    private static final DrawnDigits DRAWN = new DrawnDigits(Seeds.seed(), BATCH, 40);
    private static final DigitData DIGITS = new DigitData("drawn", DRAWN.train(), DRAWN.test());

    private static final MultiLayerNetwork FLOATING = network();

    private static MultiLayerNetwork network() {
        LeNet model =
                LeNet.builder()
                        .seed(Seeds.seed())
                        .numClasses(10)
                        .inputShape(new int[] {1, 28, 28})
                        .updater(new Adam(1e-3))
                        .build();
        MultiLayerNetwork net = new MultiLayerNetwork(model.conf());
        net.init();
        return net;
    }

    /** Each estimator at the ends of what it serves, among the usual widths. */
    static Stream<Arguments> cells() {
        List<Arguments> cells = new ArrayList<>();
        for (EstimatorRecipe recipe : EstimatorRecipes.list()) {
            List<Integer> served = Stream.of(8, 4, 3, 2, 1).filter(recipe::serves).toList();
            cells.add(Arguments.of(recipe.name(), served.get(0)));
            if (served.size() > 1) {
                cells.add(Arguments.of(recipe.name(), served.get(served.size() - 1)));
            }
        }
        cells.add(Arguments.of("lsq", 4));
        cells.add(Arguments.of("lsq", 3));
        cells.add(Arguments.of("lsq", 2));
        return cells.stream();
    }

    @Test
    void everyEstimatorOfTheLibrary_hasARecipe() {
        assertThat(EstimatorRecipes.names())
                .containsExactlyInAnyOrderElementsOf(GradientEstimators.names());
    }

    @Test
    void everyWidth_isServedByMany() {
        for (int bits = 1; bits <= 8; bits++) {
            int width = bits;
            assertThat(EstimatorRecipes.list().stream().filter(r -> r.serves(width)))
                    .as("%d bits", width)
                    .hasSizeGreaterThan(4)
                    .allSatisfy(r -> assertThat(r.config(width)).isNotNull());
        }
    }

    @Test
    void unknownName_listsTheKnownOnes() {
        assertThatThrownBy(() -> EstimatorRecipes.named("none"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("unknown estimator 'none'; known are " + EstimatorRecipes.names());
    }

    /** The accuracy that a comparison shows is the one that integers have. */
    @ParameterizedTest(name = "{0} at {1} bits")
    @MethodSource("cells")
    void everyCell_trains_andItsIntegersSayTheSame(String name, int bits) {
        EstimatorRecipe recipe = EstimatorRecipes.named(name);
        MultiLayerNetwork net = Qat.prepare(FLOATING, recipe.config(bits));
        Qat.calibrate(net, DIGITS.trainBatches(BATCH, 1), 1);
        net.fit(DIGITS.trainBatches(BATCH, 1));
        assertThat(net.score()).isFinite();
        try (IntegerNetwork integer = Qat.convert(net)) {
            assertThat(Qat.verify(net, integer, DIGITS.testBatches(BATCH)).maxLsb()).isZero();
            assertThat(integer.evaluate(DIGITS.testBatches(BATCH)).accuracy())
                    .isEqualTo(net.evaluate(DIGITS.testBatches(BATCH)).accuracy());
        }
    }
}
