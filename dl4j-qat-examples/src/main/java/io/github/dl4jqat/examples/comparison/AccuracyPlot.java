package io.github.dl4jqat.examples.comparison;

import java.util.List;
import java.util.Locale;
import java.util.stream.DoubleStream;

/**
 * Accuracy over bits as SVG: one estimator, the calibrated networks below it, the float network
 * above it. All plots of a page have the same axes, so that they can be compared.
 *
 * <p>The vertical axis is the share of wrong digits in a logarithmic scale, labeled as accuracy:
 * from 99.0 to 99.5 % is as far as from 98 to 99 %, because as many errors go away.
 */
final class AccuracyPlot {

    private static final double[] WRONG = {0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1};

    private static final int WIDTH = 300;
    private static final int HEIGHT = 200;
    private static final int LEFT = 52;
    private static final int RIGHT = WIDTH - 12;
    private static final int TOP = 10;
    private static final int BOTTOM = HEIGHT - 34;
    private static final int POINT = 4;

    private final List<Integer> bits;
    private final double fewest;
    private final double most;

    /**
     * @param rows all rows of the page, for the ends of the axes
     */
    AccuracyPlot(List<ComparisonRow> rows) {
        bits =
                rows.stream()
                        .filter(r -> !r.estimator().equals(ComparisonRow.FLOAT))
                        .map(ComparisonRow::bits)
                        .distinct()
                        .sorted()
                        .toList();
        double least = rows.stream().mapToDouble(r -> wrong(r.accuracy())).min().orElse(WRONG[0]);
        double worst = rows.stream().mapToDouble(r -> wrong(r.accuracy())).max().orElse(1);
        fewest = DoubleStream.of(WRONG).filter(w -> w <= least).max().orElse(WRONG[0]);
        double above = DoubleStream.of(WRONG).filter(w -> w >= worst).min().orElse(1);
        most = Math.max(above, 2 * fewest);
    }

    /** What is no longer to be told from all right is drawn at the upper edge. */
    private static double wrong(double accuracy) {
        return Math.max(WRONG[0], 1 - accuracy);
    }

    /**
     * The drawing.
     *
     * @param id of its title and description, unique on the page
     * @param own the rows of the estimator
     * @param calibrated those without training
     * @param floating the row of the float network
     */
    String draw(
            String id,
            List<ComparisonRow> own,
            List<ComparisonRow> calibrated,
            ComparisonRow floating) {
        StringBuilder svg = new StringBuilder();
        add(
                svg,
                "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-labelledby=\"%s-t %s-d\">",
                WIDTH,
                HEIGHT,
                id,
                id);
        add(svg, "<title id=\"%s-t\">Accuracy of %s over bits</title>", id, name(own));
        add(svg, "<desc id=\"%s-d\">%s</desc>", id, inWords(own));
        axes(svg);
        double top = y(floating.accuracy());
        add(
                svg,
                "<line class=\"float\" x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\"/>",
                LEFT,
                top,
                RIGHT,
                top);
        curve(svg, "ptq", calibrated);
        for (ComparisonRow row : calibrated) {
            add(
                    svg,
                    "<rect class=\"ptq\" x=\"%.1f\" y=\"%.1f\" width=\"5\" height=\"5\"/>",
                    x(row.bits()) - 2.5,
                    y(row.accuracy()) - 2.5);
        }
        curve(svg, "own", own);
        own.forEach(row -> point(svg, row));
        return svg.append("</svg>").toString();
    }

    private void axes(StringBuilder svg) {
        for (double wrong : WRONG) {
            if (wrong < fewest || wrong > most) {
                continue;
            }
            double y = y(1 - wrong);
            add(
                    svg,
                    "<line class=\"grid\" x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\"/>",
                    LEFT,
                    y,
                    RIGHT,
                    y);
            add(
                    svg,
                    "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s %%</text>",
                    LEFT - 6,
                    y + 4,
                    String.format(Locale.ROOT, wrong < 0.01 ? "%.1f" : "%.0f", 100 * (1 - wrong)));
        }
        for (int b : bits) {
            add(
                    svg,
                    "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%d</text>",
                    x(b),
                    BOTTOM + 16,
                    b);
        }
        add(
                svg,
                "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">bits</text>",
                (LEFT + RIGHT) / 2,
                BOTTOM + 30);
    }

    private void curve(StringBuilder svg, String style, List<ComparisonRow> rows) {
        StringBuilder points = new StringBuilder();
        rows.stream()
                .sorted((a, b) -> Integer.compare(a.bits(), b.bits()))
                .forEach(r -> add(points, "%.1f,%.1f ", x(r.bits()), y(r.accuracy())));
        add(svg, "<polyline class=\"%s\" points=\"%s\"/>", style, points.toString().strip());
    }

    private void point(StringBuilder svg, ComparisonRow row) {
        double least = row.accuracies().stream().mapToDouble(a -> a).min().orElseThrow();
        double x = x(row.bits());
        add(
                svg,
                "<line class=\"own\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>",
                x,
                y(least),
                x,
                y(least + row.spread()));
        add(
                svg,
                "<circle class=\"own\" cx=\"%.1f\" cy=\"%.1f\" r=\"%d\"><title>%s</title></circle>",
                x,
                y(row.accuracy()),
                POINT,
                inWords(List.of(row)));
    }

    private static String name(List<ComparisonRow> own) {
        return ComparisonPage.escape(own.get(0).estimator());
    }

    private static String inWords(List<ComparisonRow> rows) {
        StringBuilder words = new StringBuilder();
        for (ComparisonRow row : rows) {
            add(
                    words,
                    "%s%d %s: %.2f %%",
                    words.isEmpty() ? "" : ", ",
                    row.bits(),
                    row.bits() == 1 ? "bit" : "bits",
                    100 * row.accuracy());
        }
        return words.toString();
    }

    /** Widths at equal distances: 8 is not worth four times the room of 2. */
    private double x(int width) {
        int place = bits.indexOf(width);
        return bits.size() == 1
                ? (LEFT + RIGHT) / 2.0
                : LEFT + 14 + (RIGHT - LEFT - 28.0) * place / (bits.size() - 1);
    }

    private double y(double accuracy) {
        double share = Math.log(wrong(accuracy) / fewest) / Math.log(most / fewest);
        return TOP + (BOTTOM - TOP) * share;
    }

    private static void add(StringBuilder text, String format, Object... arguments) {
        text.append(String.format(Locale.ROOT, format, arguments));
    }
}
