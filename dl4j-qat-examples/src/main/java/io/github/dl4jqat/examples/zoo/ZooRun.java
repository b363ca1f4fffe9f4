package io.github.dl4jqat.examples.zoo;

import io.github.dl4jqat.convert.VerificationReport;
import io.github.dl4jqat.examples.network.Network;
import io.github.dl4jqat.integer.EngineChoice;
import io.github.dl4jqat.integer.IntegerNetwork;
import io.github.dl4jqat.integer.OnnxSupport;
import io.github.dl4jqat.prepare.PreparationPlan;
import io.github.dl4jqat.prepare.QatConfig;
import io.github.dl4jqat.quant.Requantization;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.datasets.iterator.utilty.ListDataSetIterator;
import org.deeplearning4j.nn.api.Layer;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;

/**
 * Takes one model all the way, in this process, and writes down how far it came after each part of
 * the work: what is there is then known even if the process ends.
 */
final class ZooRun {

    static final String FLOAT_ZIP = "float.zip";
    static final String PREPARED_ZIP = "prepared.zip";
    static final String BATCH = "batch.bin";
    static final String ROW = "row.json";

    private static final long SEED = 1234;

    /** Small enough that random weights survive the zoo's optimizers. */
    private static final double LEARNING_RATE = 1e-4;

    private static final int BATCHES = 2;
    private static final int EXAMPLES = 4;
    private static final int FEWEST_STEPS = 3;
    private static final int MOST_STEPS = 25;
    private static final long TIMED_NANOS = 4_000_000_000L;

    private final ZooSubject subject;
    private final QatConfig config;
    private final Path folder;
    private final ZooRow row;

    private Network original;
    private Network prepared;
    private IntegerNetwork integer;
    private List<DataSet> batches;

    /**
     * A run with 8 bits.
     *
     * @param folder where the networks and the row go
     */
    ZooRun(ZooSubject subject, Requantization mode, Path folder) {
        this.subject = subject;
        config = QatConfig.builder().requantization(mode).build();
        this.folder = folder;
        row = new ZooRow(subject.name());
        row.put("note", subject.note());
        row.put("requantization", mode.name());
        row.put("input", subject.shape());
    }

    private interface Work {
        void run() throws Exception;
    }

    /** Goes as far as the model goes. */
    ZooRow run() {
        boolean trained =
                attempt("construct", this::construct)
                        && attempt("prepare", this::prepare)
                        && attempt("calibrate", this::calibrate)
                        && attempt("fit", this::fit);
        if (trained) {
            boolean saved = attempt("save", this::save);
            boolean same =
                    attempt("convert", this::convert)
                            && attempt("verify", this::verify)
                            && attempt("engines", this::race);
            boolean timed = attempt("steps", this::timeSteps);
            row.put("completed", saved && same && timed);
        }
        write();
        return row;
    }

    private boolean attempt(String phase, Work work) {
        long start = System.nanoTime();
        boolean done = false;
        try {
            work.run();
            done = true;
        } catch (Exception | Error e) {
            row.fail(phase + ": " + describe(e));
        }
        row.addSeconds(phase, (System.nanoTime() - start) / 1e9);
        write();
        return done;
    }

    private static String describe(Throwable e) {
        String message = e.getMessage() == null ? "" : ": " + e.getMessage().strip();
        StackTraceElement[] trace = e.getStackTrace();
        // An exception without a message is known by its place.
        String place = message.isEmpty() && trace.length > 0 ? " at " + trace[0] : "";
        return e.getClass().getSimpleName() + message.replaceAll("\\s*\\R\\s*", "; ") + place;
    }

