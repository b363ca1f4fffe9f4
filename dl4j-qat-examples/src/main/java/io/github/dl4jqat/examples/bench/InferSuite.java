package io.github.dl4jqat.examples.bench;

import ai.onnxruntime.OrtException;
import io.github.dl4jqat.Qat;
import io.github.dl4jqat.examples.bench.BenchNetworks.Subject;
import io.github.dl4jqat.integer.EngineChoice;
import io.github.dl4jqat.integer.IntegerNetwork;
import io.github.dl4jqat.prepare.QatConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;

/**
 * The output of a batch, floats in and floats out: the integer model in both engines, the float
 * network in ONNX Runtime and in Deeplearning4j. The fastest of a kind is compared with the fastest
 * of the other: integers with floats in ONNX Runtime.
 */
public final class InferSuite implements Suite {

    private static final String NAME = "infer";
    private static final String INT8 = "int8 in ONNX Runtime";
    private static final String JAVA = "int8 in Java";
    private static final String FLOAT = "float in ONNX Runtime";
    private static final String STOCK = "float in Deeplearning4j";
    private static final int[] BATCHES = {1, 32, 64};
    private static final int CALLS = 64;

    /** The largest difference between a probability of the float and the integer network. */
    private static final double TOLERANCE = 0.2;

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public Map<String, Bench> benches() {
        Map<String, Bench> benches = new LinkedHashMap<>();
        for (Subject subject : BenchNetworks.all().values()) {
            for (int batch : BATCHES) {
                benches.put(
                        subject.name() + " batch " + batch,
                        effort -> outputs(subject, batch, effort));
            }
        }
        benches.put("first output", InferSuite::firstOutput);
        benches.put("concurrent callers", InferSuite::callers);
        return benches;
    }

    private static IntegerNetwork integers(Subject subject, ComputationGraph stock) {
        DataSet batch = subject.data(subject.batch());
        ComputationGraph qat = Twins.quantized(stock, QatConfig.int8(), batch);
        return Qat.convert(qat);
    }

    private static List<Figure> outputs(Subject subject, int batch, Effort effort)
            throws OrtException {
        ComputationGraph stock = subject.network();
        INDArray x = subject.data(batch).getFeatures();
        float[] floats = x.dup('c').data().asFloat();
        long[] shape = x.shape();
        Contest contest = new Contest();
        try (IntegerNetwork model = integers(subject, stock);
                IntegerNetwork java = model.withEngine(EngineChoice.JAVA);
                FloatSession session = floatSession(model)) {
            boolean runtime = model.engine().startsWith("ONNX");
            float[] exact = java.output(floats, batch);
            contest.enter(STOCK, () -> stock.outputSingle(x))
                    .enter(JAVA, () -> java.output(floats, batch))
                    .compare(JAVA, STOCK);
            if (runtime) {
                requireEqual(subject.name(), exact, model.output(floats, batch));
                contest.enter(INT8, () -> model.output(floats, batch)).compare(INT8, JAVA);
            }
            if (session != null) {
                requireClose(subject.name(), exact, session.output(floats, shape));
                contest.enter(FLOAT, () -> session.output(floats, shape)).compare(FLOAT, STOCK);
            }
            if (runtime && session != null) {
                contest.compare(INT8, FLOAT);
            }
            return contest.run(NAME, subject.name() + " batch " + batch + ", ", effort);
        }
    }

    /** Null where a network has operations that have no float form here. */
    private static FloatSession floatSession(IntegerNetwork model) throws OrtException {
        byte[] graph;
        try {
            graph = FloatOnnx.of(model.model());
        } catch (UnsupportedOperationException e) {
            return null;
        }
        return new FloatSession(graph);
    }

    private static void requireEqual(String name, float[] expected, float[] got) {
        if (!Arrays.equals(expected, got)) {
            throw new IllegalStateException(name + ": the two engines differ");
        }
    }

    private static void requireClose(String name, float[] integers, float[] floats) {
        for (int i = 0; i < floats.length; i++) {
            if (!(Math.abs(integers[i] - floats[i]) <= TOLERANCE)) {
                throw new IllegalStateException(
                        name
                                + ": output "
                                + i
                                + " is "
                                + floats[i]
                                + " in floats and "
                                + integers[i]
                                + " in integers");
            }
        }
    }

    /** From a file to the first output: each time a new network, in a warm process. */
    private static List<Figure> firstOutput(Effort effort) throws IOException {
        Subject subject = BenchNetworks.all().get("LeNet");
        float[] x = subject.data(1).getFeatures().dup('c').data().asFloat();
        Path file = Files.createTempFile("bench", ".qnet");
        try (IntegerNetwork model = integers(subject, subject.network())) {
            model.save(file);
            float[] expected = model.output(x, 1);
            Runnable loaded =
                    () -> {
                        try (IntegerNetwork again = IntegerNetwork.load(file)) {
                            requireEqual(subject.name(), expected, again.output(x, 1));
                        } catch (IOException e) {
                            throw new IllegalStateException(e);
                        }
                    };
            String ready = "output of a network in memory";
            return new Contest()
                    .enter(ready, () -> model.output(x, 1))
                    .enter("LeNet, load and first output", loaded)
                    .compare("LeNet, load and first output", ready)
                    .run(NAME, "", effort);
        } finally {
            Files.deleteIfExists(file);
        }
    }

    /** The same number of calls from one thread, and from as many as there are processors. */
    private static List<Figure> callers(Effort effort) {
        Subject subject = BenchNetworks.all().get("LeNet");
        float[] x = subject.data(1).getFeatures().dup('c').data().asFloat();
        int threads = Runtime.getRuntime().availableProcessors();
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        try (IntegerNetwork model = integers(subject, subject.network());
                IntegerNetwork java = model.withEngine(EngineChoice.JAVA)) {
            Contest contest = new Contest();
            for (IntegerNetwork net : List.of(model, java)) {
                String engine = net == java ? "Java" : "ONNX Runtime";
                String one = CALLS + " calls from one thread, " + engine;
                String many = CALLS + " calls from " + threads + " threads, " + engine;
                contest.enter(one, () -> calls(net, x, CALLS))
                        .enter(many, () -> concurrent(pool, threads, net, x))
                        .compare(many, one);
            }
            return contest.run(NAME, "LeNet, ", effort);
        } finally {
            pool.shutdownNow();
        }
    }

    private static void calls(IntegerNetwork net, float[] x, int calls) {
        for (int i = 0; i < calls; i++) {
            net.output(x, 1);
        }
    }

    private static void concurrent(
            ExecutorService pool, int threads, IntegerNetwork net, float[] x) {
        List<Future<?>> running = new ArrayList<>();
        for (int t = 0; t < threads; t++) {
            running.add(pool.submit(() -> calls(net, x, CALLS / threads)));
        }
        for (Future<?> future : running) {
            try {
                future.get();
            } catch (ExecutionException e) {
                throw new IllegalStateException(e.getCause());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException(e);
            }
        }
    }
}
