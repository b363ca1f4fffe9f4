package io.github.dl4jqat.prepare;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Runs {@link StockProgram} in a process of its own, on a class path without this library. */
public final class StockJvm {

    private StockJvm() {}

    /** The bits of the output of the network in a file, as stock Deeplearning4j computes it. */
    public static int[] run(boolean graph, Path network, INDArray x, Path dir)
            throws IOException, InterruptedException {
        File input = dir.resolve("x.bin").toFile();
        Nd4j.saveBinary(x, input);
        Path bits = dir.resolve("bits.txt");
        ProcessBuilder builder =
                new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx1g",
                        StockProgram.class.getName(),
                        graph ? "graph" : "chain",
                        network.toString(),
                        input.toString(),
                        bits.toString());
        builder.environment().put("CLASSPATH", classPathWithoutTheLibrary(dir));
        Path log = dir.resolve("log.txt");
        Process process = builder.redirectErrorStream(true).redirectOutput(log.toFile()).start();
        assertThat(process.waitFor(120, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).as(Files.readString(log)).isZero();
        return Files.readAllLines(bits).stream().mapToInt(Integer::parseInt).toArray();
    }

    /** This process's class path less all that is ours, plus the one class that is the program. */
    private static String classPathWithoutTheLibrary(Path dir) throws IOException {
        String file = StockProgram.class.getName().replace('.', '/') + ".class";
        Path copy = dir.resolve("program").resolve(file);
        Files.createDirectories(copy.getParent());
        try (var in = StockProgram.class.getClassLoader().getResourceAsStream(file)) {
            Files.copy(in, copy);
        }
        String rest =
                Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                        .filter(entry -> entry.endsWith(".jar") && !entry.contains("dl4j-qat"))
                        .collect(Collectors.joining(File.pathSeparator));
        return dir.resolve("program") + File.pathSeparator + rest;
    }
}
