package io.github.dl4jqat.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.dl4jqat.Seeds;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.QuantSpec;
import io.github.dl4jqat.quant.Quantizers;
import io.github.dl4jqat.quant.Requantization;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@ExtendWith(Seeds.class)
final class RecurrentCellTest {

    private static final QuantParams STEP_ONE =
            QuantParams.of(Quantizers.int8AffinePerTensor(), 1, 0);
    private static final QuantParams WIDE = QuantParams.of(Quantizers.int16PerTensor(), 0x1p-8f, 0);

    private static WeightRows rows(int columns, float scale, int... values) {
        return WeightRows.of(values, columns, QuantParams.of(Quantizers.int8PerTensor(), scale, 0));
    }

    private static List<RecurrentCell> cells(Random random, Requantization mode) {
        List<RecurrentCell> cells = new ArrayList<>();
        for (QuantSpec spec :
                List.of(
                        Quantizers.int8PerChannel(),
                        Quantizers.int8PerTensor(),
                        Quantizers.int4PerChannel())) {
            cells.add(RandomCells.simple(random, 5, 4, spec, mode));
            cells.add(RandomCells.lstm(random, 5, 4, spec, false, mode));
            cells.add(RandomCells.lstm(random, 3, 6, spec, true, mode));
        }
        return cells;
    }

    @ParameterizedTest
    @EnumSource(Requantization.class)
    void cells_computeTheirFormulas_toTheLastBit(Requantization mode, Random random) {
        for (RecurrentCell cell : cells(random, mode)) {
            int examples = 5;
            int steps = 9;
            int[][][] x = new int[examples][cell.inputs()][steps];
            boolean[][] keep = new boolean[examples][steps];
            for (int e = 0; e < examples; e++) {
                for (int t = 0; t < steps; t++) {
                    keep[e][t] = e == 0 || random.nextInt(4) > 0;
                    for (int i = 0; i < cell.inputs(); i++) {
                        x[e][i][t] = random.nextInt(256);
                    }
                }
            }
            int[] flat = flat(x);
            int[] mask = new int[examples * steps];
            for (int i = 0; i < mask.length; i++) {
                mask[i] = keep[i / steps][i % steps] ? 1 : 0;
            }
            for (boolean masked : new boolean[] {false, true}) {
                int[] y = new int[examples * cell.units() * steps];
                // In two blocks, as threads would.
                CellState state = cell.zeroState(examples);
                cell.run(flat, y, steps, masked ? mask : null, state, 0, 2);
                cell.run(flat, y, steps, masked ? mask : null, state, 2, examples);
                int[][][] expected = new int[examples][][];
                for (int e = 0; e < examples; e++) {
                    expected[e] = NaiveCells.run(cell, x[e], masked ? keep[e] : null);
                }
                assertThat(y).as("%s masked: %s", cell, masked).isEqualTo(flat(expected));
                assertThat(java.util.Arrays.stream(y).distinct().count()).isGreaterThan(10);
            }
        }
    }

    private static int[] flat(int[][][] x) {
        List<Integer> all = new ArrayList<>();
        for (int[][] example : x) {
            for (int[] row : example) {
                for (int q : row) {
                    all.add(q);
                }
            }
        }
        return all.stream().mapToInt(q -> q).toArray();
    }

    @Test
    void aSequenceInPieces_isTheSequence(Random random) {
        for (RecurrentCell cell : cells(random, Requantization.FLOAT)) {
            int steps = 7;
            int[] x = new int[cell.inputs() * steps];
            for (int i = 0; i < x.length; i++) {
                x[i] = random.nextInt(256);
            }
            int[] whole = new int[cell.units() * steps];
            CellState end = cell.zeroState(1);
            cell.run(x, whole, steps, null, end, 0, 1);
            CellState state = cell.zeroState(1);
            for (int t = 0; t < steps; t++) {
                int[] now = new int[cell.inputs()];
                for (int i = 0; i < now.length; i++) {
                    now[i] = x[i * steps + t];
                }
                int[] y = new int[cell.units()];
                cell.run(now, y, 1, null, state, 0, 1);
                for (int u = 0; u < y.length; u++) {
                    assertThat(y[u]).isEqualTo(whole[u * steps + t]);
                }
            }
            assertThat(state.output()).isEqualTo(end.output());
            assertThat(state.memory()).isEqualTo(end.memory());
        }
    }

