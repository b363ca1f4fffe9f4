package io.github.dl4jqat.integer;

import java.util.List;

/** A model has operations or tensors for which a format has no form; it names all of them. */
public final class UnsupportedOpException extends UnsupportedOperationException {

    private static final long serialVersionUID = 1L;

    private final String[] offenders;

    /**
     * For a model that cannot be written.
     *
     * @param format what it should have become, as in "ONNX"
     * @param offenders one line for each operation or tensor that stands against it, with the
     *     reason
     */
    public UnsupportedOpException(String format, List<String> offenders) {
        super(
                "The model has no "
                        + format
                        + " form, "
                        + offenders.size()
                        + (offenders.size() == 1 ? " reason" : " reasons")
                        + "\n  "
                        + String.join("\n  ", offenders));
        this.offenders = offenders.toArray(new String[0]);
    }

    /** One line for each operation or tensor that has no form; never empty. */
    public List<String> offenders() {
        return List.of(offenders);
    }
}
