package io.github.dl4jqat.integer;

/** What several operations on floats check in the same way. */
final class FloatChecks {

    private FloatChecks() {}

    static void floats(String type, String name, TensorType... tensors) {
        for (TensorType t : tensors) {
            if (!t.isFloat()) {
                throw OpChecks.error(
                        type,
                        name,
                        "tensor " + t + " has integers, expected floats; put a Dequantize between");
            }
        }
    }

    static void positive(String type, String name, String what, double value) {
        if (!(value > 0) || Double.isInfinite(value)) {
            throw OpChecks.error(
                    type, name, what + "=" + value + ", expected a finite number above 0");
        }
    }

    static void norm(String type, String name, int p) {
        if (p < 1) {
            throw OpChecks.error(type, name, "p=" + p + ", expected a norm of 1 or more");
        }
    }
}
