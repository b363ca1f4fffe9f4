package io.github.dl4jqat.examples.equivalence;

import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import javax.imageio.ImageIO;

/** The picture of an experiment: three panels side by side. Needs no display, but fonts. */
final class EquivalencePlot {

    private static final int PANEL = 460;
    private static final int HEIGHT = 420;

    private EquivalencePlot() {}

    static void write(Path file, Settings settings, EquivalenceCurves curves) throws IOException {
        LinePlot[] panels = {
            panel("Weight alignment error by step", true, curves.alignmentErrors(), settings),
            panel("Quantized weight agreement by step", false, curves.weightAgreements(), settings),
            panel("Test accuracy by step", false, curves.testAccuracies(), settings)
        };
        BufferedImage image =
                new BufferedImage(panels.length * PANEL, HEIGHT, BufferedImage.TYPE_INT_RGB);
        Graphics2D g = image.createGraphics();
        try {
            g.setColor(Color.WHITE);
            g.fillRect(0, 0, image.getWidth(), image.getHeight());
            for (int i = 0; i < panels.length; i++) {
                panels[i].draw(g, i * PANEL, 0, PANEL, HEIGHT);
            }
        } finally {
            g.dispose();
        }
        ImageIO.write(image, "png", file.toFile());
    }

    private static LinePlot panel(
            String title, boolean logarithmic, Map<Entrant, Curve> curves, Settings settings) {
        LinePlot plot = new LinePlot(title, logarithmic);
        curves.forEach(
                (entrant, curve) ->
                        plot.add(entrant.words(settings.optimizer()), color(entrant), curve));
        return plot;
    }

    private static Color color(Entrant entrant) {
        return switch (entrant) {
            case ESTIMATOR -> new Color(90, 90, 90);
            case STE -> new Color(0, 110, 190);
            case NO_WARP, WARP -> new Color(205, 60, 40);
            case JITTER -> new Color(225, 155, 0);
        };
    }
}
