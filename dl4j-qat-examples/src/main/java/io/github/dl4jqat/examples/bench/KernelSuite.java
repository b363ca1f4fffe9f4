package io.github.dl4jqat.examples.bench;

import io.github.dl4jqat.estimator.GradientEstimator;
import io.github.dl4jqat.estimator.Moment;
import io.github.dl4jqat.estimator.QuantizerParameter;
import io.github.dl4jqat.estimator.TensorRole;
import io.github.dl4jqat.examples.comparison.EstimatorRecipe;
import io.github.dl4jqat.examples.comparison.EstimatorRecipes;
import io.github.dl4jqat.ops.QuantizerPass;
import io.github.dl4jqat.ops.TensorKernels;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.QuantSpec;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** The loops on 4 Mi floats by one memory copy, and those of each estimator by the identity's. */
public final class KernelSuite implements Suite {

    private static final String NAME = "kernels";
    private static final String IDENTITY = "identity";
    private static final String COPY = "memory copy";
    private static final String PER_TENSOR = "forward, per tensor";
    private static final String PER_CHANNEL = "forward, per channel";
    private static final long[] SHAPE = {64, 64, 16, 16};

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public Map<String, Bench> benches() {
        Map<String, Bench> benches = new LinkedHashMap<>();
        benches.put("fake quantization", KernelSuite::kernels);
        for (EstimatorRecipe recipe : EstimatorRecipes.list()) {
            String name = recipe.name();
            // What serves activations only is timed where a network trains with it.
            if (recipe.weights().apply(recipe.mostBits()).name().equals(name)
                    && !name.equals(IDENTITY)) {
                benches.put("estimator " + name, effort -> estimator(recipe, effort));
            }
        }
        return benches;
    }

    private static List<Figure> kernels(Effort effort) {
        KernelBenchmark b = new KernelBenchmark();
        b.verify();
        Contest contest = new Contest().enter(COPY, b::copy);
        Map<String, Runnable> kernels = new LinkedHashMap<>();
        kernels.put(PER_TENSOR, b::forward);
        kernels.put(PER_CHANNEL, b::forwardPerChannel);
        kernels.put("forward, per channel, channels last", b::forwardChannelsLast);
        kernels.put("backward, clipped", b::clippedBackward);
        kernels.put("backward, clipped, per channel", b::clippedBackwardPerChannel);
        kernels.put("backward, identity", b::identityBackward);
        kernels.put("ranges", b::ranges);
        kernels.put("requantize", b::requantize);
        kernels.put("lookup", b::lookup);
        kernels.put("ND4J fake_quant_with_min_max_vars", b::nativeFakeQuant);
        kernels.forEach((name, work) -> contest.enter(name, work).compare(name, COPY));
        return contest.compare(PER_CHANNEL, PER_TENSOR).run(NAME, "", effort);
    }

    private static List<Figure> estimator(EstimatorRecipe recipe, Effort effort) {
        String name = recipe.name();
        INDArray x = Nd4j.randn(DataType.FLOAT, SHAPE);
        INDArray grad = Nd4j.randn(DataType.FLOAT, SHAPE);
        INDArray y = x.ulike();
        QuantizerPass identity = pass(EstimatorRecipes.named(IDENTITY), x);
        QuantizerPass pass = pass(recipe, x);
        pass.forward(x, y);
        requireNumbers(name, y);
        pass.backward(x, grad, y);
        requireNumbers(name, y);
        String forward = name + ", forward";
        String backward = name + ", backward";
        return new Contest()
                .enter("identity, forward", () -> identity.forward(x, y))
                .enter(forward, () -> pass.forward(x, y))
                .enter("identity, backward", () -> identity.backward(x, grad, y))
                .enter(backward, () -> pass.backward(x, grad, y))
                .compare(forward, "identity, forward")
                .compare(backward, "identity, backward")
                .run(NAME, "", effort);
    }

    private static QuantizerPass pass(EstimatorRecipe recipe, INDArray x) {
        int bits = recipe.mostBits();
        GradientEstimator estimator = recipe.weights().apply(bits);
        QuantSpec spec = recipe.integers().apply(bits);
        long learned =
                estimator.parameters(spec, TensorRole.WEIGHT).stream()
                        .filter(QuantizerParameter::learned)
                        .count();
        double[][] values =
                QuantizerPass.values(
                        estimator, spec, TensorRole.WEIGHT, 0, x, new double[(int) learned][]);
        TensorKernels.Ranges ranges = TensorKernels.ranges(x, spec.granularity(), 0);
        return QuantizerPass.of(
                estimator,
                spec,
                TensorRole.WEIGHT,
                0,
                values,
                () -> QuantParams.fromRanges(spec, ranges.min(), ranges.max(), null),
                null,
                Moment.training(0, 0));
    }

    private static void requireNumbers(String name, INDArray y) {
        if (!Double.isFinite(y.sumNumber().doubleValue())) {
            throw new IllegalStateException(name + ": not all results are finite");
        }
    }
}
