package io.github.dl4jqat.quant;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Specs for tests that hold for all of them. */
public final class QuantParamsTestSpecs {

    private QuantParamsTestSpecs() {}

    /** Every combination with one scale and consecutive integers. */
    public static Stream<QuantSpec> withOneScale() {
        List<QuantSpec> specs = new ArrayList<>();
        for (int bits = QuantSpec.MIN_BITS; bits <= QuantSpec.MAX_BITS; bits++) {
            for (boolean signed : new boolean[] {true, false}) {
                for (boolean narrow : new boolean[] {true, false}) {
                    for (Symmetry symmetry : List.of(Symmetry.SYMMETRIC, Symmetry.AFFINE)) {
                        boolean zero = signed || !narrow || symmetry == Symmetry.AFFINE;
                        boolean levels = bits > 1 || (!signed && !narrow);
                        if (zero && levels) {
                            specs.add(
                                    new QuantSpec(
                                            bits,
                                            signed,
                                            symmetry,
                                            narrow,
                                            Granularity.perTensor()));
                        }
                    }
                }
            }
        }
        return specs.stream();
    }
}
