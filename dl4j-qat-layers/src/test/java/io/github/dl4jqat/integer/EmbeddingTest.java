package io.github.dl4jqat.integer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import io.github.dl4jqat.Seeds;
import io.github.dl4jqat.quant.Granularity;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.QuantSpec;
import io.github.dl4jqat.quant.Quantizers;
import io.github.dl4jqat.quant.Requantization;
import io.github.dl4jqat.quant.Symmetry;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.EmbeddingSequenceLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

@ExtendWith(Seeds.class)
class EmbeddingTest {

    private static final QuantParams GRID = QuantParams.of(Quantizers.uint8PerTensor(), 0.5f, 100);
    private static final TensorType ONE = TensorType.ofFloats("x", 1);
    private static final TensorType PAIR = TensorType.of("q", GRID, 2);
    private static final int[][] ROWS = {{0, 1}, {100, 110}, {254, 255}};

    private static IntegerModel model(Embedding op) {
        TensorType y = new TensorType("y", op.output().shape(), null);
        return IntegerModel.builder()
                .input(op.input())
                .add(op)
                .add(Dequantize.linear("end", op.output(), y, false))
                .output("y")
                .build();
    }

    private static int[][] rows(Random random, int vocabulary, int n, QuantSpec spec) {
        int[][] rows = new int[vocabulary][n];
        for (int[] row : rows) {
            for (int i = 0; i < n; i++) {
                row[i] = spec.qMin() + random.nextInt(spec.qMax() - spec.qMin() + 1);
            }
        }
        return rows;
    }

    @Test
    void oneIndexGivesItsRow() {
        Embedding op = new Embedding("e", ONE, PAIR, ROWS);
        assertThat(op.vocabulary()).isEqualTo(3);
        assertThat(op.row(1)).containsExactly(100, 110);
        for (EngineChoice choice : EngineChoice.values()) {
            try (IntegerNetwork net = IntegerNetwork.of(model(op), choice)) {
                // Floats are cut, not rounded.
                assertThat(net.output(new float[] {1, 2.9f, -0.9f}, 3))
                        .containsExactly(0, 5, 77, 77.5f, -50, -49.5f);
            }
        }
    }

    @Test
    void sequenceIsWhatDeeplearning4jGives(Random random) {
        int steps = 5;
        int n = 3;
        int vocabulary = 11;
        int[][] rows = rows(random, vocabulary, n, GRID.spec());
        MultiLayerNetwork net =
                new MultiLayerNetwork(
                        new NeuralNetConfiguration.Builder()
                                .list(
                                        new EmbeddingSequenceLayer.Builder()
                                                .nIn(vocabulary)
                                                .nOut(n)
                                                .inputLength(steps)
                                                .build())
                                .build());
        net.init();
        INDArray table = Nd4j.create(DataType.FLOAT, vocabulary, n);
        for (int i = 0; i < vocabulary; i++) {
            for (int j = 0; j < n; j++) {
                table.putScalar(i, j, GRID.dequantize(rows[i][j], 0));
            }
        }
        net.setParam("0_W", table);
        float[] x = new float[4 * steps];
        for (int i = 0; i < x.length; i++) {
            x[i] = random.nextInt(vocabulary) + 0.9f * random.nextFloat();
        }
        INDArray input = Nd4j.createFromArray(x).reshape('c', 4, 1, steps);
        float[] expected = net.output(input).dup('c').data().asFloat();
        for (TensorType in :
                List.of(TensorType.ofFloats("x", steps), TensorType.ofFloats("x", 1, steps))) {
            TensorType out = TensorType.of("q", GRID, n, steps);
            IntegerModel model = model(new Embedding("e", in, out, rows));
            for (EngineChoice choice : EngineChoice.values()) {
                try (IntegerNetwork integer = IntegerNetwork.of(model, choice)) {
                    assertThat(integer.output(x, 4)).isEqualTo(expected);
                }
            }
        }
    }

