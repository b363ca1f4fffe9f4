package io.github.dl4jqat.examples.equivalence;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.geom.Line2D;
import java.awt.geom.Path2D;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** One panel of curves over training steps, with axes and a legend. Not thread-safe. */
final class LinePlot {

    private static final int LEFT = 62;
    private static final int RIGHT = 14;
    private static final int TOP = 34;
    private static final int BOTTOM = 40;
    private static final int LEGEND_ROW = 17;
    private static final int TICKS = 5;
    private static final Font PLAIN = new Font(Font.SANS_SERIF, Font.PLAIN, 12);
    private static final Font TITLE = new Font(Font.SANS_SERIF, Font.BOLD, 13);

    private final String title;
    private final boolean logarithmic;
    private final List<Series> series = new ArrayList<>();

    private record Series(String name, Color color, Curve curve) {}

    /** Empty; on a logarithmic axis zeros and negative values are left out. */
    LinePlot(String title, boolean logarithmic) {
        this.title = title;
        this.logarithmic = logarithmic;
    }

    LinePlot add(String name, Color color, Curve curve) {
        series.add(new Series(name, color, curve));
        return this;
    }

    private boolean shows(double y) {
        return Double.isFinite(y) && (!logarithmic || y > 0);
    }

    private double scaled(double y) {
        return logarithmic ? Math.log10(y) : y;
    }

    /** Draws the panel into a rectangle. */
    void draw(Graphics2D g, int x0, int y0, int width, int height) {
        g.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
        g.setFont(TITLE);
        g.setColor(Color.BLACK);
        g.drawString(title, x0 + LEFT, y0 + TOP - 14);
        g.setFont(PLAIN);
        Frame frame =
                new Frame(
                        x0 + LEFT,
                        y0 + TOP,
                        width - LEFT - RIGHT,
                        height - TOP - BOTTOM - LEGEND_ROW * series.size(),
                        bounds());
        axes(g, frame);
        int legend = frame.y + frame.height + BOTTOM;
        for (Series s : series) {
            g.setColor(s.color());
            g.setStroke(new BasicStroke(1.8f));
            g.draw(path(s.curve(), frame));
            g.draw(new Line2D.Double(x0 + LEFT, legend - 4, x0 + LEFT + 24, legend - 4));
            g.setColor(Color.BLACK);
            g.drawString(s.name(), x0 + LEFT + 32, legend);
            legend += LEGEND_ROW;
        }
    }

    /** Smallest and largest x, smallest and largest y on its axis. */
    private double[] bounds() {
        double[] b = {0, 1, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY};
        for (Series s : series) {
            for (int i = 0; i < s.curve().size(); i++) {
                b[1] = Math.max(b[1], s.curve().x(i));
                if (shows(s.curve().y(i))) {
                    b[2] = Math.min(b[2], scaled(s.curve().y(i)));
                    b[3] = Math.max(b[3], scaled(s.curve().y(i)));
                }
            }
        }
        if (b[2] > b[3]) {
            b[2] = 0;
            b[3] = 1;
        }
        double margin = Math.max(1e-6, (b[3] - b[2]) * 0.05);
        b[2] -= margin;
        b[3] += margin;
        return b;
    }

    private void axes(Graphics2D g, Frame f) {
        g.setStroke(new BasicStroke(1));
        for (int t = 0; t <= TICKS; t++) {
            double share = (double) t / TICKS;
            double y = f.bounds[2] + share * (f.bounds[3] - f.bounds[2]);
            int row = (int) Math.round(f.row(y));
            g.setColor(new Color(225, 225, 225));
            g.drawLine(f.x, row, f.x + f.width, row);
            g.setColor(Color.DARK_GRAY);
            String label =
                    logarithmic
                            ? String.format(Locale.ROOT, "%.1e", Math.pow(10, y))
                            : String.format(Locale.ROOT, "%.4f", y);
            g.drawString(label, f.x - 6 - g.getFontMetrics().stringWidth(label), row + 4);
            double x = f.bounds[0] + share * (f.bounds[1] - f.bounds[0]);
            String step = String.format(Locale.ROOT, "%.0f", x);
            int column = (int) Math.round(f.column(x));
            g.drawString(
                    step, column - g.getFontMetrics().stringWidth(step) / 2, f.y + f.height + 16);
        }
        g.setColor(Color.DARK_GRAY);
        g.drawRect(f.x, f.y, f.width, f.height);
    }

    private Path2D path(Curve curve, Frame f) {
        Path2D path = new Path2D.Double();
        boolean started = false;
        for (int i = 0; i < curve.size(); i++) {
            if (!shows(curve.y(i))) {
                continue;
            }
            double column = f.column(curve.x(i));
            double row = f.row(scaled(curve.y(i)));
            if (started) {
                path.lineTo(column, row);
            } else {
                path.moveTo(column, row);
                started = true;
            }
        }
        return path;
    }

    /** Where the axes are, and what they span. */
    private static final class Frame {

        private final int x;
        private final int y;
        private final int width;
        private final int height;
        private final double[] bounds;

        Frame(int x, int y, int width, int height, double[] bounds) {
            this.x = x;
            this.y = y;
            this.width = width;
            this.height = height;
            this.bounds = bounds;
        }

        double column(double v) {
            return x + (v - bounds[0]) / (bounds[1] - bounds[0]) * width;
        }

        double row(double v) {
            return y + height - (v - bounds[2]) / (bounds[3] - bounds[2]) * height;
        }
    }
}
