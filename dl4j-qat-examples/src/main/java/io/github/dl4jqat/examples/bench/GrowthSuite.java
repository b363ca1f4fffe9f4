package io.github.dl4jqat.examples.bench;

import io.github.dl4jqat.examples.bench.BenchNetworks.Subject;
import io.github.dl4jqat.prepare.QatConfig;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;

/**
 * How time and memory of a step grow with the batch, the channels, the side of the image and the
 * depth: quantized by float in our layers, which should stay what it is.
 */
public final class GrowthSuite implements Suite {

    private static final String NAME = "growth";
    private static final double MEGA = 1e6;

    /** Steps after which Deeplearning4j's workspaces have found their size. */
    private static final int STEPS = 4;

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public Map<String, Bench> benches() {
        Map<String, Bench> benches = new LinkedHashMap<>();
        for (int batch : new int[] {1, 4, 16, 64, 256}) {
            add(benches, "batch " + batch, BenchNetworks.smallCnn(batch, 16, 28));
        }
        for (int channels : new int[] {8, 32, 64}) {
            add(benches, "channels " + channels, BenchNetworks.smallCnn(16, channels, 28));
        }
        for (int side : new int[] {16, 64, 128}) {
            add(benches, "side " + side, BenchNetworks.smallCnn(4, 16, side));
        }
        for (int blocks : new int[] {1, 3, 5}) {
            add(benches, "depth " + (6 * blocks + 2), BenchNetworks.resNet(blocks, 16));
        }
        return benches;
    }

    private static void add(Map<String, Bench> benches, String name, Subject subject) {
        benches.put(name, effort -> step(name, subject, effort));
    }

    private static List<Figure> step(String name, Subject subject, Effort effort) throws Exception {
        DataSet batch = subject.data(subject.batch());
        ComputationGraph qat = Twins.quantized(subject.network(), QatConfig.int8(), batch);
        ComputationGraph floating = Twins.floating(qat);
        String prefix = name + ": " + subject.name() + " batch " + subject.batch() + ", ";
        double floatBytes = workspaceBytes(floating, batch);
        double bytes = workspaceBytes(qat, batch);
        List<Figure> figures =
                new ArrayList<>(
                        new Contest()
                                .enter(TrainSuite.FLOAT, () -> floating.fit(batch))
                                .enter(TrainSuite.QAT, () -> qat.fit(batch))
                                .compare(TrainSuite.QAT, TrainSuite.FLOAT)
                                .run(NAME, prefix, effort));
        figures.add(
                new Figure(
                        NAME,
                        prefix + "QAT, working memory",
                        TrainSuite.FLOAT,
                        bytes / floatBytes,
                        0,
                        bytes / MEGA,
                        Figure.Unit.MEGABYTES));
        return figures;
    }

    /**
     * How much memory training needs besides parameters: the sizes of all workspaces, which belong
     * to a thread, after some steps in a thread of their own.
     */
    static long workspaceBytes(ComputationGraph net, DataSet batch) throws InterruptedException {
        long[] bytes = new long[1];
        Thread thread =
                new Thread(
                        () -> {
                            for (int i = 0; i < STEPS; i++) {
                                net.fit(batch);
                            }
                            for (MemoryWorkspace w :
                                    Nd4j.getWorkspaceManager().getAllWorkspacesForCurrentThread()) {
                                bytes[0] += w.getCurrentSize();
                            }
                            Nd4j.getWorkspaceManager().destroyAllWorkspacesForCurrentThread();
                        });
        thread.start();
        thread.join();
        return bytes[0];
    }
}
