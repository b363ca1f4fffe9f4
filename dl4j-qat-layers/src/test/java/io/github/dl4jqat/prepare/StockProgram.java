package io.github.dl4jqat.prepare;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A program that knows Deeplearning4j and nothing else: loads a network, runs it, writes down the
 * bits. Started by a test on a class path of its own.
 */
public final class StockProgram {

    private StockProgram() {}

    /**
     * Runs.
     *
     * @param args kind of network, its zip, the input, where the bits go
     */
    public static void main(String[] args) throws Exception {
        requireAbsent();
        INDArray x = Nd4j.readBinary(new File(args[2]));
        INDArray y =
                args[0].equals("graph")
                        ? ComputationGraph.load(new File(args[1]), true).outputSingle(x)
                        : MultiLayerNetwork.load(new File(args[1]), true).output(x);
        StringBuilder bits = new StringBuilder();
        for (float value : y.dup('c').data().asFloat()) {
            bits.append(Float.floatToRawIntBits(value)).append('\n');
        }
        Files.writeString(Path.of(args[3]), bits);
    }

    private static void requireAbsent() {
        try {
            Class.forName("io.github.dl4jqat.Qat");
        } catch (ClassNotFoundException expected) {
            return;
        }
        throw new IllegalStateException("the library is on this class path");
    }
}