    /** One unit, one input, weights and scales for which everything can be said in the head. */
    @Test
    void plainCell_inTheHead() {
        int[] table = new int[65535];
        for (int z = -32767; z <= 32767; z++) {
            // The value itself: z has steps of 1/256, the output of 1.
            table[z + 32767] = Math.max(-128, Math.min(127, (int) Math.rint(z / 256.0)));
        }
        SimpleRnnCell cell =
                new SimpleRnnCell(
                        rows(1, 1, 2),
                        rows(1, 0.5f, -1),
                        new int[] {3},
                        STEP_ONE,
                        STEP_ONE,
                        WIDE,
                        table,
                        Requantization.FLOAT);
        int[] y = new int[4];
        // h = 2 x + 3 - h/2: 5, then 7 - 2.5 = 4.5 which is 4, then 3 - 2, then 103 - 0.5, even.
        cell.run(new int[] {1, 2, 0, 50}, y, 4, null, cell.zeroState(1), 0, 1);
        assertThat(y).containsExactly(5, 4, 1, 102);
    }

    /** Gates that are always open: the memory adds everything up, and the output shows it. */
    @Test
    void lstm_withOpenGates_addsUp() {
        float[] open = new float[65535];
        java.util.Arrays.fill(open, 1);
        float[] itself = new float[65535];
        for (int q = -32767; q <= 32767; q++) {
            itself[q + 32767] = q / 256f;
        }
        LstmCell cell =
                LstmCell.builder(Requantization.FLOAT)
                        .tensors(STEP_ONE, STEP_ONE)
                        .grids(WIDE, WIDE)
                        .weights(rows(1, 1, 1, 1, 1, 1), new int[4])
                        .recurrent(rows(1, 1, 0, 0, 0, 0))
                        .functions(CellTable.of(open), CellTable.of(itself), CellTable.of(itself))
                        .build();
        int[] y = new int[5];
        CellState state = cell.zeroState(1);
        cell.run(new int[] {3, -5, 100, 50, -7}, y, 5, null, state, 0, 1);
        // The memory ends at 32767 steps of 1/256, just below 128.
        assertThat(y).containsExactly(3, -2, 98, 127, 121);
        assertThat(state.memory()).containsExactly(32767 - 7 * 256);
        assertThat(state.output()).containsExactly(121);
    }

    @Test
    void lstm_withForgetGateShut_remembersNothing() {
        float[] step = new float[65535];
        for (int q = -32767; q <= 32767; q++) {
            step[q + 32767] = q > 0 ? 1 : 0;
        }
        float[] itself = new float[65535];
        for (int q = -32767; q <= 32767; q++) {
            itself[q + 32767] = q / 256f;
        }
        // Bias opens all gates but the forget gate, which has none.
        LstmCell cell =
                LstmCell.builder(Requantization.FLOAT)
                        .tensors(STEP_ONE, STEP_ONE)
                        .grids(WIDE, WIDE)
                        .weights(rows(1, 1, 1, 0, 0, 0), new int[] {0, 0, 1, 1})
                        .recurrent(rows(1, 1, 0, 0, 0, 0))
                        .functions(CellTable.of(step), CellTable.of(itself), CellTable.of(itself))
                        .build();
        int[] y = new int[3];
        cell.run(new int[] {3, -5, 100}, y, 3, null, cell.zeroState(1), 0, 1);
        assertThat(y).containsExactly(3, -5, 100);
    }

    @Test
    void tables_takeAllBitsOfTheirFraction() {
        CellTable gate = CellTable.of(new float[] {0, 0.25f, 1});
        assertThat(gate.entries()).containsExactly(0, 8192, 32768);
        assertThat(gate.scale()).isEqualTo(0x1p-15f);
        CellTable signed = CellTable.of(new float[] {-1, 0.5f, 1, Float.NaN});
        assertThat(signed.entries()).containsExactly(-32767, 16384, 32767, 0);
        CellTable wide = CellTable.of(new float[] {-3, 5});
        assertThat(wide.exponent()).isEqualTo(3);
        assertThat(wide.entries()).containsExactly(-12288, 20480);
        assertThat(CellTable.of(wide.entries(), wide.exponent())).isEqualTo(wide);
        assertThat(CellTable.of(new float[] {Float.POSITIVE_INFINITY}).entries())
                .containsExactly(32768);
        // Ties to even.
        assertThat(CellTable.of(new float[] {1.5f * 0x1p-15f, 2.5f * 0x1p-15f}).entries())
                .containsExactly(2, 2);
    }

