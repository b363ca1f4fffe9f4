package io.github.dl4jqat.examples.bench;

import io.github.dl4jqat.examples.bench.BenchNetworks.Subject;
import io.github.dl4jqat.examples.comparison.EstimatorRecipe;
import io.github.dl4jqat.examples.comparison.EstimatorRecipes;
import io.github.dl4jqat.prepare.QatConfig;
import io.github.dl4jqat.quant.QuantSpec;
import io.github.dl4jqat.quant.Quantizers;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.dataset.DataSet;

/**
 * One step of training: the same network from Deeplearning4j's layers, from ours with nothing
 * quantized, and quantized. The second by the first is what the faster convolution brings, the
 * third by the second what quantization costs.
 */
public final class TrainSuite implements Suite {

    static final String STOCK = "stock float";
    static final String FLOAT = "our float";
    static final String QAT = "QAT";

    private static final String NAME = "train";
    private static final String IDENTITY = "identity";

    /** Float networks compute what stock ones do but for the order of sums. */
    private static final double FLOAT_TOLERANCE = 1e-3;

    /** How much the loss of the first step may change by 8-bit numbers. */
    private static final double QUANTIZED_TOLERANCE = 0.3;

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public Map<String, Bench> benches() {
        Map<String, Bench> benches = new LinkedHashMap<>();
        for (Subject subject : BenchNetworks.all().values()) {
            benches.put(subject.name(), effort -> step(subject, effort));
        }
        benches.put("per channel", TrainSuite::perChannel);
        for (EstimatorRecipe recipe : EstimatorRecipes.list()) {
            if (!recipe.name().equals(IDENTITY)) {
                benches.put("estimator " + recipe.name(), effort -> estimator(recipe, effort));
            }
        }
        return benches;
    }

    /** Stock, float and quantized. */
    static List<Figure> step(Subject subject, Effort effort) {
        DataSet batch = subject.data(subject.batch());
        ComputationGraph stock = subject.network();
        ComputationGraph qat = Twins.quantized(stock, QatConfig.int8(), batch);
        ComputationGraph floating = Twins.floating(qat);
        check(subject.name(), stock, floating, qat, batch);
        return new Contest()
                .enter(STOCK, () -> stock.fit(batch))
                .enter(FLOAT, () -> floating.fit(batch))
                .enter(QAT, () -> qat.fit(batch))
                .compare(QAT, STOCK)
                .compare(QAT, FLOAT)
                .compare(FLOAT, STOCK)
                .run(NAME, subject.name() + " batch " + subject.batch() + ", ", effort);
    }

    /** The first step's losses are alike, and further ones are numbers. */
    private static void check(
            String name,
            ComputationGraph stock,
            ComputationGraph floating,
            ComputationGraph qat,
            DataSet batch) {
        double expected = loss(name, stock, batch);
        requireClose(name, FLOAT, loss(name, floating, batch), expected, FLOAT_TOLERANCE);
        requireClose(name, QAT, loss(name, qat, batch), expected, QUANTIZED_TOLERANCE);
        loss(name, qat, batch);
    }

    private static double loss(String name, ComputationGraph net, DataSet batch) {
        net.fit(batch);
        if (!Double.isFinite(net.score())) {
            throw new IllegalStateException(name + ": the loss of a step is " + net.score());
        }
        return net.score();
    }

    private static void requireClose(
            String name, String what, double got, double expected, double tolerance) {
        if (Math.abs(got - expected) > tolerance * Math.max(1, Math.abs(expected))) {
            throw new IllegalStateException(
                    name
                            + ", "
                            + what
                            + ": the loss of the first step is "
                            + got
                            + ", not "
                            + expected);
        }
    }

    /** A scale for each channel of the weights by one for all of them. */
    private static List<Figure> perChannel(Effort effort) {
        Subject subject = BenchNetworks.all().get(BenchNetworks.SMALL_CNN);
        QuantSpec one = Quantizers.intPerTensor(Byte.SIZE);
        return against(
                subject,
                "per channel",
                QatConfig.int8(),
                "per tensor",
                QatConfig.builder().weightQuant(one).build(),
                effort);
    }

    /** With as many bits as the estimator is for, up to 8. */
    private static List<Figure> estimator(EstimatorRecipe recipe, Effort effort) {
        EstimatorRecipe identity = EstimatorRecipes.named(IDENTITY);
        return against(
                BenchNetworks.all().get(BenchNetworks.SMALL_CNN),
                recipe.name(),
                recipe.config(recipe.mostBits()),
                IDENTITY,
                identity.config(identity.mostBits()),
                effort);
    }

    private static List<Figure> against(
            Subject subject,
            String name,
            QatConfig config,
            String baseline,
            QatConfig other,
            Effort effort) {
        DataSet batch = subject.data(subject.batch());
        ComputationGraph net = Twins.quantized(subject.network(), config, batch);
        ComputationGraph base = Twins.quantized(subject.network(), other, batch);
        ComputationGraph floating = Twins.floating(base);
        List<ComputationGraph> all = new ArrayList<>(List.of(net, base, floating));
        all.forEach(n -> loss(name, n, batch));
        return new Contest()
                .enter(FLOAT, () -> floating.fit(batch))
                .enter(baseline, () -> base.fit(batch))
                .enter(name, () -> net.fit(batch))
                .compare(name, baseline)
                .compare(name, FLOAT)
                .run(NAME, subject.name() + ", ", effort);
    }
}
