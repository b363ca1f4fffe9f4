package io.github.dl4jqat.estimator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.github.dl4jqat.Seeds;
import io.github.dl4jqat.estimator.Subjects.Case;
import io.github.dl4jqat.ops.FakeQuantize;
import io.github.dl4jqat.ops.QuantizerPass;
import io.github.dl4jqat.quant.Granularity;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.QuantSpec;
import io.github.dl4jqat.quant.Symmetry;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.ObjectMapper;

/** What holds for every estimator: those of the package by name, and somebody else's. */
@ExtendWith(Seeds.class)
final class EstimatorContractTest {

    private static final Moment TRAINING = Moment.training(5, 0);
    private static final DataType[] TYPES = {DataType.FLOAT, DataType.DOUBLE};
    private static final int AXIS = 1;

    static Stream<GradientEstimator> estimators() {
        return Subjects.estimators().stream();
    }

    static Stream<Case> cases() {
        return Subjects.cases().stream();
    }

    /** Of each estimator one for weights and one for activations, as far as it serves both. */
    static Stream<Case> few() {
        return cases().filter(c -> c.spec().bits() == 4);
    }

    static Stream<Case> channels() {
        return cases().filter(c -> c.spec().granularity().kind() == Granularity.Kind.PER_CHANNEL);
    }

    private static INDArray tensor(Random random, DataType type) {
        return Subjects.normal(random, type, 3, 4, 5);
    }

    private static INDArray like(INDArray x) {
        return Nd4j.createUninitialized(x.dataType(), x.shape());
    }

    private static double[] forward(QuantizerPass pass, INDArray x) {
        INDArray y = like(x);
        pass.forward(x, y);
        return Subjects.elements(y);
    }

    private static double[] levels(QuantizerPass pass, INDArray x) {
        INDArray y = like(x);
        pass.levels(x, y);
        return Subjects.elements(y);
    }

    @ParameterizedTest
    @MethodSource("estimators")
    void json_keeps_every_setting(GradientEstimator estimator) throws Exception {
        String json = GradientEstimators.toJson(estimator);
        GradientEstimator read = GradientEstimators.fromJson(json);

        assertThat(read).isEqualTo(estimator).hasSameClassAs(estimator);
        JsonNode tree = new ObjectMapper().readTree(json);
        assertThat(tree.get("kind").asText())
                .isIn(estimator.name(), estimator.getClass().getName());
        for (RecordComponent component : estimator.getClass().getRecordComponents()) {
            assertThat(tree.has(component.getName())).as(component.getName()).isTrue();
        }
    }

