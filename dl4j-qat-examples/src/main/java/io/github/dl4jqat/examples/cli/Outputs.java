package io.github.dl4jqat.examples.cli;

import java.io.IOException;
import java.lang.reflect.AnnotatedElement;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/**
 * Says that a file or folder cannot be written before a command begins, and not after minutes of
 * work for nothing. It tries: permissions alone do not tell of a disk that is full or read-only.
 */
final class Outputs {

    private Outputs() {}

    /**
     * Looks at all options with {@link Writes} that were given.
     *
     * @throws ParameterException if one cannot be written, or two are the same file
     */
    static void require(ParseResult parsed) {
        Map<Path, String> files = new HashMap<>();
        for (CommandLine command : parsed.asCommandLineList()) {
            for (OptionSpec option : command.getParseResult().matchedOptions()) {
                Writes writes = annotation(option);
                if (writes == null) {
                    continue;
                }
                Path path = option.getValue();
                try {
                    if (writes.folder()) {
                        requireFolder(path);
                    } else {
                        requireFile(path);
                        requireOnce(files, option.longestName(), path);
                    }
                } catch (InputException e) {
                    throw new ParameterException(
                            command, option.longestName() + ": " + e.getMessage(), e);
                }
            }
        }
    }

    private static Writes annotation(OptionSpec option) {
        return option.userObject() instanceof AnnotatedElement field
                ? field.getAnnotation(Writes.class)
                : null;
    }

    private static void requireOnce(Map<Path, String> files, String option, Path file)
            throws InputException {
        String other = files.put(file.toAbsolutePath().normalize(), option);
        if (other != null) {
            throw new InputException(file + ": is the file of " + other + " too");
        }
    }

    private static void requireFile(Path file) throws InputException {
        Path folder = file.toAbsolutePath().getParent();
        if (folder == null || !Files.isDirectory(folder)) {
            throw new InputException(file + ": the folder to write it to does not exist");
        }
        if (Files.isDirectory(file)) {
            throw new InputException(file + ": expected a file to write, got a folder");
        }
        probe(folder, file);
    }

    /**
     * Says early that nothing can be written to a folder, or that it cannot be made.
     *
     * @throws InputException if so
     */
    static void requireFolder(Path folder) throws InputException {
        Path there = folder.toAbsolutePath();
        while (there != null && !Files.exists(there)) {
            there = there.getParent();
        }
        if (there == null || !Files.isDirectory(there)) {
            throw new InputException(folder + ": expected a folder, or one that can be made");
        }
        probe(there, folder);
    }

    private static void probe(Path folder, Path wanted) throws InputException {
        try {
            Files.delete(Files.createTempFile(folder, ".qat", ".part"));
        } catch (IOException e) {
            throw new InputException(
                    wanted + ": nothing can be written to " + folder + " (" + e + ")", e);
        }
    }
}
