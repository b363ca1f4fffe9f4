package io.github.dl4jqat.integer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.dl4jqat.Seeds;
import io.github.dl4jqat.kernels.LstmCell;
import io.github.dl4jqat.kernels.NaiveCells;
import io.github.dl4jqat.kernels.RandomCells;
import io.github.dl4jqat.kernels.RecurrentCell;
import io.github.dl4jqat.quant.QuantSpec;
import io.github.dl4jqat.quant.Quantizers;
import io.github.dl4jqat.quant.Requantization;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@ExtendWith(Seeds.class)
final class RecurrentOpTest {

    private static final Requantization FLOAT = Requantization.FLOAT;

    private static List<Recurrent> ops(Random random, Requantization mode) {
        List<Recurrent> ops = new ArrayList<>();
        for (QuantSpec spec :
                List.of(
                        Quantizers.int8PerChannel(),
                        Quantizers.int4PerChannel(),
                        Quantizers.intPerTensor(11))) {
            ops.add(op(RandomCells.simple(random, 5, 4, spec, mode), 6));
            ops.add(op(RandomCells.lstm(random, 3, 5, spec, false, mode), 7));
            ops.add(op(RandomCells.lstm(random, 4, 3, spec, true, mode), 1));
        }
        return ops;
    }

    private static Recurrent op(RecurrentCell cell, int steps) {
        return new Recurrent(
                "rnn",
                TensorType.of("q", cell.input(), cell.inputs(), steps),
                TensorType.of("out", cell.output(), cell.units(), steps),
                cell);
    }

    private static IntegerModel stored(IntegerModel model) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        QnetWriter.write(model, out);
        return Qnet.read(out.toByteArray(), "memory");
    }

    @ParameterizedTest
    @EnumSource(Requantization.class)
    void javaEngine_equalsTheReference_alsoFromAFile(Requantization mode, Random random)
            throws IOException {
        for (Recurrent op : ops(random, mode)) {
            int batch = 19;
            int n = op.input().elements();
            int[] q = new int[batch * n];
            for (int i = 0; i < q.length; i++) {
                q[i] = random.nextInt(256);
            }
            IntegerModel model = stored(TestModels.around(op));
            assertThat(model).isEqualTo(TestModels.around(op));
            int[] y =
                    new JavaEngine(model)
                            .run(Map.of("q", TensorData.of(q)), List.of("out"), batch)
                            .get("out")
                            .ints();
            int outputs = op.output().elements();
            for (int e = 0; e < batch; e++) {
                int[][] x = new int[op.cell().inputs()][op.steps()];
                for (int i = 0; i < n; i++) {
                    x[i / op.steps()][i % op.steps()] = q[e * n + i];
                }
                int[][] expected = NaiveCells.run(op.cell(), x, null);
                for (int i = 0; i < outputs; i++) {
                    assertThat(y[e * outputs + i])
                            .isEqualTo(expected[i / op.steps()][i % op.steps()]);
                }
            }
        }
    }

    @Test
    void summary_countsAllWeights(Random random) {
        LstmCell cell =
                RandomCells.lstm(
                        random, 3, 5, Quantizers.int8PerChannel(), true, Requantization.FLOAT);
        Recurrent op = op(cell, 4);
        // 20 rows of 3 and of 5, 20 biases, 15 peepholes.
        assertThat(op.parameters()).isEqualTo(20 * 3 + 20 * 5 + 20 + 15);
        assertThat(op.constantBytes())
                .isEqualTo((20 * 3 + 4 * 20 + 4 * 20) + (20 * 5 + 4 * 20) + (15 * 2 + 4));
        try (IntegerNetwork net = IntegerNetwork.of(TestModels.around(op), EngineChoice.AUTO)) {
            assertThat(net.summary())
                    .contains("Recurrent", "[20, 3]", "[3, 4]", "[5, 4]")
                    .contains("Parameters: " + op.parameters());
        }
    }

    /** Among the batches is one that goes through in several parts. */
    @Test
    void onnxRuntime_equalsTheJavaEngine(Random random) {
        for (QuantSpec spec :
                List.of(
                        Quantizers.int8PerChannel(),
                        Quantizers.int4PerChannel(),
                        Quantizers.int8PerTensor())) {
            for (Recurrent op :
                    List.of(
                            op(RandomCells.simple(random, 5, 4, spec, FLOAT), 6),
                            op(RandomCells.lstm(random, 3, 5, spec, false, FLOAT), 7),
                            op(RandomCells.lstm(random, 4, 3, spec, true, FLOAT), 1),
                            op(RandomCells.lstm(random, 6, 17, spec, true, FLOAT), 23))) {
                for (int batch : List.of(1, 19, 300)) {
                    int[] q = new int[batch * op.input().elements()];
                    Arrays.setAll(q, i -> random.nextInt(256));
                    int[] y = BothEngines.run(op, batch, q);
                    assertThat(Arrays.stream(y).distinct().count()).isGreaterThan(1);
                }
            }
        }
    }

    @Test
    void onnxRuntime_isNotAsked_forWideWeights(Random random) {
        QuantSpec wide = Quantizers.intPerTensor(11);
        Recurrent op = op(RandomCells.simple(random, 5, 4, wide, FLOAT), 6);
        assertThat(OnnxSupport.obstacle(TestModels.around(op)))
                .hasValueSatisfying(reason -> assertThat(reason).contains("8 bits", "'rnn'"));
        try (IntegerNetwork net = IntegerNetwork.of(TestModels.around(op), EngineChoice.AUTO)) {
            assertThat(net.engine()).isEqualTo("Java");
        }
    }

    @Test
    void tensorsThatDoNotFitTheCell_areRefused(Random random) {
        RecurrentCell cell =
                RandomCells.simple(random, 3, 2, Quantizers.int8PerChannel(), Requantization.FLOAT);
        TensorType in = TensorType.of("q", cell.input(), 3, 4);
        TensorType out = TensorType.of("out", cell.output(), 2, 4);
        assertThatThrownBy(
                        () -> new Recurrent("r", TensorType.of("q", cell.input(), 4, 3), out, cell))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("expected [3, time]");
        assertThatThrownBy(
                        () -> new Recurrent("r", in, TensorType.of("o", cell.output(), 2, 5), cell))
                .hasMessageContaining("should be [2, 4]");
        assertThatThrownBy(
                        () ->
                                new Recurrent(
                                        "r", TensorType.of("q", cell.output(), 3, 4), out, cell))
                .hasMessageContaining("input has")
                .hasMessageContaining("the cell is for");
        assertThatThrownBy(
                        () -> new Recurrent("r", in, TensorType.of("o", cell.input(), 2, 4), cell))
                .hasMessageContaining("output has");
    }

    @Test
    void aFileWithABrokenCell_isRefused_byName(Random random) throws IOException {
        IntegerModel model = TestModels.around(ops(random, Requantization.FLOAT).get(2));
        QnetTest.refusedWith(
                model, j -> j.replace("\"LSTM\"", "\"GRU\""), "'cell' is 'GRU', expected LSTM or");
        QnetTest.refusedWith(
                model,
                j -> j.replaceFirst("\"exponent\" : 0", "\"exponent\" : -1"),
                "exponent=-1 is outside");
        QnetTest.refusedWith(
                model, j -> j.replaceFirst("\"signed\" : false", "\"signed\" : 7"), "'signed'");
        QnetTest.refusedWith(
                model, j -> j.replace("\"memory\"", "\"memories\""), "'memory' should be");
        QnetTest.refusedWith(model, j -> j.replace("[ 3, 3 ]", "[ 1, 9 ]"), "3 biases for 1");
    }
}
