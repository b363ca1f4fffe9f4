package io.github.dl4jqat.examples.cli;

import java.io.PrintWriter;
import java.io.StringWriter;

/**
 * One run of the command line inside this process.
 *
 * @param exitCode its exit code
 * @param out what it wrote for the user
 * @param errors what it wrote about errors
 */
record CliRun(int exitCode, String out, String errors) {

    static CliRun of(Object... arguments) {
        StringWriter out = new StringWriter();
        StringWriter errors = new StringWriter();
        String[] words = new String[arguments.length];
        for (int i = 0; i < words.length; i++) {
            words[i] = arguments[i].toString();
        }
        int exitCode =
                QatCli.run(new Console(new PrintWriter(out)), new PrintWriter(errors, true), words);
        return new CliRun(exitCode, out.toString(), errors.toString());
    }
}
