package io.github.dl4jqat.examples.cli;

import java.io.PrintWriter;
import java.nio.charset.Charset;
import java.util.Locale;

/**
 * The one place that writes to the user. On a terminal, {@link Progress} may redraw its line;
 * elsewhere (a file, a pipe, a build log) every line is final.
 */
public final class Console {

    private final PrintWriter out;
    private final boolean terminal;

    /** Writes to the given stream and never redraws a line. */
    public Console(PrintWriter out) {
        this(out, false);
    }

    Console(PrintWriter out, boolean terminal) {
        this.out = out;
        this.terminal = terminal;
    }

    /** The console of this process. */
    static Console ofProcess() {
        return new Console(
                new PrintWriter(System.out, true, Charset.defaultCharset()), isTerminal());
    }

    @SuppressWarnings("SystemConsoleNull") // asked further down, where it can be
    private static boolean isTerminal() {
        java.io.Console console = System.console();
        if (console == null || "dumb".equals(System.getenv("TERM"))) {
            return false;
        }
        try {
            // since JDK 22 there is a console without a terminal too, and it can be asked
            return (Boolean) java.io.Console.class.getMethod("isTerminal").invoke(console);
        } catch (ReflectiveOperationException e) {
            return true;
        }
    }

    /** The stream itself, for help texts. */
    PrintWriter writer() {
        return out;
    }

    boolean terminal() {
        return terminal;
    }

    /** Prints one line, formatted as {@link String#format} does in the ROOT locale. */
    void line(String format, Object... arguments) {
        text(String.format(Locale.ROOT, format, arguments));
    }

    /** Prints text as it is and ends the line. */
    void text(String text) {
        out.println(text);
        out.flush();
    }

    /** Prints text over the current line and stays on it; only for terminals. */
    void redraw(String text) {
        out.print('\r' + text);
        out.flush();
    }
}
