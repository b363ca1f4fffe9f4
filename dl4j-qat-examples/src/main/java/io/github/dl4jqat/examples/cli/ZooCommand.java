package io.github.dl4jqat.examples.cli;

import io.github.dl4jqat.zoo.IntegerModelZoo;
import io.github.dl4jqat.zoo.ZooException;
import io.github.dl4jqat.zoo.ZooUnreachableException;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.regex.Pattern;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.ScopeType;

/** The {@code qat zoo} commands: integer models by name. */
@Command(
        name = "zoo",
        header = "Take integer models by name, and publish your own",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {
            ZooListCommand.class,
            ZooShowCommand.class,
            ZooGetCommand.class,
            ZooPublishCommand.class,
            ZooVerifyCommand.class,
            ZooRemoveCommand.class
        },
        description = {
            "",
            "A zoo is a folder with a zoo.json, on this machine or on a web server. Without --zoo"
                    + " it is the one that comes with this program.",
            ""
        },
        footer = {
            "",
            "Examples:",
            "  qat zoo list",
            "  qat zoo show lenet-mnist-int8",
            "  qat zoo get lenet-mnist-int8 --to lenet.qnet",
            "  qat zoo list --zoo https://example.org/models/"
        })
final class ZooCommand implements Runnable {

    /** The zoo that comes with the program. */
    static final String BUNDLED = "classpath:dl4j-qat-zoo";

    /** A scheme has two letters at least: one letter is a drive. */
    private static final Pattern ADDRESS = Pattern.compile("[A-Za-z][A-Za-z0-9+.-]+:.*");

    @ParentCommand private QatCli cli;
    @CommandLine.Spec private CommandLine.Model.CommandSpec spec;

    @Option(
            names = "--zoo",
            scope = ScopeType.INHERIT,
            paramLabel = "PLACE",
            defaultValue = BUNDLED,
            description =
                    "A folder, or an address that begins with https:, http:, file: or classpath:."
                            + " Default: ${DEFAULT-VALUE}.")
    private String place;

    /** Something to do with a zoo. */
    interface Work<T> {
        T with(IntegerModelZoo zoo) throws IOException, InputException;
    }

    Console console() {
        return cli.console();
    }

    /**
     * Does something with the chosen zoo.
     *
     * @throws InputException if the zoo, or what was asked of it, is not to be had
     */
    <T> T zoo(Work<T> work) throws IOException, InputException {
        try {
            return work.with(open());
        } catch (ZooUnreachableException e) {
            throw e;
        } catch (IllegalArgumentException | UnsupportedOperationException | ZooException e) {
            throw new InputException(e.getMessage(), e);
        }
    }

    private IntegerModelZoo open() {
        return ADDRESS.matcher(place).matches()
                ? IntegerModelZoo.open(URI.create(place))
                : IntegerModelZoo.open(Path.of(place));
    }

    /** The zoo that comes with the program is for reading. */
    void requireFolder() throws InputException {
        if (place.equals(BUNDLED)) {
            throw new InputException("--zoo: name the folder of the zoo that is to be changed");
        }
        if (!ADDRESS.matcher(place).matches()) {
            try {
                Outputs.requireFolder(Path.of(place));
            } catch (InputException e) {
                throw new InputException("--zoo: " + e.getMessage(), e);
            }
        }
    }

    @Override
    public void run() {
        spec.commandLine().usage(spec.commandLine().getOut());
    }
}
