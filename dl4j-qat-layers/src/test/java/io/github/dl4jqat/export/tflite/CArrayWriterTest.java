package io.github.dl4jqat.export.tflite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.dl4jqat.export.tflite.TfLiteRuntime.Kernels;
import io.github.dl4jqat.integer.EngineChoice;
import io.github.dl4jqat.integer.IntegerNetwork;
import io.github.dl4jqat.integer.RandomModels;
import io.github.dl4jqat.quant.Requantization;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CArrayWriterTest {

    @TempDir private Path folder;

    private static byte[] lenet(TfLiteExporter exporter) {
        return exporter.toBytes(RandomModels.lenet(3, Requantization.FIXED_POINT, 1).model());
    }

    @ParameterizedTest
    @CsvSource({
        "lenet,lenet",
        "LeNet-5 (int8),LeNet_5__int8_",
        "5er,model_5er",
        "_x,model__x",
        "int,model_int",
        "größe,gr__e"
    })
    void namesBecomeIdentifiers(String name, String expected) {
        assertThat(CArrayWriter.identifier(name)).isEqualTo(expected);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "  "})
    void aNameMustBeGiven(String name) {
        assertThatThrownBy(() -> CArrayWriter.identifier(name))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("give the array a name");
    }

    @Test
    void theBytesAreThoseOfTheFile() throws IOException {
        byte[] file = lenet(new TfLiteExporter());
        Path header = folder.resolve("lenet.h");
        new CArrayWriter().write(file, "lenet", header);
        String text = Files.readString(header, StandardCharsets.US_ASCII);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        Matcher hex = Pattern.compile("0x([0-9a-f]{2})\\b").matcher(text);
        while (hex.find()) {
            bytes.write(Integer.parseInt(hex.group(1), 16));
        }
        assertThat(bytes.toByteArray()).isEqualTo(file);
        assertThat(text)
                .contains("#ifndef LENET_H_")
                .contains("enum { lenet_len = " + file.length + " };")
                .contains("lenet_arena_estimate = " + ArenaEstimate.bytes(file) + " };");
    }

    @Test
    void aNetworkIsExportedWithBytesAtBothEnds() throws IOException {
        Path header = folder.resolve("net.h");
        try (IntegerNetwork net =
                IntegerNetwork.of(
                        RandomModels.lenet(3, Requantization.FIXED_POINT, 1).model(),
                        EngineChoice.JAVA)) {
            new CArrayWriter().write(net, "net", header);
        }
        byte[] expected =
                lenet(
                        TfLiteExporter.builder()
                                .input(TfLiteExporter.Ends.INT8)
                                .output(TfLiteExporter.Ends.INT8)
                                .batch(1)
                                .build());
        assertThat(Files.readString(header)).contains("net_len = " + expected.length + " };");
    }

    @ParameterizedTest
    @CsvSource({"gcc,c,-std=c11", "gcc,c,-std=c99", "g++,cc,-std=c++11"})
    void compilersTakeIt(String compiler, String suffix, String standard) throws Exception {
        assumeTrue(isInstalled(compiler), compiler + " is not installed");
        byte[] file = lenet(new TfLiteExporter());
        new CArrayWriter().write(file, "lenet", folder.resolve("lenet.h"));
        Path source = folder.resolve("main." + suffix);
        Files.writeString(
                source,
                """
                #include <stdio.h>
                #include "lenet.h"
                int main(void) {
                    unsigned long hash = 0;
                    unsigned long at = (unsigned long) (size_t) lenet;
                    int i;
                    for (i = 0; i < lenet_len; i++) {
                        hash = (hash * 31 + lenet[i]) % 1000003;
                    }
                    printf("%d %lu %lu", (int) sizeof(lenet), hash, at % 16);
                    return lenet_arena_estimate > 0 ? 0 : 1;
                }
                """);
        Path program = folder.resolve("program");
        run(compiler, standard, "-Wall", "-Werror", source.toString(), "-o", program.toString());
        long hash = 0;
        for (byte b : file) {
            hash = (hash * 31 + Byte.toUnsignedInt(b)) % 1000003;
        }
        assertThat(run(program.toString())).isEqualTo(file.length + " " + hash + " 0");
    }

    private static boolean isInstalled(String program) {
        for (String place : System.getenv("PATH").split(File.pathSeparator, -1)) {
            if (Files.isExecutable(Path.of(place, program))) {
                return true;
            }
        }
        return false;
    }

    private static String run(String... command) throws Exception {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(1, TimeUnit.MINUTES)).isTrue();
        assertThat(process.exitValue()).as(output).isZero();
        return output;
    }

    @Test
    void theEstimateIsNearTheInterpretersArena() {
        assumeTrue(ReferenceKernels.available(), "the library hides its reference kernels");
        byte[] file = lenet(TfLiteExporter.builder().batch(64).denseAsConvolution(true).build());
        long estimate = ArenaEstimate.bytes(file);
        try (TfLiteRuntime runtime = new TfLiteRuntime(file, Kernels.REFERENCE)) {
            // The interpreter rounds each tensor up to 64 bytes, the estimate to 16.
            long slack = 64L * (runtime.tensors() + 1);
            assertThat(runtime.arenaBytes()).isBetween(estimate, estimate + slack);
        }
    }
}
