package io.github.dl4jqat.examples.cli;

import io.github.dl4jqat.zoo.ModelCard;
import io.github.dl4jqat.zoo.ZooEntry;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** An entry of a zoo for people, and for programs. */
final class ZooText {

    private ZooText() {}

    /** Lines with everything there is to know. */
    static String describe(ZooEntry entry) {
        ModelCard card = entry.card();
        StringBuilder text = new StringBuilder();
        text.append(entry.name()).append(' ').append(entry.version());
        if (!card.description().isEmpty()) {
            text.append(System.lineSeparator()).append(System.lineSeparator());
            text.append("  ").append(card.description());
        }
        text.append(System.lineSeparator());
        line(text, "task", card.task());
        for (ModelCard.Input input : card.inputs()) {
            line(text, "input", input.shape() + scaling(input));
            line(text, "", input.preprocessing());
        }
        line(text, "labels", card.labels().isEmpty() ? "" : String.join(", ", card.labels()));
        line(
                text,
                "bits",
                card.weightBits() + " (weights), " + card.activationBits() + " (values)");
        card.measured()
                .ifPresent(
                        a ->
                                line(
                                        text,
                                        "accuracy",
                                        String.format(
                                                Locale.ROOT,
                                                "%.2f %% of %,d examples (%s, %s)",
                                                100 * a.value(),
                                                a.examples(),
                                                a.dataSet(),
                                                a.date())));
        line(text, "licence", card.licence());
        line(text, "runs on", String.join(", ", card.engines()));
        line(text, "exports to", String.join(", ", card.exporters()));
        line(text, "made by", card.reproduce());
        line(text, "file", entry.file());
        line(text, "bytes", String.format(Locale.ROOT, "%,d", entry.bytes()));
        line(text, "SHA-256", entry.sha256());
        return text.toString();
    }

    private static String scaling(ModelCard.Input input) {
        return input.scale() == 1 && input.offset() == 0
                ? ""
                : ", x = raw * "
                        + input.scale()
                        + (input.offset() == 0 ? "" : " + " + input.offset());
    }

    private static void line(StringBuilder text, String what, String value) {
        if (!value.isEmpty()) {
            text.append(System.lineSeparator())
                    .append(String.format(Locale.ROOT, "  %-12s%s", what, value));
        }
    }

    /** The entries of a JSON object, with the names that a manifest has. */
    static Map<String, Object> entries(ZooEntry entry) {
        Map<String, Object> entries = new LinkedHashMap<>();
        entries.put("name", entry.name());
        entries.put("version", entry.version());
        entries.put("file", entry.file());
        entries.put("bytes", entry.bytes());
        entries.put("sha256", entry.sha256());
        entries.put("card", entries(entry.card()));
        return entries;
    }

    private static Map<String, Object> entries(ModelCard card) {
        Map<String, Object> entries = new LinkedHashMap<>();
        entries.put("task", card.task());
        entries.put("description", card.description());
        List<Map<String, Object>> inputs = card.inputs().stream().map(ZooText::entries).toList();
        entries.put("inputs", inputs);
        entries.put("labels", card.labels());
        entries.put("weightBits", card.weightBits());
        entries.put("activationBits", card.activationBits());
        card.measured()
                .ifPresent(
                        a -> {
                            Map<String, Object> accuracy = new LinkedHashMap<>();
                            accuracy.put("value", a.value());
                            accuracy.put("dataSet", a.dataSet());
                            accuracy.put("examples", a.examples());
                            accuracy.put("date", a.date().toString());
                            entries.put("accuracy", accuracy);
                        });
        entries.put("licence", card.licence());
        entries.put("engines", card.engines());
        entries.put("exporters", card.exporters());
        entries.put("reproduce", card.reproduce());
        return entries;
    }

    private static Map<String, Object> entries(ModelCard.Input input) {
        Map<String, Object> entries = new LinkedHashMap<>();
        entries.put("shape", input.shape());
        entries.put("scale", input.scale());
        entries.put("offset", input.offset());
        entries.put("preprocessing", input.preprocessing());
        return entries;
    }
}
