package io.github.dl4jqat.prepare;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Runs a program in a process of its own that has Deeplearning4j and nothing of this library. */
public final class StockJvm {

    private StockJvm() {}

    /** The bits of the output of the network in a file, as stock Deeplearning4j computes it. */
    public static int[] run(boolean graph, Path network, INDArray x, Path dir)
            throws IOException, InterruptedException {
        File input = dir.resolve("x.bin").toFile();
        Nd4j.saveBinary(x, input);
        Path bits = dir.resolve("bits.txt");
        run(
                dir,
                StockProgram.class,
                graph ? "graph" : "chain",
                network.toString(),
                input.toString(),
                bits.toString());
        return Files.readAllLines(bits).stream().mapToInt(Integer::parseInt).toArray();
    }

    /**
     * Runs a program and waits for its end, which must be a good one.
     *
     * @param dir for its class file and its log
     * @param program a class of the tests that needs no other one
     */
    static void run(Path dir, Class<?> program, String... args)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("-Xmx1g");
        command.add(program.getName());
        command.addAll(List.of(args));
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().put("CLASSPATH", classPath(dir, program));
        Path log = dir.resolve("log.txt");
        Process process = builder.redirectErrorStream(true).redirectOutput(log.toFile()).start();
        boolean ended = process.waitFor(120, TimeUnit.SECONDS);
        if (!ended) {
            process.destroyForcibly();
        }
        assertThat(ended).as(Files.readString(log)).isTrue();
        assertThat(process.exitValue()).as(Files.readString(log)).isZero();
    }

    /** This process's class path less all that is ours, plus the one class that is the program. */
    private static String classPath(Path dir, Class<?> program) throws IOException {
        String file = program.getName().replace('.', '/') + ".class";
        Path copy = dir.resolve("program").resolve(file);
        Files.createDirectories(copy.getParent());
        try (var in = program.getClassLoader().getResourceAsStream(file)) {
            Files.copy(in, copy);
        }
        String rest =
                Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                        .filter(entry -> entry.endsWith(".jar") && !entry.contains("dl4j-qat"))
                        .collect(Collectors.joining(File.pathSeparator));
        return dir.resolve("program") + File.pathSeparator + rest;
    }
}
