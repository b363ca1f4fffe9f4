package io.github.dl4jqat.examples.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.onnxruntime.OrtException;
import io.github.dl4jqat.Qat;
import io.github.dl4jqat.integer.IntegerNetwork;
import io.github.dl4jqat.prepare.QatConfig;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.ndarray.INDArray;

class FloatOnnxTest {

    @ParameterizedTest
    @ValueSource(strings = {"small CNN", "LeNet", "ResNet-20", "separable", "MLP"})
    void the_float_graph_computes_what_the_stock_network_does_up_to_the_rounding_of_weights(
            String name) throws OrtException {
        BenchNetworks.Subject subject = BenchNetworks.all().get(name);
        ComputationGraph stock = subject.network();
        ComputationGraph qat = Twins.quantized(stock, QatConfig.int8(), subject.data(32));
        INDArray x = subject.data(4).getFeatures();
        float[] expected = stock.outputSingle(x).dup('c').data().asFloat();
        try (IntegerNetwork model = Qat.convert(qat);
                FloatSession session = new FloatSession(FloatOnnx.of(model.model()))) {
            float[] got = session.output(x.dup('c').data().asFloat(), x.shape());
            assertThat(got).hasSameSizeAs(expected);
            for (int i = 0; i < got.length; i++) {
                assertThat(got[i]).isCloseTo(expected[i], within(0.02f));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"small CNN", "ResNet-20", "separable", "LSTM"})
    void nothing_is_quantized_in_the_float_twin(String name) {
        BenchNetworks.Subject subject = BenchNetworks.all().get(name);
        ComputationGraph stock = subject.network();
        ComputationGraph twin =
                Twins.floating(Twins.quantized(stock, QatConfig.int8(), subject.data(8)));
        INDArray x = subject.data(4).getFeatures();
        INDArray expected = stock.outputSingle(x);
        assertThat(twin.outputSingle(x).sub(expected).amaxNumber().doubleValue()).isLessThan(1e-4);
    }
}
