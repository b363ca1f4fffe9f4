package io.github.dl4jqat.examples.cli;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** A plain-text table: the first column is aligned left, all others right. */
final class Table {

    private static final String GAP = "   ";

    private final List<List<String>> rows = new ArrayList<>();

    Table(String... header) {
        rows.add(List.of(header));
        rows.add(Collections.nCopies(header.length, ""));
    }

    /** Adds a row with one cell per column. */
    Table row(String... cells) {
        if (cells.length != rows.get(0).size()) {
            throw new IllegalArgumentException(
                    "expected " + rows.get(0).size() + " cells, got " + cells.length);
        }
        rows.add(List.of(cells));
        return this;
    }

    @Override
    public String toString() {
        int columns = rows.get(0).size();
        int[] widths = new int[columns];
        for (List<String> row : rows) {
            for (int c = 0; c < columns; c++) {
                widths[c] = Math.max(widths[c], row.get(c).length());
            }
        }
        StringBuilder text = new StringBuilder();
        for (int r = 0; r < rows.size(); r++) {
            StringBuilder line = new StringBuilder("  ");
            for (int c = 0; c < columns; c++) {
                String cell = r == 1 ? "-".repeat(widths[c]) : rows.get(r).get(c);
                String pad = " ".repeat(widths[c] - cell.length());
                line.append(c == 0 ? cell + pad : GAP + pad + cell);
            }
            text.append(line.toString().stripTrailing());
            text.append(r + 1 < rows.size() ? System.lineSeparator() : "");
        }
        return text.toString();
    }
}
