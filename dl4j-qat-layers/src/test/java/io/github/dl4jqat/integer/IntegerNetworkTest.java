package io.github.dl4jqat.integer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.Quantizers;
import io.github.dl4jqat.quant.Requantization;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.evaluation.classification.Evaluation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

class IntegerNetworkTest {

    private static final TestModels MODELS = new TestModels(1, Requantization.FLOAT, 8, 8);
    private static final IntegerModel LENET = MODELS.lenet(18, 3, 4, 9, 5);
    private static final int SIZE = 18 * 18;

    private static INDArray array(float[] x) {
        return Nd4j.createFromArray(x).reshape('c', x.length / SIZE, 1, 18, 18);
    }

    @ParameterizedTest
    @EnumSource(EngineChoice.class)
    void arraysAndPlainFloatsAgree(EngineChoice choice) {
        float[] x = MODELS.floats(LENET.tensor("q"), 6);
        try (IntegerNetwork net = IntegerNetwork.of(LENET, choice)) {
            INDArray y = net.output(array(x));
            assertThat(y.shape()).containsExactly(6, 5);
            assertThat(y.dataType()).isEqualTo(DataType.FLOAT);
            assertThat(y.data().asFloat()).isEqualTo(net.output(x, 6));
            assertThat(net.output(Map.of("x", x), 6).get("y")).isEqualTo(net.output(x, 6));
        }
    }

    @Test
    void anyOrderingAndViewMeansTheSame() {
        float[] x = MODELS.floats(LENET.tensor("q"), 6);
        try (IntegerNetwork net = IntegerNetwork.of(LENET, EngineChoice.JAVA)) {
            INDArray expected = net.output(array(x));
            assertThat(net.output(array(x).dup('f'))).isEqualTo(expected);
            INDArray wide = Nd4j.create(DataType.FLOAT, 6, 3, 20, 18);
            INDArray view =
                    wide.get(
                            NDArrayIndex.all(),
                            NDArrayIndex.interval(1, 2),
                            NDArrayIndex.interval(1, 19),
                            NDArrayIndex.all());
            view.assign(array(x));
            assertThat(net.output(view)).isEqualTo(expected);
        }
    }

    @Test
    void doublesAreQuantizedInDoubleAndOtherTypesAsFloats() {
        QuantParams step = QuantParams.of(Quantizers.uint8PerTensor(), 0.1f, 0);
        TensorType x = TensorType.ofFloats("x", 1);
        TensorType q = TensorType.of("q", step, 1);
        TensorType y = TensorType.ofFloats("y", 1);
        IntegerModel model =
                IntegerModel.builder()
                        .input(x)
                        .add(new Quantize("in", x, q))
                        .add(Dequantize.linear("end", q, y, false))
                        .output("y")
                        .build();
        for (EngineChoice choice : EngineChoice.values()) {
            try (IntegerNetwork net = IntegerNetwork.of(model, choice)) {
                INDArray tie = Nd4j.createFromArray(new double[][] {{0.25}, {0.25000001}});
                assertThat(net.output(tie).toFloatVector()).containsExactly(2 * 0.1f, 3 * 0.1f);
                assertThat(net.output(tie.castTo(DataType.FLOAT)).toFloatVector())
                        .containsExactly(2 * 0.1f, 2 * 0.1f);
                INDArray ints = Nd4j.createFromArray(new int[][] {{3}, {7}});
                assertThat(net.output(ints).toFloatVector()).containsExactly(30 * 0.1f, 70 * 0.1f);
            }
        }
    }

    @Test
    void integersGoInAndOutAsTheyAre() {
        int[] q = MODELS.integers(LENET.tensor("q"), 4);
        byte[] bytes = new byte[q.length];
        for (int i = 0; i < q.length; i++) {
            bytes[i] = (byte) q[i];
        }
        for (EngineChoice choice : EngineChoice.values()) {
            try (IntegerNetwork net = IntegerNetwork.of(LENET, choice)) {
                int[] logits = net.output(q, 4);
                int[] expected =
                        new JavaEngine(LENET)
                                .run(Map.of("q", TensorData.of(q)), List.of("d2"), 4)
                                .get("d2")
                                .ints();
                assertThat(logits).isEqualTo(expected);
                byte[] out = net.output(bytes, 4);
                for (int i = 0; i < out.length; i++) {
                    assertThat(out[i]).isEqualTo((byte) logits[i]);
                }
                assertThat(net.quantizedInput()).isEqualTo(LENET.tensor("q"));
                assertThat(net.quantizedOutput()).isEqualTo(LENET.tensor("d2"));
            }
        }
    }

