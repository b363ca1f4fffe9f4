package io.github.dl4jqat.examples.cli;

import io.github.dl4jqat.examples.zoo.ZooModels;
import io.github.dl4jqat.examples.zoo.ZooRow;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The results of {@code qat zoo-coverage} and the file that has them: it is written anew after each
 * model, so that a run that is cut short loses no more than the model it was at.
 */
final class ZooFile {

    private final Path file;
    private final Map<String, ZooRow> rows = new LinkedHashMap<>();

    /**
     * No results yet.
     *
     * @param file for programs, or null
     */
    ZooFile(Path file) {
        this.file = file;
    }

    /**
     * Takes over what the file holds, if there is one.
     *
     * @throws InputException if the file holds something else
     */
    void load() throws IOException, InputException {
        if (!Files.exists(file)) {
            return;
        }
        try {
            ZooRow.readAll(file).forEach(row -> rows.put(row.text("model"), row));
        } catch (IllegalArgumentException e) {
            throw new InputException(
                    file
                            + ": "
                            + e.getMessage()
                            + ". Name a file of 'qat zoo-coverage --json', or leave --append out",
                    e);
        }
    }

    /** A model's result, in place of an older one. */
    void put(ZooRow row) throws IOException {
        rows.put(row.text("model"), row);
        if (file != null) {
            Json.write(file, rows().stream().map(ZooRow::entries).toList());
        }
    }

    /** All results, in the order of the zoo. */
    List<ZooRow> rows() {
        List<String> order = ZooModels.names();
        List<ZooRow> sorted = new ArrayList<>(rows.values());
        sorted.sort(Comparator.comparing(row -> place(order, row)));
        return sorted;
    }

    private static int place(List<String> order, ZooRow row) {
        int place = order.indexOf(row.text("model"));
        return place < 0 ? order.size() : place;
    }
}
