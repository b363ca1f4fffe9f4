package io.github.dl4jqat.examples.comparison;

import io.github.dl4jqat.examples.data.DigitData;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * A comparison as one HTML page that needs nothing else: no script, no font, no picture from
 * anywhere. It is well-formed XML too, follows the reader's choice of light or dark, and depends on
 * nothing but settings and results.
 */
public final class ComparisonPage {

    private static final String STYLE =
            """
            :root { color-scheme: light dark; --ink: #1b1f24; --soft: #57606a; --line: #d0d7de;
              --paper: #ffffff; --own: #0b5cad; }
            @media (prefers-color-scheme: dark) {
              :root { --ink: #e6edf3; --soft: #9aa4af; --line: #3a424c; --paper: #14181d;
                --own: #6cb6ff; } }
            body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
              max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
            table { border-collapse: collapse; }
            caption { text-align: left; color: var(--soft); padding-bottom: .5rem; }
            th, td { padding: .25rem .75rem; border-bottom: 1px solid var(--line); text-align: right;
              font-variant-numeric: tabular-nums; }
            th:first-child, table.parts td, table.parts th { text-align: left; }
            .scroll { overflow-x: auto; }
            small { color: var(--soft); display: block; }
            .plots { display: grid; gap: 1.5rem;
              grid-template-columns: repeat(auto-fill, minmax(17rem, 1fr)); }
            figure { margin: 0; }
            svg { width: 100%; height: auto; font-size: 12px; fill: none; }
            svg text { fill: var(--soft); }
            svg .grid { stroke: var(--line); }
            svg .float { stroke: var(--ink); stroke-dasharray: 1 4; stroke-width: 1.5; }
            svg polyline.ptq { stroke: var(--soft); stroke-dasharray: 5 4; }
            svg rect.ptq { fill: var(--soft); }
            svg .own { stroke: var(--own); stroke-width: 2; }
            svg circle.own { fill: var(--own); }
            """;

    private final DigitData data;
    private final Protocol protocol;
    private final List<ComparisonRow> rows;
    private final List<Integer> bits;
    private final Map<String, List<ComparisonRow>> trained;
    private final StringBuilder html = new StringBuilder();

    private ComparisonPage(DigitData data, Protocol protocol, List<ComparisonRow> rows) {
        this.data = data;
        this.protocol = protocol;
        this.rows = rows;
        bits = of(ComparisonRow.PTQ).stream().map(ComparisonRow::bits).toList();
        trained =
                rows.stream()
                        .filter(r -> !r.estimator().equals(ComparisonRow.FLOAT))
                        .filter(r -> !r.estimator().equals(ComparisonRow.PTQ))
                        .collect(
                                Collectors.groupingBy(
                                        ComparisonRow::estimator,
                                        LinkedHashMap::new,
                                        Collectors.toList()));
    }

    /** The page about the rows that {@link Comparison#run} has returned. */
    public static String of(DigitData data, Protocol protocol, List<ComparisonRow> rows) {
        return new ComparisonPage(data, protocol, rows).write();
    }

    private List<ComparisonRow> of(String estimator) {
        return rows.stream().filter(r -> r.estimator().equals(estimator)).toList();
    }

    private String write() {
        line("<!DOCTYPE html>");
        line("<html lang=\"en\">");
        line("<head><meta charset=\"utf-8\"/>");
        line("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>");
        line("<title>Gradient estimators compared</title>");
        line("<style>%n%s</style></head>", STYLE);
        line("<body><main>");
        line("<h1>Gradient estimators compared</h1>");
        line(
                "<p>The same LeNet, the same digits in the same order, one estimator and one width"
                        + " after the other.</p>");
        accuracies();
        plots();
        parts();
        settings();
        line("</main></body>");
        line("</html>");
        return html.toString();
    }

    private void accuracies() {
        ComparisonRow floating = of(ComparisonRow.FLOAT).get(0);
        line("<h2>Accuracy</h2>");
        line("<div class=\"scroll\"><table class=\"accuracies\">");
        line(
                "<caption>Test digits that are right, in percent: %s. The best of a column is"
                        + " bold. The float network has %s.</caption>",
                protocol.seeds().size() == 1
                        ? "one seed"
                        : "mean of "
                                + protocol.seeds().size()
                                + " seeds, below it the largest minus the smallest",
                percent(floating.accuracy()) + spread(floating));
        line("<thead><tr><th scope=\"col\">estimator</th>");
        bits.forEach(b -> line("<th scope=\"col\">%d %s</th>", b, b == 1 ? "bit" : "bits"));
        line("</tr></thead><tbody>");
        accuracies(ComparisonRow.PTQ + " (no training)", of(ComparisonRow.PTQ));
        trained.forEach(this::accuracies);
        line("</tbody></table></div>");
    }