    private void write() {
        try {
            row.write(folder.resolve(ROW));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void construct() throws IOException {
        original = Network.of(subject.source().get());
        original.learningRate(LEARNING_RATE);
        row.put("parameters", original.parameters());
        batches = new ZooBatches(subject, original, SEED).make(BATCHES, EXAMPLES);
        // For processes that measure memory; here this network is trained for the comparison.
        original.save(folder.resolve(FLOAT_ZIP), false);
        batches.get(0).save(folder.resolve(BATCH).toFile());
    }

    private void prepare() {
        PreparationPlan plan = original.plan(config);
        Map<String, String> reasons = new LinkedHashMap<>();
        for (PreparationPlan.Entry e : plan.floatLayers()) {
            reasons.put(e.node().name(), e.node().kind() + ": " + e.reason());
        }
        row.put("quantizedLayers", count(plan, PreparationPlan.Outcome.QUANTIZED));
        row.put("passedThrough", count(plan, PreparationPlan.Outcome.PASSED_THROUGH));
        row.put("floatLayers", List.copyOf(reasons.keySet()));
        row.put("floatReasons", reasons);
        prepared = original.prepare(config);
    }

    private static long count(PreparationPlan plan, PreparationPlan.Outcome outcome) {
        return plan.entries().stream().filter(e -> e.outcome() == outcome).count();
    }

    private ListDataSetIterator<DataSet> data() {
        return new ListDataSetIterator<>(copies(), 1);
    }

    /** Deeplearning4j may write into what it is given. */
    private List<DataSet> copies() {
        return batches.stream().map(DataSet::copy).toList();
    }

    private void calibrate() {
        prepared.calibrate(data(), BATCHES);
    }

    private void fit() {
        copies().forEach(prepared::fit);
    }

    private void save() throws IOException {
        Path zip = folder.resolve(PREPARED_ZIP);
        // The updater's state is up to two thirds of a file, and no output depends on it.
        prepared.save(zip, false);
        Network loaded = Network.load(zip);
        boolean equal = true;
        for (DataSet batch : copies()) {
            INDArray expected = prepared.output(batch.getFeatures().dup()).dup();
            equal &= expected.equals(loaded.output(batch.getFeatures().dup()));
        }
        row.put("reloadedEqual", equal);
        if (!equal) {
            throw new IllegalStateException("the network gives other outputs once it is reloaded");
        }
    }

    private void convert() {
        integer = prepared.convert();
        row.put("engine", integer.engine());
        row.put("weightBytes", integer.weightBytes());
    }

    private void verify() {
        VerificationReport report = prepared.verify(integer, data());
        Map<String, Integer> differing = new LinkedHashMap<>();
        report.layers().stream()
                .filter(l -> l.maxLsb() > 0)
                .forEach(l -> differing.put(l.layer(), l.maxLsb()));
        row.put("maxLsb", report.maxLsb());
        row.put("layerLsb", differing);
        row.put("maxOutputDifference", report.maxOutputDifference());
        List<Layer> layers = prepared.layers();
        Agreement labels = new Agreement(layers.get(layers.size() - 1).conf().getLayer());
        for (DataSet batch : copies()) {
            labels.add(
                    prepared.output(batch.getFeatures().dup()),
                    integer.outputs(batch.getFeatures().dup())[0]);
        }
        row.put("labelAgreement", labels.share());
    }

    /**
     * Runs the model on each engine, whose outputs have to be the same. Where ONNX Runtime has no
     * operators for it, that the Java engine agrees with training has to do.
     */
    private void race() {
        String obstacle = OnnxSupport.obstacle(integer.model()).orElse(null);
        row.put("javaOnlyBecause", obstacle);
        if (obstacle != null) {
            integer.close();
            return;
        }
        try (IntegerNetwork java = integer.withEngine(EngineChoice.JAVA);
                IntegerNetwork ort = integer.withEngine(EngineChoice.ONNX_RUNTIME)) {
            int largest = 0;
            for (DataSet batch : batches) {
                largest = Math.max(largest, EngineDifference.inLsb(java, ort, batch.getFeatures()));
            }
            row.put("javaVsOrtMaxLsb", largest);
        } finally {
            integer.close();
        }
    }

    /** Steps of both networks in turn, so that whatever else the machine does meets both. */
    private void timeSteps() {
        List<Double> plain = new ArrayList<>();
        List<Double> quantized = new ArrayList<>();
        secondsOfStep(original);
        secondsOfStep(prepared);
        long start = System.nanoTime();
        while (plain.size() < FEWEST_STEPS
                || (plain.size() < MOST_STEPS && System.nanoTime() - start < TIMED_NANOS)) {
            plain.add(secondsOfStep(original));
            quantized.add(secondsOfStep(prepared));
        }
        row.put("floatStepSeconds", median(plain));
        row.put("stepSeconds", median(quantized));
        row.put("stepTimeRatio", median(quantized) / median(plain));
    }

    private static double median(List<Double> seconds) {
        return seconds.stream().sorted().skip(seconds.size() / 2).findFirst().orElseThrow();
    }

    private double secondsOfStep(Network net) {
        DataSet batch = batches.get(0).copy();
        long start = System.nanoTime();
        net.fit(batch);
        return (System.nanoTime() - start) / 1e9;
    }
}
