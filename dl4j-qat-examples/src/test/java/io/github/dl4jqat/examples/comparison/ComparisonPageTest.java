package io.github.dl4jqat.examples.comparison;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.github.dl4jqat.examples.data.DigitData;
import io.github.dl4jqat.examples.data.DrawnDigits;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

class ComparisonPageTest {

    private static final List<ComparisonRow> ROWS =
            List.of(
                    row("float", 32, 0.99, 0.992),
                    row("ptq", 2, 0.5, 0.7),
                    row("ptq", 1, 0.1, 0.1),
                    row("a<b", 2, 0.98, 0.986),
                    row("xnor", 1, 1, 1));

    private static ComparisonRow row(String estimator, int bits, double... accuracies) {
        return new ComparisonRow(
                estimator,
                bits,
                "w " + estimator,
                "a & b",
                Arrays.stream(accuracies).boxed().toList());
    }

    private static String page() {
        DrawnDigits drawn = new DrawnDigits(1, 20, 10);
        DigitData data = new DigitData("a \"folder\" <here>", drawn.train(), drawn.test());
        return ComparisonPage.of(data, Protocol.usual(3, 2), ROWS);
    }

    private static Document parse(String page) throws Exception {
        return DocumentBuilderFactory.newInstance()
                .newDocumentBuilder()
                .parse(new ByteArrayInputStream(page.getBytes(StandardCharsets.UTF_8)));
    }

    /** The elements of a tag and, unless it is empty, a class. */
    private static List<Element> all(Document page, String tag, String style) {
        NodeList found = page.getElementsByTagName(tag);
        List<Element> elements = new ArrayList<>();
        for (int i = 0; i < found.getLength(); i++) {
            Element e = (Element) found.item(i);
            if (style.isEmpty() || e.getAttribute("class").equals(style)) {
                elements.add(e);
            }
        }
        return elements;
    }

    private static double number(Element e, String attribute) {
        return Double.parseDouble(e.getAttribute(attribute));
    }

    @Test
    void row_meanAndSpread() {
        ComparisonRow row = row("lsq", 4, 0.5, 0.7, 0.9);
        assertThat(row.accuracy()).isCloseTo(0.7, within(1e-12));
        assertThat(row.spread()).isCloseTo(0.4, within(1e-12));
        assertThat(row.entries())
                .containsEntry("seeds", 3)
                .containsEntry("bits", 4)
                .containsEntry("estimator", "lsq");
        assertThat(row("lsq", 4, 0.5).spread()).isZero();
        assertThatThrownBy(() -> row("lsq", 4))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("no accuracies of lsq at 4 bits");
    }

    @Test
    void page_isWellFormed_withTitlesAndHeaders() throws Exception {
        Document page = parse(page());
        assertThat(page.getDocumentElement().getAttribute("lang")).isEqualTo("en");
        List<String> titles =
                all(page, "title", "").stream()
                        .map(t -> t.getAttribute("id"))
                        .filter(id -> !id.isEmpty())
                        .toList();
        assertThat(all(page, "svg", ""))
                .hasSize(2)
                .allSatisfy(
                        svg -> {
                            assertThat(svg.getAttribute("role")).isEqualTo("img");
                            String described = svg.getAttribute("aria-labelledby");
                            assertThat(titles).anyMatch(id -> described.startsWith(id + " "));
                        });
        assertThat(all(page, "th", "")).allMatch(th -> !th.getAttribute("scope").isEmpty());
        assertThat(all(page, "caption", "")).hasSize(2);
    }

    @Test
    void page_showsMeansSpreadsAndWhatIsMissing() {
        assertThat(page())
                .contains(
                        "<td><strong>98.30</strong><small>0.60</small></td>",
                        "<td>60.00<small>20.00</small></td>",
                        "<td>&#8211;</td>",
                        "<td><strong>100.00</strong><small>0.00</small></td>",
                        "The float network has 99.10 %, spread 0.20 %.",
                        "a &quot;folder&quot; &lt;here&gt;, 20 to train on, 10 to test on",
                        "then 3 passes over the first 20 training digits",
                        "Seeds: 123, 124.");
    }

    @Test
    void page_needsNothingElse_andFollowsLightAndDark() {
        assertThat(page())
                .contains("prefers-color-scheme: dark")
                .doesNotContain("<script", "http", "src=", "href=", "url(", "@import")
                .isEqualTo(page());
    }

    @Test
    void plot_putsBetterHigher_andNeverOutside() throws Exception {
        Document page = parse(page());
        List<Element> points = all(page, "circle", "own");
        List<Element> calibrated = all(page, "rect", "ptq");
        double good = number(points.get(0), "cy");
        double perfect = number(points.get(1), "cy");
        double poor = number(calibrated.get(0), "y");
        double random = number(calibrated.get(1), "y");
        assertThat(perfect).isLessThan(good).isGreaterThanOrEqualTo(0);
        assertThat(good).isLessThan(poor);
        assertThat(poor).isLessThan(random);
        assertThat(random).isLessThan(200);
        // one bit stands left of two
        assertThat(number(points.get(1), "cx")).isLessThan(number(points.get(0), "cx"));
    }
}
