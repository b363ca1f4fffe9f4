package io.github.dl4jqat.integer;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.dl4jqat.quant.Requantization;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A deployed network: what its JVM needs on the class path, and what it loads. */
class PlainArraysTest {

    @TempDir private Path folder;

    private Path file;
    private String expected;

    @BeforeEach
    void saveNetwork() throws IOException {
        file = folder.resolve("lenet.qnet");
        IntegerModel model = new TestModels(1, Requantization.FLOAT, 8, 8).lenet(18, 3, 4, 9, 5);
        try (IntegerNetwork net = IntegerNetwork.of(model, EngineChoice.JAVA)) {
            net.save(file);
            expected = PlainProgram.outputs(net);
        }
    }

    @Test
    void javaEngineRunsWithoutNd4jOnTheClassPath() throws Exception {
        String engineAndOutputs =
                runProgram(
                        jar ->
                                jar.contains("classes")
                                        || jar.startsWith("jackson-1.")
                                        || jar.startsWith("slf4j-api")
                                        || jar.startsWith("logback"));
        assertThat(engineAndOutputs).isEqualTo("Java\n" + expected);
    }

    @Test
    void missingOnnxClassesLeaveTheJavaEngine() throws Exception {
        String engineAndOutputs =
                runProgram(
                        jar ->
                                jar.contains("classes")
                                        || jar.startsWith("jackson-1.")
                                        || jar.startsWith("onnxruntime")
                                        || jar.startsWith("slf4j-api")
                                        || jar.startsWith("logback"));
        assertThat(engineAndOutputs).isEqualTo("Java\n" + expected);
    }

    @Test
    void onnxRuntimeLoadsMessagesOnlyAndNoArrays() throws Exception {
        String engineAndOutputs = runProgram(jar -> true);
        assertThat(engineAndOutputs).startsWith("ONNX Runtime 1.").endsWith("\n" + expected);
        List<String> loaded = Files.readAllLines(folder.resolve("classes.log"));
        assertThat(loaded).anyMatch(line -> line.contains(IntegerNetwork.class.getName()));
        assertThat(loaded)
                .noneMatch(line -> line.contains("org.deeplearning4j."))
                .noneMatch(line -> line.contains("org.nd4j.") && !line.contains("org.nd4j.shade."));
    }

    @Test
    void nativeLibraryThatCannotBeLoadedLeavesTheJavaEngine() throws Exception {
        Path broken = Files.createDirectory(folder.resolve("natives"));
        for (String library : List.of("onnxruntime", "onnxruntime4j_jni")) {
            Files.writeString(broken.resolve(System.mapLibraryName(library)), "not a library");
        }
        String engineAndOutputs = runProgram(jar -> true, "-Donnxruntime.native.path=" + broken);
        assertThat(engineAndOutputs).isEqualTo("Java\n" + expected);
        assertThat(Files.readString(folder.resolve("program.log")))
                .contains("cannot be loaded", "Computing with the Java engine");
    }

    private String runProgram(Predicate<String> onClassPath, String... options) throws Exception {
        String[] all = System.getProperty("java.class.path").split(File.pathSeparator);
        String classPath =
                Arrays.stream(all)
                        .filter(entry -> onClassPath.test(new File(entry).getName()))
                        .collect(Collectors.joining(File.pathSeparator));
        Path result = folder.resolve("result.txt");
        Path log = folder.resolve("program.log");
        // The class path goes through the environment: as an argument it can be too long.
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("-Xlog:class+load:file=" + folder.resolve("classes.log"));
        command.addAll(List.of(options));
        command.add(PlainProgram.class.getName());
        command.add(file.toString());
        command.add(result.toString());
        ProcessBuilder builder =
                new ProcessBuilder(command)
                        .redirectErrorStream(true)
                        .redirectOutput(log.toFile())
                        .directory(folder.toFile());
        builder.environment().put("CLASSPATH", classPath);
        Process program = builder.start();
        assertThat(program.waitFor()).as(() -> read(log)).isZero();
        return Files.readString(result);
    }

    private static String read(Path log) {
        try {
            return Files.readString(log);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