    private void accuracies(String title, List<ComparisonRow> own) {
        line("<tr><th scope=\"row\">%s</th>", escape(title));
        for (int b : bits) {
            Optional<ComparisonRow> row = own.stream().filter(r -> r.bits() == b).findFirst();
            if (row.isEmpty()) {
                line("<td>&#8211;</td>");
            } else {
                String accuracy = String.format(Locale.ROOT, "%.2f", 100 * row.get().accuracy());
                line(
                        "<td>%s%s</td>",
                        row.get().accuracy() == best(b)
                                ? "<strong>" + accuracy + "</strong>"
                                : accuracy,
                        protocol.seeds().size() == 1
                                ? ""
                                : String.format(
                                        Locale.ROOT,
                                        "<small>%.2f</small>",
                                        100 * row.get().spread()));
            }
        }
        line("</tr>");
    }

    private double best(int width) {
        return rows.stream()
                .filter(r -> r.bits() == width)
                .mapToDouble(ComparisonRow::accuracy)
                .max()
                .orElseThrow();
    }

    private void plots() {
        AccuracyPlot plot = new AccuracyPlot(rows);
        line("<h2>Accuracy over bits</h2>");
        line(
                "<p>Solid: the estimator, with a bar from the worst to the best seed. Dashed:"
                        + " calibrated and not trained. Dotted: the float network. The vertical"
                        + " scale is logarithmic in the digits that are wrong.</p>");
        line("<div class=\"plots\">");
        int number = 0;
        for (Map.Entry<String, List<ComparisonRow>> e : trained.entrySet()) {
            line("<figure><figcaption>%s</figcaption>", escape(e.getKey()));
            line(
                    "%s",
                    plot.draw(
                            "plot" + number++,
                            e.getValue(),
                            of(ComparisonRow.PTQ),
                            of(ComparisonRow.FLOAT).get(0)));
            line("</figure>");
        }
        line("</div>");
    }

    private void parts() {
        line("<h2>What quantized what</h2>");
        line("<div class=\"scroll\"><table class=\"parts\">");
        line(
                "<caption>An estimator for weights only has another one beside it for the"
                        + " activations, and the other way round.</caption>");
        line(
                "<thead><tr><th scope=\"col\">row</th><th scope=\"col\">bits</th>"
                        + "<th scope=\"col\">weights</th><th scope=\"col\">activations</th>"
                        + "</tr></thead><tbody>");
        for (ComparisonRow row : rows) {
            line(
                    "<tr><th scope=\"row\">%s</th><td>%d</td><td>%s</td><td>%s</td></tr>",
                    escape(row.estimator()),
                    row.bits(),
                    escape(row.weights()),
                    escape(row.activations()));
        }
        line("</tbody></table></div>");
    }

    private static String passes(int count) {
        return count == 1 ? "pass" : "passes";
    }

    private void settings() {
        line("<h2>Settings</h2>");
        line("<ul>");
        line(
                "<li>Digits: %s, %,d to train on, %,d to test on.</li>",
                escape(data.source()), data.train().size(), data.test().size());
        line(
                "<li>Float network: the LeNet of Deeplearning4j's zoo, %d %s over the training"
                        + " digits in batches of %d, Adam.</li>",
                protocol.floatEpochs(), passes(protocol.floatEpochs()), protocol.floatBatch());
        line(
                "<li>Quantized networks: prepared from the float one, ranges or first steps from %d"
                    + " batches, then %d %s over the first %,d training digits (three quarters of"
                    + " them at 3 bits, half at 4, a quarter from 5 on) in batches of %d; Adam with"
                    + " a learning rate of %s, after half of the iterations 0.3 and after four"
                    + " fifths 0.1 of that.</li>",
                Protocol.CALIBRATION_BATCHES,
                protocol.epochs(),
                passes(protocol.epochs()),
                Math.min(protocol.digits(), data.train().size()),
                protocol.batch(),
                bits.stream()
                        .map(b -> Protocol.rate(b) + " at " + b)
                        .collect(Collectors.joining(", ", "", " bits")));
        line("<li>%s</li>", EstimatorRecipes.EDGES);
        line(
                "<li>Seeds: %s.</li>",
                protocol.seeds().stream().map(String::valueOf).collect(Collectors.joining(", ")));
        line(
                "<li>Accuracy is that of the simulation in training's own network; the integer"
                        + " model computes the same numbers.</li>");
        line("</ul>");
    }

    private static String spread(ComparisonRow row) {
        return row.accuracies().size() == 1 ? "" : ", spread " + percent(row.spread());
    }

    private static String percent(double fraction) {
        return String.format(Locale.ROOT, "%.2f %%", 100 * fraction);
    }

    /** The text as XML may contain it, in attributes too. */
    static String escape(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;");
    }

    private void line(String format, Object... arguments) {
        html.append(String.format(Locale.ROOT, format, arguments)).append('\n');
    }
}
