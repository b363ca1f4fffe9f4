package io.github.dl4jqat.examples.cli;

import io.github.dl4jqat.convert.VerificationReport;
import io.github.dl4jqat.examples.data.DigitData;
import io.github.dl4jqat.examples.data.DigitSetIterator;
import io.github.dl4jqat.examples.network.Network;
import io.github.dl4jqat.integer.IntegerNetwork;
import io.github.dl4jqat.prepare.QatConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.function.Consumer;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The whole way of a network, step by step and with figures: trained in float, quantized without
 * training, trained with quantization, turned into integers, checked, saved, loaded, used.
 */
final class Quickstart {

    private static final int TEST_BATCH = 250;
    private static final int CALIBRATION_BATCHES = 50;

    private final Console console;
    private final DigitData data;
    private final QatConfig config;
    private final Plan plan;
    private final long start = System.nanoTime();

    /**
     * What to do.
     *
     * @param network which network to train
     * @param epochs passes over the data in float; 0 trains with quantization from the start
     * @param fineTuneEpochs passes with quantization
     * @param seed decides the first weights and the orders of the batches
     * @param precision how the table names the quantization, such as "8-bit"
     * @param folder where to leave the models
     */
    record Plan(
            DigitNetwork network,
            int epochs,
            int fineTuneEpochs,
            long seed,
            String precision,
            Path folder) {}

    Quickstart(Console console, DigitData data, QatConfig config, Plan plan) {
        this.console = console;
        this.data = data;
        this.config = config;
        this.plan = plan;
    }

    QuickstartResult run() throws IOException {
        introduce();

        boolean fromTheStart = plan.epochs() == 0;
        title(
                1,
                fromTheStart
                        ? "Make " + plan.network().phrase() + " with random weights"
                        : "Train "
                                + plan.network().phrase()
                                + " in float, as always in Deeplearning4j");
        DigitSetIterator train = data.trainBatches(LeNetRecipe.BATCH, plan.seed());
        int iterations = plan.epochs() * train.batches();
        Network floating = new Network.Layers(plan.network().network(plan.seed(), iterations));
        if (!fromTheStart) {
            train(floating, train, plan.epochs());
        }
        double floatAccuracy = floating.accuracy(test());
        AtomicFile.write(file("-float.zip"), floating::save);
        console.line("  %s of the test digits are right", Percent.of(floatAccuracy));

        title(2, "Quantize it without training: look at some batches, convert");
        double ptqAccuracy = withoutTraining(floating, train);
        console.line("  %s are right", Percent.of(ptqAccuracy));

        title(
                3,
                fromTheStart
                        ? "Train it with quantization in the loop"
                        : "Train on with quantization in the loop, at a small learning rate");
        Network quantized = floating.prepare(config);
        quantized.calibrate(calibration(train), calibrationBatches(train));
        int quantizedIterations = plan.fineTuneEpochs() * train.batches();
        quantized.learningRate(
                fromTheStart
                        ? LeNetRecipe.training(quantizedIterations)
                        : LeNetRecipe.fineTuning(quantized.iterations(), quantizedIterations));
        train(quantized, train, plan.fineTuneEpochs());
        double qatAccuracy = quantized.accuracy(test());
        AtomicFile.write(file("-qat.zip"), quantized::save);
        console.line("  %s are right", Percent.of(qatAccuracy));

        title(4, "Convert it to an integer model, save that and read it back");
        Path qnet = file(".qnet");
        try (IntegerNetwork converted = quantized.convert()) {
            converted.save(qnet);
        }
        try (IntegerNetwork integer = IntegerNetwork.load(qnet)) {
            double integerAccuracy = integer.evaluate(test()).accuracy();
            console.line(
                    "  %s are right, %s, %s",
                    Percent.of(integerAccuracy), bytes(Files.size(qnet)), integer.engine());

            title(5, "Compare it with what training simulated");
            VerificationReport report = quantized.verify(integer, test());
            console.line(
                    "  equal labels %s, largest difference %d LSB",
                    Percent.of(report.labelAgreement()), report.maxLsb());

            QuickstartResult result =
                    new QuickstartResult(
                            data.source(),
                            floatAccuracy,
                            ptqAccuracy,
                            qatAccuracy,
                            integerAccuracy,
                            report.labelAgreement(),
                            report.maxLsb(),
                            4 * floating.parameters(),
                            Files.size(qnet),
                            integer.engine().toString(),
                            (System.nanoTime() - start) / 1e9);
            conclude(result, timing(floating::output), timing(integer::output), report.examples());
            return result;
        }
    }

