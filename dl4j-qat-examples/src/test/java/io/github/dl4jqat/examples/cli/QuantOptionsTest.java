package io.github.dl4jqat.examples.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.dl4jqat.Qat;
import io.github.dl4jqat.estimator.DoReFa;
import io.github.dl4jqat.estimator.TensorRole;
import io.github.dl4jqat.examples.comparison.EstimatorRecipe;
import io.github.dl4jqat.examples.comparison.EstimatorRecipes;
import io.github.dl4jqat.layers.LayerQuantization;
import io.github.dl4jqat.layers.QuantizedLayer;
import io.github.dl4jqat.prepare.QatConfig;
import io.github.dl4jqat.quant.Quantizers;
import java.util.stream.Stream;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.nd4j.linalg.activations.Activation;
import picocli.CommandLine;

/** {@link QuantOptions} takes all estimators, and says by the option's name which it cannot. */
class QuantOptionsTest {

    private static QatConfig config(String... options) throws InputException {
        QuantOptions parsed = new QuantOptions();
        new CommandLine(CommandLine.Model.CommandSpec.create().addMixin("q", specOf(parsed)))
                .parseArgs(options);
        return parsed.config();
    }

    private static CommandLine.Model.CommandSpec specOf(QuantOptions options) {
        return CommandLine.Model.CommandSpec.forAnnotatedObject(options);
    }

    static Stream<String> names() {
        return EstimatorRecipes.names().stream();
    }

    /** 'qat estimators' ends with the advice to do this. */
    @ParameterizedTest
    @MethodSource("names")
    void everyEstimatorOfTheComparisonCanBeUsed(String name) throws InputException {
        int bits = EstimatorRecipes.named(name).fewestBits();
        EstimatorRecipe recipe = EstimatorRecipes.named(name);
        EstimatorChoice weights =
                EstimatorChoice.of("--estimator", name, TensorRole.WEIGHT, bits, true);
        assertThat(weights.estimator()).isEqualTo(recipe.weights().apply(bits));
        assertThat(weights.integers()).isEqualTo(recipe.integers().apply(bits));
        assertThat(
                        EstimatorChoice.of("--estimator", name, TensorRole.ACTIVATION, bits, true)
                                .estimator())
                .isEqualTo(recipe.activations().apply(bits));
        assertThat(
                        config(
                                "--estimator=" + name,
                                "--weight-bits=" + bits,
                                "--activation-bits=" + bits))
                .isNotNull();
    }

    @Test
    void oneOptionForEachTensor() throws InputException {
        QatConfig config =
                config(
                        "--weight-estimator=dorefa",
                        "--weight-bits=3",
                        "--activation-estimator=pact",
                        "--activation-bits=5");
        MultiLayerNetwork net =
                new MultiLayerNetwork(
                        new NeuralNetConfiguration.Builder()
                                .list()
                                .layer(
                                        new DenseLayer.Builder()
                                                .nIn(4)
                                                .nOut(3)
                                                .activation(Activation.RELU)
                                                .build())
                                .layer(new OutputLayer.Builder().nIn(3).nOut(2).build())
                                .build());
        net.init();
        MultiLayerNetwork prepared = Qat.prepare(net, config);
        LayerQuantization dense = ((QuantizedLayer) prepared.getLayer(0)).quantization();
        assertThat(dense.weight().estimator()).isEqualTo(new DoReFa(true));
        assertThat(dense.weight().spec()).isEqualTo(Quantizers.midRisePerChannel(3));
        assertThat(dense.output().estimator().name()).isEqualTo("pact");
        assertThat(dense.output().spec()).isEqualTo(Quantizers.uintPerTensor(5));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--estimator=xnor|--estimator: 'xnor' is not for weights of 8 bits, expected one of"
                        + " identity, clipped, lsq, lsq-plus, ",
                "--weight-estimator=pact|--weight-estimator: 'pact' is not for weights of 8 bits,"
                        + " expected one of identity, clipped, ",
                "--activation-estimator=ternary|--activation-estimator: 'ternary' is not for"
                    + " activations of 8 bits, expected one of identity, clipped, lsq, lsq-plus,"
                    + " pact, ",
                "--weight-estimator=lsc|--weight-estimator: unknown estimator 'lsc', expected one"
                        + " of identity, clipped, ",
                "--estimator=nobody|--estimator: unknown estimator 'nobody', expected one of ",
                "--weight-bits=9|--weight-bits: expected 1 to 8, got 9"
            })
    void whatCannotBeIsSaidByTheOption(String option, String message) {
        assertThatThrownBy(() -> config(option))
                .isInstanceOf(InputException.class)
                .hasMessageStartingWith(message)
                .hasMessageNotContaining("[");
    }
}
