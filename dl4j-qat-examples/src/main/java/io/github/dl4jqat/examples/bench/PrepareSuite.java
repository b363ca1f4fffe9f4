package io.github.dl4jqat.examples.bench;

import io.github.dl4jqat.Qat;
import io.github.dl4jqat.integer.EngineChoice;
import io.github.dl4jqat.integer.IntegerNetwork;
import io.github.dl4jqat.prepare.QatConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.datasets.iterator.utilty.SingletonDataSetIterator;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.zoo.model.ResNet50;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;

/** What stands before and behind training, for a large network: once each, no rounds. */
public final class PrepareSuite implements Suite {

    private static final String NAME = "prepare";
    private static final double MILLI = 1e6;

    /** The smallest picture that ResNet50 has something left of at its end. */
    private static final int SIDE = 96;

    private static final int CLASSES = 10;
    private static final double WEIGHT_FACTOR = 0.05;

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public Map<String, Bench> benches() {
        return Map.of("ResNet50", effort -> resNet50());
    }

    private static List<Figure> resNet50() throws Exception {
        ComputationGraph net =
                ResNet50.builder()
                        .numClasses(CLASSES)
                        .inputShape(new int[] {3, SIDE, SIDE})
                        .build()
                        .init();
        // With the random weights that the zoo gives it, its last layers overflow.
        net.params().muli(WEIGHT_FACTOR);
        INDArray x = Nd4j.rand(2, 3, SIDE, SIDE);
        INDArray y = Nd4j.zeros(2, CLASSES);
        y.putScalar(0, 0, 1).putScalar(1, 1, 1);
        List<Figure> figures = new ArrayList<>();
        long start = System.nanoTime();
        ComputationGraph qat = Qat.prepare(net, QatConfig.int8());
        long prepared = System.nanoTime();
        Qat.calibrate(qat, new SingletonDataSetIterator(new DataSet(x, y)), 1);
        long calibrated = System.nanoTime();
        try (IntegerNetwork model = Qat.convert(qat)) {
            long converted = System.nanoTime();
            figures.add(once("prepare", prepared - start));
            figures.add(once("calibrate with 2 pictures", calibrated - prepared));
            figures.add(once("convert", converted - calibrated));
            figures.add(once("prepare and convert", prepared - start + converted - calibrated));
            try (IntegerNetwork java = model.withEngine(EngineChoice.JAVA)) {
                if (!java.output(x).equals(model.output(x))) {
                    throw new IllegalStateException("ResNet50: the two engines differ");
                }
            }
        }
        return figures;
    }

    private static Figure once(String what, long nanos) {
        return new Figure(
                NAME,
                "ResNet50, " + what,
                null,
                Double.NaN,
                Double.NaN,
                nanos / MILLI,
                Figure.Unit.MILLISECONDS);
    }
}