    @Test
    void badParts_areRefused_withTheNumbers(Random random) {
        assertThatThrownBy(() -> CellTable.of(new int[] {-5, 32768}, 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("-5 to 32768");
        assertThatThrownBy(() -> CellTable.of(new int[] {0}, -1))
                .hasMessageContaining("exponent=-1");
        assertThatThrownBy(() -> rows(2, 1, 1, 2, 3)).hasMessageContaining("rows of 2");
        assertThatThrownBy(() -> rows(1, 1, 128)).hasMessageContaining("128 is outside");
        LstmCell good =
                RandomCells.lstm(
                        random, 3, 2, Quantizers.int8PerChannel(), true, Requantization.FLOAT);
        assertThatThrownBy(
                        () ->
                                copy(good)
                                        .recurrent(
                                                RandomCells.rows(
                                                        random, 8, 3, Quantizers.int8PerChannel()))
                                        .build())
                .hasMessageContaining("four rows for each of its 3 columns");
        assertThatThrownBy(() -> copy(good).grids(RandomCells.OUTPUT, RandomCells.MEMORY).build())
                .hasMessageContaining("zero point 0");
        assertThatThrownBy(() -> copy(good).grids(RandomCells.BEFORE, RandomCells.INPUT).build())
                .hasMessageContaining("the memory");
        assertThatThrownBy(
                        () ->
                                copy(good)
                                        .functions(
                                                CellTable.of(new float[7]),
                                                good.activation(),
                                                good.memoryActivation())
                                        .build())
                .hasMessageContaining("7 entries for the 65535 integers");
        assertThatThrownBy(
                        () ->
                                copy(good)
                                        .peepholes(
                                                RandomCells.rows(
                                                        random, 3, 5, Quantizers.int8PerTensor()))
                                        .build())
                .hasMessageContaining("three rows of 2");
        assertThat(copy(good).build()).isEqualTo(good).hasSameHashCodeAs(good);
        assertThat(copy(good).peepholes(null).build()).isNotEqualTo(good);
    }

    private static LstmCell.Builder copy(LstmCell cell) {
        return LstmCell.builder(cell.mode())
                .tensors(cell.input(), cell.output())
                .grids(cell.preActivation(), cell.memory())
                .weights(cell.weights(), cell.bias())
                .recurrent(cell.recurrent())
                .peepholes(cell.peepholes())
                .functions(cell.gate(), cell.activation(), cell.memoryActivation());
    }

    /** 127 * 255 * 66 310 is the last sum of full weights and steps that an int holds. */
    @Test
    void anAccumulatorThatCouldOverflow_isRefused() {
        QuantParams bytes = QuantParams.of(Quantizers.uint8PerTensor(), 1, 0);
        int fits = Integer.MAX_VALUE / (127 * 255);
        for (int inputs : new int[] {fits, fits + 1}) {
            int[] full = new int[inputs];
            java.util.Arrays.fill(full, -127);
            Runnable make =
                    () ->
                            new SimpleRnnCell(
                                    rows(inputs, 1, full),
                                    rows(1, 1, 1),
                                    new int[1],
                                    bytes,
                                    bytes,
                                    WIDE,
                                    new int[65535],
                                    Requantization.FLOAT);
            if (inputs == fits) {
                make.run();
            } else {
                assertThatThrownBy(make::run)
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining("input accumulator can reach");
            }
        }
        int[] bias = {Integer.MAX_VALUE - 127 * 255 + 1};
        assertThatThrownBy(
                        () ->
                                new SimpleRnnCell(
                                        rows(1, 1, 127),
                                        rows(1, 1, 1),
                                        bias,
                                        bytes,
                                        bytes,
                                        WIDE,
                                        new int[65535],
                                        Requantization.FLOAT))
                .hasMessageContaining("column 0");
    }

    /** The largest factors there are: no product inside the cell may wrap around. */
    @Test
    void largestProducts_doNotWrapAround() {
        float[] one = new float[65535];
        java.util.Arrays.fill(one, 1);
        LstmCell cell =
                LstmCell.builder(Requantization.FLOAT)
                        .tensors(STEP_ONE, STEP_ONE)
                        .grids(WIDE, QuantParams.of(Quantizers.int16PerTensor(), 0x1p-15f, 0))
                        .weights(rows(1, 1, 0, 0, 0, 0), new int[4])
                        .recurrent(rows(1, 1, 0, 0, 0, 0))
                        .peepholes(
                                WeightRows.of(
                                        new int[] {32767, 32767, 32767},
                                        1,
                                        QuantParams.of(Quantizers.int16PerTensor(), 1, 0)))
                        .functions(CellTable.of(one), CellTable.of(one), CellTable.of(one))
                        .build();
        int[] y = new int[3];
        CellState state = cell.zeroState(1);
        cell.run(new int[] {0, 0, 0}, y, 3, null, state, 0, 1);
        assertThat(state.memory()).containsExactly(32767);
        assertThat(y).containsExactly(1, 1, 1);
    }
}
