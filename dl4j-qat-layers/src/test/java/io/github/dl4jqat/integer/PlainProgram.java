package io.github.dl4jqat.integer;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/** Runs a .qnet file in a JVM of its own, on plain arrays; see {@link PlainArraysTest}. */
final class PlainProgram {

    private PlainProgram() {}

    /** Arguments: the .qnet file, and where to write the engine and the outputs. */
    public static void main(String[] args) throws IOException {
        try (IntegerNetwork net = IntegerNetwork.load(Path.of(args[0]))) {
            Files.writeString(Path.of(args[1]), net.engine() + "\n" + outputs(net));
        }
    }

    static String outputs(IntegerNetwork net) {
        int n = net.quantizedInput().elements();
        float[] x = new float[2 * n];
        byte[] q = new byte[2 * n];
        for (int i = 0; i < x.length; i++) {
            x[i] = (i % 17 - 8) * 0.1f;
            q[i] = (byte) (i % 100);
        }
        return Arrays.toString(net.output(x, 2)) + Arrays.toString(net.output(q, 2));
    }
}