    @Test
    void wrongShapeTellsBothShapes() {
        try (IntegerNetwork net = IntegerNetwork.of(LENET, EngineChoice.JAVA)) {
            assertThatThrownBy(() -> net.output(Nd4j.create(2, 1, 17, 18)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("got an array of shape [2, 1, 17, 18]")
                    .hasMessageContaining("expected [examples, 1, 18, 18]");
            assertThatThrownBy(() -> net.output(new float[SIZE + 1], 1))
                    .hasMessageContaining("have 324 elements, got 325");
            INDArray x = Nd4j.create(1, 1, 18, 18);
            assertThatThrownBy(() -> net.outputs(x, x)).hasMessageContaining("got 2 arrays");
        }
    }

    @Test
    void severalInputsAndOutputsKeepTheirOrder() {
        QuantParams step = QuantParams.of(Quantizers.uint8PerTensor(), 0.5f, 0);
        IntegerModel.Builder builder = IntegerModel.builder();
        for (String name : List.of("a", "b")) {
            TensorType x = TensorType.ofFloats(name, name.equals("a") ? 1 : 2);
            TensorType q = new TensorType(name + "/q", x.shape(), step);
            TensorType y = new TensorType(name + "/y", x.shape(), null);
            builder.input(x)
                    .add(new Quantize(name + "/in", x, q))
                    .add(Dequantize.linear(name + "/end", q, y, false));
        }
        IntegerModel model = builder.output("b/y").output("a/y").build();
        INDArray a = Nd4j.createFromArray(new float[][] {{1}, {2}, {3}});
        INDArray b = Nd4j.createFromArray(new float[][] {{4, 5}, {6, 7}, {8, 9}});
        for (EngineChoice choice : EngineChoice.values()) {
            try (IntegerNetwork net = IntegerNetwork.of(model, choice)) {
                INDArray[] y = net.outputs(a, b);
                assertThat(y).containsExactly(b, a);
                assertThatThrownBy(() -> net.output(a)).hasMessageContaining("needs one input");
                assertThatThrownBy(() -> net.outputs(a, b, b))
                        .hasMessageContaining("one for each input");
                assertThatThrownBy(() -> net.output(new float[3], 3))
                        .isInstanceOf(UnsupportedOperationException.class);
                INDArray two = Nd4j.create(2, 2);
                assertThatThrownBy(() -> net.outputs(a, two))
                        .hasMessageContaining("got 2 examples, the first input 3");
            }
        }
    }

    @Test
    void evaluatesAnIteratorFromItsBeginning() {
        INDArray x = array(MODELS.floats(LENET.tensor("q"), 30));
        try (IntegerNetwork net = IntegerNetwork.of(LENET)) {
            INDArray predicted = Nd4j.argMax(net.output(x), 1);
            INDArray labels = Nd4j.zeros(30, 5);
            for (int i = 0; i < 30; i++) {
                labels.putScalar(
                        i, i < 24 ? predicted.getInt(i) : (predicted.getInt(i) + 1) % 5, 1);
            }
            List<DataSet> examples = new DataSet(x, labels).asList();
            DataSetIterator iterator = new ListDataSetIterator<>(examples, 7);
            iterator.next();
            Evaluation evaluation = net.evaluate(iterator);
            assertThat(evaluation.accuracy()).isEqualTo(24 / 30.0);
            assertThat(net.evaluate(iterator).accuracy()).isEqualTo(24 / 30.0);
        }
    }

    @Test
    void summaryShowsEveryLayer() {
        try (IntegerNetwork net = IntegerNetwork.of(LENET, EngineChoice.JAVA)) {
            assertThat(net.summary())
                    .contains("conv1", "Conv2d", "[3, 1, 5, 5]", "int8", "Engine: Java", "FLOAT")
                    .contains("Parameters: " + (3 * 25 + 3 + 4 * 75 + 4 + 36 + 9 + 45 + 5));
        }
    }

    @Test
    void savedNetworkIsTheSame(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("lenet.qnet");
        float[] x = MODELS.floats(LENET.tensor("q"), 3);
        try (IntegerNetwork net = IntegerNetwork.of(LENET)) {
            net.save(file);
            try (IntegerNetwork back = IntegerNetwork.load(file)) {
                assertThat(back.model()).isEqualTo(LENET);
                assertThat(back.output(x, 3)).isEqualTo(net.output(x, 3));
                assertThat(back.weightBytes()).isEqualTo(net.weightBytes());
            }
        }
    }

    @Test
    void engineIsChosenByWhatTheModelNeeds() {
        try (IntegerNetwork net = IntegerNetwork.of(LENET)) {
            assertThat(net.engine()).startsWith("ONNX Runtime 1.");
            try (IntegerNetwork java = net.withEngine(EngineChoice.JAVA)) {
                assertThat(java.engine()).isEqualTo("Java");
                assertThat(java.model()).isSameAs(net.model());
            }
        }
        TestModels fixed = new TestModels(1, Requantization.FIXED_POINT, 8, 8);
        refused(fixed.lenet(18, 3, 4, 9, 5), "the model's mode is FIXED_POINT");
        TestModels wide = new TestModels(1, Requantization.FLOAT, 9, 8);
        refused(wide.lenet(18, 3, 4, 9, 5), "activations of up to 8 bits, tensor 'q'");
        TestModels heavy = new TestModels(1, Requantization.FLOAT, 8, 10);
        refused(heavy.lenet(18, 3, 4, 9, 5), "weights of up to 8 bits, layer 'conv1'");
    }

    private static void refused(IntegerModel model, String reason) {
        try (IntegerNetwork net = IntegerNetwork.of(model)) {
            assertThat(net.engine()).isEqualTo("Java");
        }
        assertThatThrownBy(() -> IntegerNetwork.of(model, EngineChoice.ONNX_RUNTIME))
                .isInstanceOf(UnsupportedOperationException.class)
                .hasMessageContaining(reason)
                .hasMessageContaining("EngineChoice.JAVA");
    }
}
