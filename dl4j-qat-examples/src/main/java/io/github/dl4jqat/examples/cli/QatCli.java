package io.github.dl4jqat.examples.cli;

import io.github.dl4jqat.convert.UnsupportedLayerException;
import io.github.dl4jqat.examples.data.DataFormatException;
import io.github.dl4jqat.integer.QnetFormatException;
import io.github.dl4jqat.zoo.ZooException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.Charset;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;

/**
 * The {@code qat} command: quantization-aware training from the command line.
 *
 * <p>Exit codes: 0 for success, 1 when the work failed, 2 for bad usage or bad input. Errors are
 * one line on the error stream; {@code --debug} adds the stack trace.
 */
@Command(
        name = "qat",
        mixinStandardHelpOptions = true,
        versionProvider = QatCli.Version.class,
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {
            QuickstartCommand.class,
            PrepareCommand.class,
            ConvertCommand.class,
            EvaluateCommand.class,
            InspectCommand.class,
            ExportCommand.class,
            CheckExportCommand.class,
            EquivalenceCommand.class,
            EstimatorsCommand.class,
            ZooCommand.class,
            ZooCoverageCommand.class,
            BenchCommand.class
        },
        description = {
            "",
            "Quantization-aware training for Deeplearning4j: from a float network to an integer"
                    + " model that is a quarter of its size or less and just as accurate.",
            ""
        },
        commandListHeading = "%nCommands, in the order of a usual day:%n",
        footer = {
            "",
            "Start here:",
            "  qat quickstart",
            "",
            "Your own network:",
            "  qat prepare --model float.zip --data DIR --out qat.zip",
            "  (train qat.zip in Deeplearning4j as any other network)",
            "  qat convert --model qat.zip --out model.qnet",
            "  qat evaluate --data DIR model.qnet",
            "  qat export --to tflite --out model.tflite model.qnet",
            "",
            "Exit codes: 0 done, 1 the work failed, 2 bad usage or bad input.",
            "'qat COMMAND --help' explains a command."
        })
public final class QatCli implements Runnable {

    static final int FAILED = 1;
    static final int BAD_INPUT = 2;

    @CommandLine.Spec private CommandLine.Model.CommandSpec spec;

    @Option(
            names = "--debug",
            scope = ScopeType.INHERIT,
            description = "With an error, print the stack trace too.")
    private boolean debug;

    private final Console console;

    QatCli(Console console) {
        this.console = console;
    }

    /** Runs the command line and ends the process with its exit code. */
    public static void main(String[] arguments) {
        quietNatives();
        System.exit(
                run(
                        Console.ofProcess(),
                        new PrintWriter(System.err, true, Charset.defaultCharset()),
                        arguments));
    }

    /**
     * JavaCPP has to be told where its warnings go before its first class is loaded: to logback,
     * which knows the harmless ones.
     */
    private static void quietNatives() {
        String property = "org.bytedeco.javacpp.logger";
        if (System.getProperty(property) == null) {
            System.setProperty(property, "slf4j");
        }
    }

    /**
     * Runs the command line inside this process.
     *
     * @return the exit code
     */
    static int run(Console console, PrintWriter errors, String... arguments) {
        QatCli cli = new QatCli(console);
        CommandLine commandLine = new CommandLine(cli);
        commandLine.setOut(console.writer());
        commandLine.setErr(errors);
        commandLine.setUsageHelpAutoWidth(console.terminal());
        commandLine.setUsageHelpWidth(100);
        commandLine.setCaseInsensitiveEnumValuesAllowed(true);
        commandLine.setParameterExceptionHandler(QatCli::badUsage);
        commandLine.setExecutionStrategy(QatCli::start);
        commandLine.setExecutionExceptionHandler(
                (failure, command, parsed) -> cli.failed(failure, command));
        return commandLine.execute(arguments);
    }

    private static int start(CommandLine.ParseResult parsed) {
        Integer help = CommandLine.executeHelpRequest(parsed);
        if (help != null) {
            return help;
        }
        Outputs.require(parsed);
        return new CommandLine.RunLast().execute(parsed);
    }

    Console console() {
        return console;
    }

    @Override
    public void run() {
        spec.commandLine().usage(spec.commandLine().getOut());
    }

    private static int badUsage(ParameterException problem, String[] arguments) {
        CommandLine command = problem.getCommandLine();
        command.getErr()
                .println(
                        "qat: "
                                + oneLine(problem)
                                + " (try '"
                                + command.getCommandSpec().qualifiedName()
                                + " --help')");
        return BAD_INPUT;
    }

    private int failed(Exception failure, CommandLine command) {
        PrintWriter errors = command.getErr();
        boolean badInput =
                failure instanceof InputException
                        || failure instanceof DataFormatException
                        || failure instanceof UnsupportedLayerException
                        || failure instanceof ZooException
                        || failure instanceof QnetFormatException
                        || failure instanceof FileSystemException;
        errors.println("qat: " + oneLine(failure));
        if (debug) {
            failure.printStackTrace(errors);
        } else if (!badInput) {
            errors.println("(--debug shows where it happened)");
        }
        return badInput ? BAD_INPUT : FAILED;
    }

    private static String oneLine(Exception failure) {
        String message = failure.getMessage();
        if (message == null || message.isBlank()) {
            return failure.getClass().getSimpleName();
        }
        return prefix(failure) + message.strip().replaceAll("\\s*\\R\\s*", "; ");
    }

    /** What an exception's message leaves out: an IOException's is often just a file name. */
    private static String prefix(Exception failure) {
        if (failure instanceof NoSuchFileException) {
            return "no such file or folder: ";
        }
        if (failure instanceof FileAlreadyExistsException) {
            return "exists already, and is no folder: ";
        }
        boolean bare =
                failure instanceof IOException
                        && !(failure instanceof DataFormatException)
                        && !(failure instanceof ZooException)
                        && !(failure instanceof QnetFormatException)
                        && !(failure instanceof FileSystemException said
                                && said.getReason() != null);
        return bare ? failure.getClass().getSimpleName() + ": " : "";
    }

    /** The launcher passes the version; without it this is a build in somebody's editor. */
    static final class Version implements CommandLine.IVersionProvider {

        @Override
        public String[] getVersion() {
            return new String[] {"qat " + System.getProperty("qat.version", "(development build)")};
        }
    }
}
