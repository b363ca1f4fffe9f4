package io.github.dl4jqat.examples.zoo;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.nd4j.shade.jackson.core.JsonProcessingException;
import org.nd4j.shade.jackson.databind.JsonNode;
import org.nd4j.shade.jackson.databind.ObjectMapper;
import org.nd4j.shade.jackson.databind.node.ObjectNode;

/**
 * What is known of one model, as it will be written: entries that are not known are null. Not
 * thread-safe.
 */
public final class ZooRow {

    /** Every entry, in the order of the file. */
    private static final List<String> KEYS =
            List.of(
                    "model",
                    "completed",
                    "note",
                    "requantization",
                    "error",
                    "quantizedLayers",
                    "passedThrough",
                    "floatLayers",
                    "floatReasons",
                    "labelAgreement",
                    "maxLsb",
                    "layerLsb",
                    "javaVsOrtMaxLsb",
                    "javaOnlyBecause",
                    "engine",
                    "maxOutputDifference",
                    "reloadedEqual",
                    "seconds",
                    "phases",
                    "floatStepSeconds",
                    "stepSeconds",
                    "stepTimeRatio",
                    "floatPeakBytes",
                    "peakBytes",
                    "memoryRatio",
                    "processPeakBytes",
                    "input",
                    "parameters",
                    "weightBytes");

    private static final ObjectMapper MAPPER = new ObjectMapper();

    private final ObjectNode entries;

    /** A model of which nothing is known yet. */
    ZooRow(String model) {
        entries = MAPPER.createObjectNode();
        KEYS.forEach(entries::putNull);
        put("model", model);
        put("completed", false);
        put("seconds", 0.0);
        put("phases", Map.of());
        put("floatLayers", List.of());
        put("floatReasons", Map.of());
    }

    private ZooRow(ObjectNode entries) {
        this.entries = entries;
    }

    /** Reads what {@link #write} has written. */
    static ZooRow read(Path file) throws IOException {
        return new ZooRow((ObjectNode) MAPPER.readTree(Files.readString(file)));
    }

    /**
     * Reads an array of rows, as a run over several models leaves it.
     *
     * @throws IllegalArgumentException if the file holds something else
     */
    public static List<ZooRow> readAll(Path file) throws IOException {
        List<ZooRow> rows = new ArrayList<>();
        JsonNode all;
        try {
            all = MAPPER.readTree(Files.readString(file));
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("expected JSON: " + e.getOriginalMessage(), e);
        }
        if (!all.isArray()) {
            throw new IllegalArgumentException("expected an array, one object for each model");
        }
        for (JsonNode each : all) {
            JsonNode model = each.path("model");
            if (!model.isTextual()) {
                throw new IllegalArgumentException(
                        "expected an object with a 'model' for each model, got " + each);
            }
            // Whoever wrote it may not have known every entry.
            ZooRow row = new ZooRow(model.asText());
            row.entries.setAll((ObjectNode) each);
            rows.add(row);
        }
        return rows;
    }

    /** Writes all entries, so that a reader sees the old ones or the new ones. */
    void write(Path file) throws IOException {
        Path draft = file.resolveSibling(file.getFileName() + ".part");
        Files.writeString(draft, MAPPER.writeValueAsString(entries));
        Files.move(
                draft, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
    }

    void put(String key, Object value) {
        if (!KEYS.contains(key)) {
            throw new IllegalArgumentException("no entry '" + key + "'; there are " + KEYS);
        }
        entries.set(key, MAPPER.valueToTree(value));
    }

    /** Says what went wrong, unless something is said already. */
    void fail(String error) {
        put("completed", false);
        if (text("error") == null) {
            put("error", error);
        }
    }

    /** How long a part of the work took. */
    void addSeconds(String phase, double seconds) {
        ObjectNode phases = (ObjectNode) entries.get("phases");
        phases.put(phase, seconds);
        double all = 0;
        for (JsonNode each : phases) {
            all += each.asDouble();
        }
        put("seconds", all);
    }

    /** Whether the model went all the way. */
    public boolean completed() {
        return entries.path("completed").asBoolean();
    }

    /** A text, or null. */
    public String text(String key) {
        JsonNode value = entries.path(key);
        return value.isTextual() ? value.asText() : null;
    }

    /** A number, or null. */
    public Double number(String key) {
        JsonNode value = entries.path(key);
        return value.isNumber() ? (Double) value.asDouble() : null;
    }

    /** The seconds of a part of the work, or null if it was not reached. */
    public Double phase(String phase) {
        JsonNode value = entries.path("phases").path(phase);
        return value.isNumber() ? (Double) value.asDouble() : null;
    }

    /** The layers that stay float, by the reason. */
    public Map<String, List<String>> floatReasons() {
        Map<String, List<String>> byReason = new LinkedHashMap<>();
        entries.path("floatReasons")
                .fields()
                .forEachRemaining(
                        e ->
                                byReason.computeIfAbsent(
                                                e.getValue().asText(), k -> new ArrayList<>())
                                        .add(e.getKey()));
        return byReason;
    }

    /** All entries, for JSON. */
    public Map<String, Object> entries() {
        Map<String, Object> map = new LinkedHashMap<>();
        entries.fields().forEachRemaining(e -> map.put(e.getKey(), e.getValue()));
        return Collections.unmodifiableMap(map);
    }

    @Override
    public String toString() {
        return entries.toString();
    }
}