    /** In a network: two embeddings of one input beside an input that is quantized. */
    @Test
    void enginesAgreeOnEveryGrid(Random random) throws OrtException {
        for (int round = 0; round < 20; round++) {
            int bits = 2 + random.nextInt(7);
            QuantSpec spec =
                    new QuantSpec(
                            bits,
                            random.nextBoolean(),
                            Symmetry.AFFINE,
                            false,
                            Granularity.perTensor());
            int zero = spec.qMin() + random.nextInt(1 << bits);
            QuantParams grid = QuantParams.of(spec, 0.25f, zero);
            int steps = 1 + random.nextInt(6);
            int vocabulary = 1 + random.nextInt(300);
            TensorType x = TensorType.ofFloats("x", steps);
            TensorType a = TensorType.of("a", grid, 3, steps);
            TensorType b = TensorType.of("b", grid, 3, steps);
            TensorType v = TensorType.ofFloats("v", 3, steps);
            TensorType c = TensorType.of("c", grid, 3, steps);
            TensorType sum = TensorType.of("sum", grid, 3, steps);
            TensorType y = TensorType.ofFloats("y", 3, steps);
            IntegerModel model =
                    IntegerModel.builder()
                            .input(x)
                            .input(v)
                            .add(new Embedding("a", x, a, rows(random, vocabulary, 3, spec)))
                            .add(new Embedding("b", x, b, rows(random, vocabulary + 7, 3, spec)))
                            .add(new Quantize("c", v, c))
                            .add(
                                    new Combine(
                                            "sum",
                                            List.of(a, b, c),
                                            sum,
                                            Combine.Kind.SUM,
                                            Requantization.FLOAT,
                                            spec.qMin(),
                                            spec.qMax()))
                            .add(Dequantize.linear("end", sum, y, false))
                            .output("y")
                            .build();
            int batch = 300;
            float[] indices = new float[batch * steps];
            float[] values = new float[batch * 3 * steps];
            for (int i = 0; i < indices.length; i++) {
                indices[i] = random.nextInt(vocabulary);
            }
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) random.nextGaussian() * 4;
            }
            Map<String, float[]> in = Map.of("x", indices, "v", values);
            try (IntegerNetwork java = IntegerNetwork.of(model, EngineChoice.JAVA);
                    IntegerNetwork ort = IntegerNetwork.of(model, EngineChoice.ONNX_RUNTIME)) {
                float[] defined = java.output(in, batch).get("y");
                assertThat(ort.output(in, batch).get("y")).isEqualTo(defined);
                assertThat(floatEnds(model, in, batch)).isEqualTo(defined);
            }
        }
    }

    private static float[] floatEnds(IntegerModel model, Map<String, float[]> in, int batch)
            throws OrtException {
        byte[] graph = OnnxQdq.of(model, OnnxQdq.Ends.FLOATS).toByteArray();
        OrtEnvironment environment = OrtEnvironment.getEnvironment();
        int steps = in.get("x").length / batch;
        try (OrtSession session = environment.createSession(graph);
                OnnxTensor x =
                        OnnxTensor.createTensor(
                                environment,
                                FloatBuffer.wrap(in.get("x")),
                                new long[] {batch, steps});
                OnnxTensor v =
                        OnnxTensor.createTensor(
                                environment,
                                FloatBuffer.wrap(in.get("v")),
                                new long[] {batch, 3, steps});
                OrtSession.Result result = session.run(Map.of("x", x, "v", v))) {
            FloatBuffer values = ((OnnxTensor) result.get(0)).getFloatBuffer();
            float[] y = new float[values.remaining()];
            values.get(y);
            return y;
        }
    }

    @Test
    void indexOutsideTheTableNamesItself() {
        TensorType x = TensorType.ofFloats("x", 2);
        TensorType q = TensorType.of("q", GRID, 2, 2);
        IntegerModel model = model(new Embedding("words", x, q, ROWS));
        for (EngineChoice choice : EngineChoice.values()) {
            try (IntegerNetwork net = IntegerNetwork.of(model, choice)) {
                assertThatThrownBy(() -> net.output(new float[] {0, 1, 2, 3}, 2))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessage(
                                "Embedding 'words': index 3.0 at element 1 of example 1 is not"
                                        + " within 0..2, the table has 3 rows");
                for (float bad : new float[] {-1, Float.NaN, 1e30f, Float.NEGATIVE_INFINITY}) {
                    assertThatThrownBy(() -> net.output(new float[] {bad, 0}, 1))
                            .isInstanceOf(IllegalArgumentException.class)
                            .hasMessageContaining("index " + (double) bad + " at element 0");
                }
                assertThatThrownBy(() -> net.output(new int[4], 1))
                        .isInstanceOf(UnsupportedOperationException.class);
            }
        }
        try (OrtEngine ort = new OrtEngine(model)) {
            Map<String, TensorData> row = Map.of("q", TensorData.of(new int[4]));
            assertThat(ort.run(row, List.of("y"), 1).get("y").floats())
                    .containsExactly(-50, -50, -50, -50);
        }
        assertThatThrownBy(() -> new Embedding("e", ONE, PAIR, ROWS).row(3))
                .hasMessageContaining("index 3 is not within 0..2");
    }

    @Test
    void summaryCountsTheTable() {
        IntegerModel model = model(new Embedding("words", ONE, PAIR, ROWS));
        assertThat(model.weightBytes()).isEqualTo(6);
        try (IntegerNetwork net = IntegerNetwork.of(model, EngineChoice.JAVA)) {
            assertThat(net.summary())
                    .contains("words", "Embedding", "[3, 2]", "Parameters: 6")
                    .doesNotContain("Computed in float");
        }
    }

    @Test
    void tableIsCheckedAndCopied() {
        int[][] rows = {{1, 2}, {3, 4}};
        Embedding op = new Embedding("e", ONE, PAIR, rows);
        rows[0][0] = 99;
        op.row(0)[1] = 99;
        assertThat(op.row(0)).containsExactly(1, 2);
        assertThat(op).isEqualTo(new Embedding("e", ONE, PAIR, new int[][] {{1, 2}, {3, 4}}));
        assertThat(op).isNotEqualTo(new Embedding("e", ONE, PAIR, new int[][] {{1, 2}, {3, 5}}));
        assertThatThrownBy(() -> new Embedding("e", ONE, PAIR, new int[][] {{0, 0}, {0, 256}}))
                .hasMessageContaining("Embedding 'e': table[3]=256 is outside 0..255");
        assertThatThrownBy(() -> new Embedding("e", ONE, PAIR, new int[][] {{0, 0}, {0}}))
                .hasMessageContaining("row 1 of the table has 1 integers, expected 2");
        assertThatThrownBy(() -> new Embedding("e", ONE, PAIR, new int[0][]))
                .hasMessageContaining("0 integers are no table with rows of 2");
        TensorType three = TensorType.ofFloats("x", 3);
        assertThatThrownBy(() -> new Embedding("e", three, PAIR, ROWS))
                .hasMessageContaining("input 'x' [3] float does not hold an index for each step");
        TensorType cube = TensorType.of("q", GRID, 2, 1, 1);
        assertThatThrownBy(() -> new Embedding("e", ONE, cube, ROWS))
                .hasMessageContaining("output is [2, 1, 1], but should be [2]");
        assertThatThrownBy(() -> new Embedding("e", PAIR, PAIR, ROWS))
                .hasMessageContaining("has integers, expected floats");
        assertThatThrownBy(() -> new Embedding("e", ONE, TensorType.ofFloats("y", 2), ROWS))
                .hasMessageContaining("is float, expected integers");
        QuantParams wide = QuantParams.of(Quantizers.intPerTensor(16), 1f, 0);
        TensorType signed = TensorType.of("q", wide, 2);
        assertThat(new Embedding("e", ONE, signed, new int[][] {{-32767, 32767}}).row(0))
                .containsExactly(-32767, 32767);
    }

    @Test
    void readsAnInputOfTheModelOnly() {
        TensorType f = TensorType.ofFloats("f", 1);
        TensorType r = TensorType.of("r", GRID, 1);
        TensorType y = TensorType.ofFloats("y", 2);
        assertThatThrownBy(
                        () ->
                                IntegerModel.builder()
                                        .input(ONE)
                                        .add(new Quantize("in", ONE, r))
                                        .add(Dequantize.linear("to", r, f, false))
                                        .add(new Embedding("e", f, PAIR, ROWS))
                                        .add(Dequantize.linear("end", PAIR, y, false))
                                        .output("y")
                                        .build())
                .hasMessageContaining("1 problem")
                .hasMessageContaining("Embedding 'e' reads 'f' [1] float, which is no input");
    }
}
