package io.github.dl4jqat.ops;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.dl4jqat.estimator.GradientEstimators;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.Quantizers;
import java.nio.file.Path;
import java.util.Map;
import org.deeplearning4j.nn.conf.InputPreProcessor;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.WorkspaceMode;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.samediff.SDLayerParams;
import org.deeplearning4j.nn.conf.layers.samediff.SameDiffLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.weights.WeightInit;
import org.deeplearning4j.nn.weights.WeightInitUtil;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions;
import org.nd4j.linalg.ops.transforms.Transforms;

/** The op inside a layer that a user wrote with SameDiff. */
final class FakeQuantizeInLayerTest {

    private static final QuantParams PARAMS = QuantParams.of(Quantizers.intPerTensor(4), 0.125f, 0);

    /** {@code tanh(in * fakeQuantize(W))}. */
    public static final class QuantizedDense extends SameDiffLayer {

        private long nIn;
        private long nOut;

        /** For JSON. */
        public QuantizedDense() {}

        QuantizedDense(long nOut) {
            this.nOut = nOut;
        }

        public long getNIn() {
            return nIn;
        }

        public void setNIn(long nIn) {
            this.nIn = nIn;
        }

        public long getNOut() {
            return nOut;
        }

        public void setNOut(long nOut) {
            this.nOut = nOut;
        }

        @Override
        public void defineParameters(SDLayerParams params) {
            params.addWeightParam("W", nIn, nOut);
        }

        @Override
        public void initializeParameters(Map<String, INDArray> params) {
            WeightInitUtil.initWeights(
                    (double) nIn,
                    (double) nOut,
                    new long[] {nIn, nOut},
                    WeightInit.XAVIER,
                    null,
                    'c',
                    params.get("W"));
        }

        @Override
        public InputType getOutputType(int index, InputType inputType) {
            return InputType.feedForward(nOut);
        }

        @Override
        public void setNIn(InputType inputType, boolean override) {
            nIn = ((InputType.InputTypeFeedForward) inputType).getSize();
        }

        @Override
        public InputPreProcessor getPreProcessorForInputType(InputType inputType) {
            return null;
        }

        @Override
        public SDVariable defineLayer(
                SameDiff sd, SDVariable in, Map<String, SDVariable> params, SDVariable mask) {
            SDVariable w =
                    FakeQuantize.apply(
                            sd, params.get("W"), PARAMS, 1, GradientEstimators.clipped());
            return sd.math.tanh(in.mmul(w));
        }
    }

    private static OutputLayer outputLayer() {
        return new OutputLayer.Builder(LossFunctions.LossFunction.MCXENT)
                .activation(Activation.SOFTMAX)
                .nOut(3)
                .build();
    }

    private static NeuralNetConfiguration.Builder settings(WorkspaceMode mode) {
        return new NeuralNetConfiguration.Builder()
                .seed(7)
                .updater(new Sgd(0.5))
                .trainingWorkspaceMode(mode)
                .inferenceWorkspaceMode(mode);
    }

    private static DataSet data() {
        INDArray x = Nd4j.linspace(-1, 1, 96, DataType.FLOAT).reshape(12, 8).dup();
        INDArray y = Nd4j.zeros(DataType.FLOAT, 12, 3);
        for (int i = 0; i < 12; i++) {
            x.getRow(i).muli(i % 3 - 0.9);
            y.putScalar(i, i % 3, 1);
        }
        return new DataSet(x, y);
    }

    private static INDArray byHand(INDArray in, INDArray w) {
        INDArray wq = w.dup();
        TensorKernels.fakeQuantize(wq, wq, PARAMS, 1);
        return Transforms.tanh(in.mmul(wq));
    }

    @ParameterizedTest
    @EnumSource(
            value = WorkspaceMode.class,
            names = {"ENABLED", "NONE"})
    void a_multi_layer_network_trains_saves_and_loads_it(WorkspaceMode mode, @TempDir Path folder)
            throws Exception {
        MultiLayerNetwork net =
                new MultiLayerNetwork(
                        settings(mode)
                                .list()
                                .layer(new QuantizedDense(6))
                                .layer(outputLayer())
                                .setInputType(InputType.feedForward(8))
                                .build());
        net.init();
        DataSet data = data();
        double before = net.score(data);
        INDArray start = net.getParam("0_W").dup();

        for (int i = 0; i < 25; i++) {
            net.fit(data);
        }

        assertThat(net.score(data)).isLessThan(before);
        assertThat(net.getParam("0_W")).isNotEqualTo(start);
        INDArray hidden = net.feedForward(data.getFeatures()).get(1);
        assertThat(hidden.equalsWithEps(byHand(data.getFeatures(), net.getParam("0_W")), 1e-6))
                .isTrue();
        net.save(folder.resolve("net.zip").toFile(), true);
        MultiLayerNetwork loaded = MultiLayerNetwork.load(folder.resolve("net.zip").toFile(), true);
        assertThat(loaded.output(data.getFeatures())).isEqualTo(net.output(data.getFeatures()));
    }

    @Test
    void a_computation_graph_trains_it() {
        ComputationGraph net =
                new ComputationGraph(
                        settings(WorkspaceMode.ENABLED)
                                .graphBuilder()
                                .addInputs("in")
                                .addLayer("hidden", new QuantizedDense(6), "in")
                                .addLayer("out", outputLayer(), "hidden")
                                .setOutputs("out")
                                .setInputTypes(InputType.feedForward(8))
                                .build());
        net.init();
        DataSet data = data();
        double before = net.score(data);
        INDArray start = net.getParam("hidden_W").dup();

        for (int i = 0; i < 25; i++) {
            net.fit(data);
        }

        assertThat(net.score(data)).isLessThan(before);
        assertThat(net.getParam("hidden_W")).isNotEqualTo(start);
        INDArray hidden = net.feedForward(data.getFeatures(), false).get("hidden");
        assertThat(hidden.equalsWithEps(byHand(data.getFeatures(), net.getParam("hidden_W")), 1e-6))
                .isTrue();
    }
}
