package io.github.dl4jqat.integer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.dl4jqat.export.tflite.CArrayWriter;
import io.github.dl4jqat.quant.Requantization;
import java.io.IOException;
import java.io.StringWriter;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The code on the page about deployment is code. */
class DeployPageTest {

    private static final Path PAGE = Path.of("docs", "deploy.md");

    private static List<String> blocks(String language) throws IOException {
        Matcher block =
                Pattern.compile(
                                "^```" + language + "\\R(.*?)^```$",
                                Pattern.DOTALL | Pattern.MULTILINE)
                        .matcher(Files.readString(PAGE));
        List<String> blocks = new ArrayList<>();
        while (block.find()) {
            blocks.add(block.group(1));
        }
        return blocks;
    }

    /** A class around a block: its imports in front, the rest in a method. */
    private static JavaFileObject source(String name, String block) {
        String imports =
                block.lines()
                        .filter(l -> l.startsWith("import "))
                        .collect(Collectors.joining("\n"));
        String body =
                block.lines()
                        .filter(l -> !l.startsWith("import "))
                        .collect(Collectors.joining("\n"));
        String text =
                imports
                        + "\nclass "
                        + name
                        + " {\n static void run() throws Exception {\n"
                        + body
                        + "\n}\n}\n";
        return new SimpleJavaFileObject(
                URI.create("string:///" + name + ".java"), JavaFileObject.Kind.SOURCE) {
            @Override
            public CharSequence getCharContent(boolean ignoreEncodingErrors) {
                return text;
            }
        };
    }

    @Test
    void javaCompiles(@TempDir Path classes) throws IOException {
        List<String> blocks = blocks("java");
        assertThat(blocks).hasSize(6);
        List<JavaFileObject> sources = new ArrayList<>();
        for (String block : blocks) {
            sources.add(source("Block" + sources.size(), block));
        }
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        StringWriter messages = new StringWriter();
        List<String> options =
                List.of(
                        "-proc:none",
                        "-d",
                        classes.toString(),
                        "-cp",
                        System.getProperty("java.class.path"));
        boolean compiled = compiler.getTask(messages, null, null, options, null, sources).call();
        assertThat(compiled).as("%s", messages).isTrue();
        assertThat(classes.resolve("Block5.class")).exists();
    }

    @Test
    void headerAndProgramOfTheMicrocontrollerCompile(@TempDir Path dir) throws Exception {
        assumeTrue(hasCompiler(), "no C compiler here");
        List<String> blocks = blocks("c");
        assertThat(blocks).hasSize(1);
        TestModels models = new TestModels(5, Requantization.FIXED_POINT, 8, 8);
        try (IntegerNetwork net =
                IntegerNetwork.of(models.lenet(16, 2, 3, 4, 3), EngineChoice.JAVA)) {
            new CArrayWriter().write(net, "lenet", dir.resolve("lenet.h"));
        }
        Files.writeString(dir.resolve("page.c"), blocks.get(0));
        Path log = dir.resolve("log.txt");
        Process gcc =
                new ProcessBuilder(
                                "gcc",
                                "-std=c11",
                                "-Wall",
                                "-Wextra",
                                "-Werror",
                                "-Wno-unused",
                                "-fsyntax-only",
                                "page.c")
                        .directory(dir.toFile())
                        .redirectErrorStream(true)
                        .redirectOutput(log.toFile())
                        .start();
        assertThat(gcc.waitFor()).as(Files.readString(log)).isZero();
    }

    private static boolean hasCompiler() throws InterruptedException {
        try {
            return new ProcessBuilder("gcc", "--version")
                            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                            .redirectError(ProcessBuilder.Redirect.DISCARD)
                            .start()
                            .waitFor()
                    == 0;
        } catch (IOException e) {
            return false;
        }
    }
}