    @ParameterizedTest
    @MethodSource("estimators")
    void something_is_served(GradientEstimator estimator) {
        assertThat(cases().filter(c -> c.estimator().equals(estimator))).isNotEmpty();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void levels_are_on_the_grid_and_evaluation_computes_with_them(Case c, Random random) {
        for (DataType type : TYPES) {
            INDArray x = tensor(random, type);
            x.putScalar(3, 100).putScalar(11, -100).putScalar(12, 0);
            QuantizerPass pass = c.pass(x, AXIS, Moment.EVALUATION);
            QuantParams p = pass.params();

            double[] levels = levels(pass, x);
            double[] reals = forward(pass, x);

            double[] expected = new double[levels.length];
            for (int i = 0; i < levels.length; i++) {
                double level = levels[i];
                float scale = p.scale(i / 5 % 4);
                assertThat(level)
                        .isEqualTo(Math.rint(level))
                        .isBetween((double) p.lowestStep(), (double) p.highestStep());
                if (c.spec().symmetry() == Symmetry.MID_RISE) {
                    assertThat(Math.abs(level % 2)).isEqualTo(1);
                }
                expected[i] = type == DataType.FLOAT ? (float) level * scale : level * scale;
            }
            assertThat(reals).containsExactly(expected);
            if (c.kernel(Moment.EVALUATION).rounds()) {
                INDArray again = Nd4j.createFromArray(reals).reshape(x.shape()).castTo(type);
                assertThat(levels(pass, again)).containsExactly(levels);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void the_graph_s_op_gives_the_same_bits(Case c, Random random) {
        for (DataType type : TYPES) {
            INDArray x = tensor(random, type);
            INDArray weight = Subjects.normal(random, type, 3, 4, 5);
            QuantizerPass pass = c.pass(x, AXIS, TRAINING);
            INDArray dx = like(x);
            double[][] gradients = pass.backward(x, weight, dx);

            SameDiff sd = SameDiff.create();
            SDVariable in = sd.var("x", x.dup());
            QuantParams observed = Subjects.observed(x, c.spec(), AXIS);
            List<SDVariable> learned = new ArrayList<>();
            List<String> wanted = new ArrayList<>(List.of("x"));
            List<QuantizerParameter> parameters = c.estimator().parameters(c.spec(), c.role());
            for (int j = 0; j < parameters.size(); j++) {
                if (parameters.get(j).learned()) {
                    wanted.add("learned" + j);
                    learned.add(sd.var("learned" + j, Nd4j.createFromArray(pass.values()[j])));
                }
            }
            FakeQuantize.apply(
                            sd,
                            in,
                            sd.constant(Nd4j.createFromArray(observed.scales())),
                            sd.constant(Nd4j.scalar((float) observed.zeroPoint())),
                            sd.constant(Nd4j.scalar((double) TRAINING.iteration())),
                            learned,
                            c.spec(),
                            AXIS,
                            c.role(),
                            c.estimator())
                    .rename("y")
                    .mul(sd.constant(weight))
                    .sum()
                    .rename("loss");
            sd.setLossVariables("loss");

            assertThat(Subjects.elements(sd.outputSingle(Map.of(), "y")))
                    .containsExactly(forward(pass, x));
            Map<String, INDArray> found =
                    sd.calculateGradients(Map.of(), wanted.toArray(new String[0]));
            assertThat(Subjects.elements(found.get("x"))).containsExactly(Subjects.elements(dx));
            for (int j = 0; j < gradients.length; j++) {
                assertThat(found.get(wanted.get(j + 1)).toDoubleVector())
                        .containsExactly(gradients[j]);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void odd_tensors_stay_finite(Case c, Random random) {
        for (DataType type : TYPES) {
            INDArray spoiled = tensor(random, type);
            spoiled.putScalar(0, Double.NaN);
            spoiled.putScalar(1, Double.POSITIVE_INFINITY);
            spoiled.putScalar(2, Double.NEGATIVE_INFINITY);
            INDArray zero = Nd4j.zeros(type, 3, 4, 5);
            INDArray tiny = tensor(random, type).muli(1e-30);
            INDArray lost = Nd4j.valueArrayOf(new long[] {3, 4, 5}, Double.NaN, type);
            for (INDArray x : new INDArray[] {spoiled, zero, tiny, lost}) {
                INDArray dx = like(x);
                QuantizerPass pass = c.pass(x, AXIS, TRAINING);

                double[][] gradients = pass.backward(x, Nd4j.ones(type, 3, 4, 5), dx);

                assertThat(Arrays.stream(Subjects.elements(dx))).allMatch(Double::isFinite);
                for (double[] row : gradients) {
                    assertThat(Arrays.stream(row)).allMatch(Double::isFinite);
                }
                double[] before = Subjects.elements(x);
                double[] y = forward(pass, x);
                for (int i = 0; i < y.length; i++) {
                    assertThat(Double.isFinite(y[i]) || Double.isNaN(before[i])).isTrue();
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("channels")
    void a_channel_is_quantized_as_a_tensor_of_its_own_would_be(Case c, Random random) {
        if (c.kernel(TRAINING).ordered()) {
            return;
        }
        INDArray x = tensor(random, DataType.FLOAT);
        INDArray grad = tensor(random, DataType.FLOAT);
        QuantizerPass whole = c.pass(x, AXIS, TRAINING);
        INDArray y = like(x);
        INDArray dx = like(x);
        whole.forward(x, y);
        double[][] gradients = whole.backward(x, grad, dx);
        QuantParams observed = Subjects.observed(x, c.spec(), AXIS);
        QuantSpec perTensor = c.spec().withGranularity(Granularity.perTensor());
        for (int channel = 0; channel < 4; channel++) {
            int own = channel;
            double[][] values =
                    Arrays.stream(whole.values())
                            .map(row -> new double[] {row[own]})
                            .toArray(double[][]::new);
            QuantizerPass single =
                    QuantizerPass.of(
                            c.estimator(),
                            perTensor,
                            c.role(),
                            0,
                            values,
                            () -> QuantParams.of(perTensor, observed.scale(own), 0),
                            null,
                            TRAINING);
            INDArray slice = slice(x, channel);
            INDArray sliceDx = like(slice);

            double[][] sliceGradients = single.backward(slice, slice(grad, channel), sliceDx);

            assertThat(forward(single, slice))
                    .containsExactly(Subjects.elements(slice(y, channel)));
            assertThat(Subjects.elements(sliceDx))
                    .containsExactly(Subjects.elements(slice(dx, channel)));
            for (int j = 0; j < gradients.length; j++) {
                assertThat(sliceGradients[j][0]).isEqualTo(gradients[j][channel], within(1e-9));
            }
        }
    }

    private static INDArray slice(INDArray x, int channel) {
        return x.get(NDArrayIndex.all(), NDArrayIndex.point(channel), NDArrayIndex.all()).dup('c');
    }

    @ParameterizedTest
    @MethodSource("few")
    void the_order_in_memory_does_not_matter(Case c, Random random) {
        for (DataType type : TYPES) {
            INDArray x = tensor(random, type);
            INDArray grad = tensor(random, type);
            QuantizerPass pass = c.pass(x, AXIS, TRAINING);
            INDArray dx = like(x);
            double[][] gradients = pass.backward(x, grad, dx);
            INDArray permuted = x.permute(2, 0, 1).dup('c').permute(1, 2, 0);
            for (INDArray other : new INDArray[] {x.dup('f'), permuted}) {
                INDArray otherDx = like(other);
                QuantizerPass same = c.pass(other, AXIS, pass.values(), TRAINING);

                double[][] otherGradients = same.backward(other, grad.dup('f'), otherDx);

                assertThat(forward(same, other)).containsExactly(forward(pass, x));
                assertThat(levels(same, other)).containsExactly(levels(pass, x));
                assertThat(Subjects.elements(otherDx)).containsExactly(Subjects.elements(dx));
                for (int j = 0; j < gradients.length; j++) {
                    assertThat(otherGradients[j]).containsExactly(gradients[j], within(1e-9));
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("few")
    void long_tensors_split_over_threads_give_the_same(Case c, Random random) {
        if (c.kernel(TRAINING).ordered()) {
            return;
        }
        int n = 140_000;
        INDArray part = Subjects.normal(random, DataType.FLOAT, 2, n);
        INDArray x = Nd4j.concat(1, part, part, part);
        QuantizerPass pass = c.pass(part, 0, TRAINING);
        INDArray dx = like(x);
        INDArray partDx = like(part);

        double[][] gradients = pass.backward(x, Nd4j.ones(DataType.FLOAT, 2, 3L * n), dx);
        double[][] partGradients = pass.backward(part, Nd4j.ones(DataType.FLOAT, 2, n), partDx);

        INDArray y = like(x);
        INDArray partY = like(part);
        pass.forward(x, y);
        pass.forward(part, partY);
        assertThat(y).isEqualTo(Nd4j.concat(1, partY, partY, partY));
        assertThat(dx).isEqualTo(Nd4j.concat(1, partDx, partDx, partDx));
        double unit = c.estimator().gradientFactor(c.spec(), 3) / factorOfOne(c);
        for (int j = 0; j < gradients.length; j++) {
            for (int k = 0; k < gradients[j].length; k++) {
                assertThat(gradients[j][k])
                        .isCloseTo(
                                3 * unit * partGradients[j][k],
                                within(1e-7 * (1 + Math.abs(gradients[j][k]))));
            }
        }
        assertThat(pass.backward(x, Nd4j.ones(DataType.FLOAT, 2, 3L * n), dx)).isEqualTo(gradients);
    }

    private static double factorOfOne(Case c) {
        return c.estimator().gradientFactor(c.spec(), 1);
    }

    @ParameterizedTest
    @MethodSource("few")
    void passes_on_several_threads_do_not_mix(Case c, Random random) {
        List<INDArray> tensors = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            tensors.add(tensor(random, DataType.FLOAT).mul(1 + i));
        }
        QuantizerPass pass = c.pass(tensors.get(3), AXIS, TRAINING);
        List<double[]> alone = tensors.stream().map(x -> results(pass, x)).toList();

        List<double[]> together =
                IntStream.range(0, 160)
                        .parallel()
                        .mapToObj(i -> results(pass, tensors.get(i % 8)))
                        .toList();

        for (int i = 0; i < 160; i++) {
            assertThat(together.get(i)).containsExactly(alone.get(i % 8));
        }
    }

    private static double[] results(QuantizerPass pass, INDArray x) {
        INDArray dx = like(x);
        double[][] gradients = pass.backward(x, x, dx);
        return Stream.concat(
                        Stream.of(forward(pass, x), Subjects.elements(dx)),
                        Arrays.stream(gradients))
                .flatMapToDouble(Arrays::stream)
                .toArray();
    }
}