    private void introduce() {
        console.line(
                "Digits: %,d to train on, %,d to test on (%s)",
                data.train().size(),
                data.test().size(),
                data.isDrawn() ? "drawn by this program; --data DIR takes MNIST" : data.source());
        console.line("Seed:   %d", plan.seed());
    }

    private double withoutTraining(Network floating, DigitSetIterator train) {
        Network quantized = floating.prepare(config);
        quantized.calibrate(calibration(train), calibrationBatches(train));
        try (IntegerNetwork integer = quantized.convert()) {
            return integer.evaluate(test()).accuracy();
        }
    }

    private void train(Network network, DigitSetIterator batches, int epochs) {
        network.listeners(new Progress(console, "training", (long) epochs * batches.batches()));
        for (int epoch = 0; epoch < epochs; epoch++) {
            batches.reset();
            network.fit(batches);
        }
        network.listeners();
    }

    /** Ranges come from training digits: the test digits stay unseen. */
    private static DigitSetIterator calibration(DigitSetIterator train) {
        train.reset();
        return train;
    }

    private static int calibrationBatches(DigitSetIterator train) {
        return Math.min(CALIBRATION_BATCHES, train.batches());
    }

    private double timing(Consumer<INDArray> model) {
        return Stopwatch.secondsPerPicture(data.testBatches(TEST_BATCH), model);
    }

    private DigitSetIterator test() {
        return data.testBatches(TEST_BATCH);
    }

    private Path file(String ending) {
        return plan.folder().resolve(plan.network().file(ending));
    }

    private void title(int step, String text) {
        console.text("");
        console.line("%d. %s", step, text);
    }

    private void conclude(
            QuickstartResult result, double floatTime, double integerTime, long compared) {
        Table table = new Table(plan.network().title(), "digits right", "size", "time per digit");
        table.row(
                plan.epochs() == 0 ? "float, not trained" : "float, trained in Deeplearning4j",
                Percent.of(result.floatAccuracy()),
                bytes(result.floatBytes()),
                micros(floatTime));
        table.row(
                plan.precision() + " integers, no training",
                Percent.of(result.ptqAccuracy()),
                bytes(result.integerBytes()),
                "");
        table.row(
                plan.precision() + ", trained with quantization (simulated)",
                Percent.of(result.qatAccuracy()),
                "",
                "");
        table.row(
                plan.precision() + " integers, from that training",
                Percent.of(result.integerAccuracy()),
                bytes(result.integerBytes()),
                micros(integerTime));
        console.text("");
        console.text(table.toString());
        console.text("");
        console.line(
                "  The integer model is %.1f times smaller than the float coefficients (%.3f of"
                        + " them).",
                (double) result.floatBytes() / result.integerBytes(),
                (double) result.integerBytes() / result.floatBytes());
        console.line(
                "  It gives %s of the %,d labels that training simulated, %s.",
                result.labelAgreement() == 1 ? "all" : Percent.of(result.labelAgreement()),
                compared,
                result.maxLsb() == 0
                        ? "and every value to the last bit"
                        : "and values that differ by up to " + result.maxLsb() + " LSB");
        console.line(
                "  It ran on: %s. The whole run took %.0f seconds.",
                result.engine(), result.seconds());
    }

    private static String micros(double seconds) {
        return String.format(Locale.ROOT, "%.0f us", seconds * 1e6);
    }

    private static String bytes(long size) {
        return size < 1_000_000
                ? String.format(Locale.ROOT, "%.1f kB", size / 1e3)
                : String.format(Locale.ROOT, "%.2f MB", size / 1e6);
    }
}
