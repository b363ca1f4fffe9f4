package io.github.dl4jqat.examples.zoo;

import io.github.dl4jqat.examples.network.Network;
import io.github.dl4jqat.quant.Requantization;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.nd4j.linalg.dataset.DataSet;

/** What runs in a process of its own: a model all the way, or a few steps of a saved network. */
public final class ZooProcess {

    static final String RUN = "run";
    static final String MEMORY = "memory";
    static final String PEAK = "peak.txt";

    private static final int STEPS = 4;
    private static final int COLLECTIONS = 3;
    private static final long PAUSE_MILLIS = 200;

    private ZooProcess() {}

    /**
     * Works.
     *
     * @param arguments the model; {@value #RUN} or {@value #MEMORY}; the folder for results; and
     *     the {@link Requantization} or the network's file
     */
    public static void main(String[] arguments) throws IOException, InterruptedException {
        ChildProcess.endWithParent();
        Path folder = Path.of(arguments[2]);
        if (arguments[1].equals(RUN)) {
            Requantization mode = Requantization.valueOf(arguments[3]);
            ZooRow row = new ZooRun(ZooModels.named(arguments[0]), mode, folder).run();
            row.put("processPeakBytes", PeakMemory.bytes());
            row.write(folder.resolve(ZooRun.ROW));
        } else {
            measure(Path.of(arguments[3]), folder);
        }
        // Threads of ND4J or ONNX Runtime are not waited for.
        System.exit(0);
    }

    /** The peak of a few training steps, without that of loading the network. */
    private static void measure(Path zip, Path folder) throws IOException, InterruptedException {
        Network net = Network.load(zip);
        DataSet batch = new DataSet();
        batch.load(folder.resolve(ZooRun.BATCH).toFile());
        for (int i = 0; i < COLLECTIONS; i++) {
            collect();
        }
        PeakMemory.reset();
        for (int i = 0; i < STEPS; i++) {
            net.fit(batch.copy());
            collect();
        }
        Files.writeString(folder.resolve(PEAK), Long.toString(PeakMemory.bytes()));
    }

    /** Native memory is given back by a thread that hears of collected arrays. */
    @SuppressWarnings({"DoNotCall", "ThreadSleepMillis"})
    private static void collect() throws InterruptedException {
        System.gc();
        Thread.sleep(PAUSE_MILLIS);
    }
}
