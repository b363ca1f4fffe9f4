package io.github.dl4jqat.ops;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.dl4jqat.Seeds;
import io.github.dl4jqat.estimator.GradientEstimator;
import io.github.dl4jqat.estimator.GradientEstimators;
import io.github.dl4jqat.estimator.Moment;
import io.github.dl4jqat.estimator.TensorRole;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.QuantSpec;
import io.github.dl4jqat.quant.Quantizers;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

@ExtendWith(Seeds.class)
final class HeapPassTest {

    private static final QuantSpec SPEC = Quantizers.uint8PerTensor();

    static Stream<GradientEstimator> estimators() {
        return Stream.of(
                GradientEstimators.clipped(),
                GradientEstimators.identity(),
                GradientEstimators.lsq(),
                GradientEstimators.stochastic());
    }

    @ParameterizedTest
    @MethodSource("estimators")
    void pieceByPiece_isTheWholeArray(GradientEstimator estimator) {
        Random random = new Random(Seeds.current());
        for (DataType type : new DataType[] {DataType.FLOAT, DataType.DOUBLE}) {
            int n = 4 * 9;
            double[] values = new double[n];
            double[] gradient = new double[n];
            for (int i = 0; i < n; i++) {
                values[i] =
                        type == DataType.FLOAT
                                ? (float) random.nextGaussian()
                                : random.nextGaussian();
                gradient[i] =
                        type == DataType.FLOAT
                                ? (float) random.nextGaussian()
                                : random.nextGaussian();
            }
            INDArray x = Nd4j.createFromArray(values).castTo(type).reshape('c', 4, 9);
            INDArray g = Nd4j.createFromArray(gradient).castTo(type).reshape('c', 4, 9);
            double[][] parameters =
                    QuantizerPass.values(
                            estimator,
                            SPEC,
                            TensorRole.ACTIVATION,
                            0,
                            x,
                            new double[estimator.parameters(SPEC, TensorRole.ACTIVATION).size()][]);
            QuantizerPass pass =
                    QuantizerPass.of(
                            estimator,
                            SPEC,
                            TensorRole.ACTIVATION,
                            0,
                            parameters,
                            () -> QuantParams.fromRange(SPEC, -1, 1.5f),
                            null,
                            Moment.training(5, 3));
            INDArray y = x.ulike();
            pass.forward(x, y);
            INDArray dx = x.ulike();
            double[][] learned = pass.backward(x, g, dx);

            HeapPass pieces = pass.onHeap(type == DataType.FLOAT, n);
            double[] out = new double[n];
            double[] back = new double[n];
            for (int from = 0; from < n; from += 6) {
                pieces.forward(values, out, from, from + 6);
            }
            for (int from = n - 6; from >= 0; from -= 6) {
                pieces.backward(values, gradient, back, from, from + 6);
            }
            assertThat(out).as("%s %s", estimator.name(), type).isEqualTo(HeapArrays.of(y));
            assertThat(Nd4j.createFromArray(back).castTo(type).reshape('c', 4, 9)).isEqualTo(dx);
            double[][] sums = pieces.gradients(n / 4);
            assertThat(sums).hasDimensions(learned.length, learned.length == 0 ? 0 : 1);
            for (int j = 0; j < sums.length; j++) {
                assertThat(sums[j][0])
                        .isCloseTo(
                                learned[j][0],
                                org.assertj.core.data.Percentage.withPercentage(1e-6));
            }
        }
    }

    @Test
    void arrays_comeOverAndBack_inRowMajorOrder() {
        for (DataType type : new DataType[] {DataType.FLOAT, DataType.DOUBLE}) {
            INDArray x = Nd4j.arange(24).castTo(type).reshape('f', 2, 3, 4);
            double[] values = HeapArrays.of(x);
            assertThat(values[1]).isEqualTo(x.getDouble(0, 0, 1));
            assertThat(values[23]).isEqualTo(x.getDouble(1, 2, 3));
            INDArray view = x.permute(2, 0, 1);
            double[] turned = HeapArrays.of(view);
            assertThat(turned[1]).isEqualTo(view.getDouble(0, 0, 1));
            INDArray back = Nd4j.createUninitialized(type, new long[] {4, 2, 3}, 'c');
            HeapArrays.write(turned, 0, back);
            assertThat(back).isEqualTo(view);
            INDArray part = Nd4j.zeros(type, 3);
            HeapArrays.write(new double[] {9, 1, 2, 3, 9}, 1, part);
            assertThat(HeapArrays.of(part)).containsExactly(1, 2, 3);
        }
        assertThat(HeapArrays.of(Nd4j.createFromArray(1, 2))).containsExactly(1, 2);
    }

    @Test
    void vectors_are_runs_of_memory_in_either_order() {
        INDArray all = Nd4j.arange(12).castTo(DataType.FLOAT).reshape('c', 3, 4);
        INDArray row = all.getRow(1);
        INDArray column = all.getColumn(1);
        assertThat(HeapArrays.isRowMajor(row)).isTrue();
        assertThat(HeapArrays.of(row)).containsExactly(4, 5, 6, 7);
        assertThat(HeapArrays.isRowMajor(column)).isFalse();
        assertThat(HeapArrays.of(column)).containsExactly(1, 5, 9);
        INDArray vector = Nd4j.createFromArray(1f, 2f, 3f);
        for (char order : new char[] {'c', 'f'}) {
            assertThat(HeapArrays.isRowMajor(vector.reshape(order, 1, 3))).isTrue();
            assertThat(HeapArrays.isRowMajor(vector.reshape(order, 3, 1))).isTrue();
            assertThat(HeapArrays.of(vector.reshape(order, 3, 1))).containsExactly(1, 2, 3);
        }
        assertThat(HeapArrays.isRowMajor(all)).isTrue();
        assertThat(HeapArrays.isRowMajor(all.dup('f'))).isFalse();
        assertThat(HeapArrays.isRowMajor(all.castTo(DataType.INT32))).isFalse();
        assertThat(HeapArrays.isRowMajor(Nd4j.scalar(2f))).isTrue();
        assertThat(HeapArrays.of(Nd4j.scalar(2f))).containsExactly(2);
    }
}
