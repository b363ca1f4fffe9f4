package io.github.dl4jqat.convert;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.dl4jqat.Qat;
import io.github.dl4jqat.estimator.GradientEstimator;
import io.github.dl4jqat.estimator.GradientEstimators;
import io.github.dl4jqat.integer.EngineChoice;
import io.github.dl4jqat.integer.IntegerNetwork;
import io.github.dl4jqat.layers.LayerQuantization;
import io.github.dl4jqat.layers.Nets;
import io.github.dl4jqat.layers.QuantConvolutionLayer;
import io.github.dl4jqat.layers.QuantDenseLayer;
import io.github.dl4jqat.layers.QuantOutputLayer;
import io.github.dl4jqat.layers.TensorQuantization;
import io.github.dl4jqat.quant.QuantSpec;
import io.github.dl4jqat.quant.Quantizers;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** Networks of one or two bits without a zero, from training to both engines and a file. */
class MidRiseNetworkTest {

    private static final int CLASSES = 3;

    static Stream<Arguments> kinds() {
        QuantSpec int8 = Quantizers.int8PerChannel();
        QuantSpec uint8 = Quantizers.uint8PerTensor();
        GradientEstimator clipped = GradientEstimators.clipped();
        return Stream.of(
                Arguments.of(Quantizers.binaryPerChannel(), uint8, clipped),
                Arguments.of(Quantizers.binaryPerTensor(), uint8, clipped),
                Arguments.of(Quantizers.midRisePerChannel(2), uint8, clipped),
                Arguments.of(int8, Quantizers.binaryPerTensor(), clipped),
                Arguments.of(int8, Quantizers.midRisePerTensor(2), clipped),
                Arguments.of(int8, Quantizers.uintPerTensor(1), clipped),
                Arguments.of(Quantizers.binaryPerChannel(), Quantizers.binaryPerTensor(), clipped),
                Arguments.of(Quantizers.binaryPerChannel(), uint8, GradientEstimators.xnor()));
    }

    private static LayerQuantization how(
            QuantSpec weights, QuantSpec outputs, GradientEstimator weightEstimator) {
        return LayerQuantization.OFF
                .withWeight(TensorQuantization.weight(weights).withEstimator(weightEstimator))
                .withOutput(TensorQuantization.activation(outputs));
    }

    private static MultiLayerNetwork net(LayerQuantization how) {
        TensorQuantization input = TensorQuantization.activation(Quantizers.uint8PerTensor());
        List<Layer> layers =
                List.of(
                        new QuantConvolutionLayer.Builder(3, 3)
                                .name("conv")
                                .nOut(4)
                                .activation(Activation.HARDTANH)
                                .quantization(how.withInput(input))
                                .build(),
                        new SubsamplingLayer.Builder()
                                .name("pool")
                                .kernelSize(2, 2)
                                .stride(2, 2)
                                .build(),
                        new QuantDenseLayer.Builder()
                                .name("dense")
                                .nOut(6)
                                .activation(Activation.TANH)
                                .quantization(how)
                                .build(),
                        new QuantOutputLayer.Builder(LossFunction.MCXENT)
                                .name("out")
                                .nOut(CLASSES)
                                .activation(Activation.SOFTMAX)
                                .quantization(how.withOutput(input))
                                .build());
        return (MultiLayerNetwork)
                Nets.chain(
                        Nets.Kind.MULTI_LAYER,
                        new NeuralNetConfiguration.Builder().seed(5).updater(new Adam(0.02)),
                        InputType.convolutional(6, 6, 1),
                        layers);
    }

    /** Three classes of images that differ in which third is bright. */
    private static DataSetIterator data() {
        Random random = new Random(6);
        List<DataSet> batches = new ArrayList<>();
        for (int b = 0; b < 3; b++) {
            INDArray labels = Nets.labels(random, DataType.FLOAT, 24, CLASSES);
            INDArray x = Nets.random(random, DataType.FLOAT, 24, 1, 6, 6).muli(0.3);
            for (int i = 0; i < 24; i++) {
                for (int c = 0; c < CLASSES; c++) {
                    if (labels.getDouble(i, c) == 1) {
                        for (int row = 2 * c; row < 2 * c + 2; row++) {
                            for (int column = 0; column < 6; column++) {
                                x.putScalar(
                                        new int[] {i, 0, row, column},
                                        x.getDouble(i, 0, row, column) + 1);
                            }
                        }
                    }
                }
            }
            batches.add(new DataSet(x, labels));
        }
        return new ListDataSetIterator<>(batches, 24);
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void trainsAndConvertsWithoutLosingABit(
            QuantSpec weights,
            QuantSpec outputs,
            GradientEstimator weightEstimator,
            @TempDir Path folder)
            throws IOException {
        MultiLayerNetwork net = net(how(weights, outputs, weightEstimator));
        DataSetIterator data = data();
        Qat.calibrate(net, data, 3);
        data.reset();
        double before = net.score(data.next());
        for (int epoch = 0; epoch < 25; epoch++) {
            data.reset();
            net.fit(data);
        }
        data.reset();
        assertThat(net.score(data.next())).as("it learns").isLessThan(before);
        data.reset();
        try (IntegerNetwork java = Qat.convert(net).withEngine(EngineChoice.JAVA);
                IntegerNetwork ort = java.withEngine(EngineChoice.ONNX_RUNTIME)) {
            int[] w =
                    java.model().ops().stream()
                            .filter(op -> op.name().equals("dense"))
                            .flatMap(op -> op.constants().stream())
                            .findFirst()
                            .orElseThrow()
                            .values();
            if (weights.bits() <= 2) {
                assertThat(Arrays.stream(w).allMatch(q -> q % 2 != 0)).isTrue();
                assertThat(Arrays.stream(w).distinct().count()).isEqualTo(1L << weights.bits());
            }
            for (IntegerNetwork engine : List.of(java, ort)) {
                data.reset();
                VerificationReport report = Qat.verify(net, engine, data);
                assertThat(report.exact()).as("%s", report).isTrue();
                assertThat(report.maxLsb()).isZero();
            }
            Path file = folder.resolve("net.qnet");
            java.save(file);
            try (IntegerNetwork back = IntegerNetwork.load(file)) {
                assertThat(back.model()).isEqualTo(java.model());
            }
        }
    }
}
