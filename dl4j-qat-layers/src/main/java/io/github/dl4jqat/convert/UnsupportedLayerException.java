package io.github.dl4jqat.convert;

import java.util.List;

/** A network that cannot become an integer model, with all the layers that stand in the way. */
public final class UnsupportedLayerException extends IllegalArgumentException {

    private static final long serialVersionUID = 1L;

    private final List<String> offenders;

    UnsupportedLayerException(List<String> offenders) {
        this(offenders, message(offenders));
    }

    UnsupportedLayerException(List<String> offenders, String message) {
        super(message);
        this.offenders = List.copyOf(offenders);
    }

    private static String message(List<String> offenders) {
        return ("Qat.convert: "
                + offenders.size()
                + (offenders.size() == 1 ? " layer stands" : " layers stand")
                + " in the way of an integer model: "
                + String.join("; ", offenders));
    }

    /** One entry for each offending layer: index, name, class, what is wrong, what to do. */
    public List<String> offenders() {
        return offenders;
    }
}
