package io.github.dl4jqat.examples.cli;

import java.time.Duration;
import java.util.Locale;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.optimize.api.BaseTrainingListener;

/**
 * Shows how far a training has come: a bar that moves on a terminal, a line at every quarter
 * elsewhere. A listener for any Deeplearning4j network.
 */
final class Progress extends BaseTrainingListener {

    private static final int BAR = 30;
    private static final int QUARTERS = 4;
    private static final Duration BETWEEN_REDRAWS = Duration.ofMillis(100);

    private final Console console;
    private final String what;
    private final long total;
    private final long start = System.nanoTime();
    private long done;
    private long lastRedraw;
    private int lastWidth;

    /**
     * @param console where to show it
     * @param what what is going on, in a word or two
     * @param total number of iterations to come
     */
    Progress(Console console, String what, long total) {
        this.console = console;
        this.what = what;
        this.total = total;
    }

    @Override
    public void iterationDone(Model model, int iteration, int epoch) {
        long before = done++;
        boolean quarter = done * QUARTERS / total > before * QUARTERS / total;
        if (console.terminal()) {
            long now = System.nanoTime();
            if (quarter || now - lastRedraw > BETWEEN_REDRAWS.toNanos()) {
                lastRedraw = now;
                redraw(model.score());
            }
        } else if (quarter) {
            console.line(
                    "  %s: %3d %%  loss %.4f  %s",
                    what, done * 100 / total, model.score(), elapsed());
        }
    }

    private void redraw(double loss) {
        int filled = (int) (done * BAR / total);
        String line =
                String.format(
                        Locale.ROOT,
                        "  %s [%s%s] %d/%d  loss %.4f  %s",
                        what,
                        "#".repeat(filled),
                        "-".repeat(BAR - filled),
                        done,
                        total,
                        loss,
                        done < total ? remaining() : elapsed());
        // blanks wipe out what a longer line has left behind
        console.redraw(line + " ".repeat(Math.max(0, lastWidth - line.length())));
        lastWidth = line.length();
        if (done == total) {
            console.text("");
        }
    }

    private String elapsed() {
        return clock(System.nanoTime() - start);
    }

    private String remaining() {
        return clock((System.nanoTime() - start) / done * (total - done)) + " left";
    }

    private static String clock(long nanos) {
        long seconds = Duration.ofNanos(nanos).toSeconds();
        return String.format(Locale.ROOT, "%d:%02d", seconds / 60, seconds % 60);
    }
}
