package io.github.dl4jqat.zoo;

/** Shows a stranger's text in a message: short, and without what would confuse a terminal. */
final class Quote {

    private static final int LONGEST = 80;

    private Quote() {}

    static String of(String text) {
        if (text == null) {
            return "(none)";
        }
        StringBuilder shown = new StringBuilder("'");
        text.codePoints()
                .limit(LONGEST)
                .forEach(c -> shown.appendCodePoint(Character.isISOControl(c) ? '?' : c));
        return shown.append(text.codePointCount(0, text.length()) > LONGEST ? "...'" : "'")
                .toString();
    }
}
