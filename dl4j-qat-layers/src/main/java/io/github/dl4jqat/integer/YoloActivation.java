package io.github.dl4jqat.integer;

import java.util.List;

/**
 * What a YOLO detector makes of its last layer. The {@code B * (5 + K)} channels are B boxes one
 * after the other, each with 5 numbers and the scores of K classes, at each place of the image:
 *
 * <pre>
 *   channel 0, 1       centre within the cell     y = sigmoid(x)
 *   channel 2, 3       width and height           y = prior[b] * exp(x)
 *   channel 4          confidence                 y = sigmoid(x)
 *   channel 5 ..       classes                    y = softmax over the K classes of the box
 * </pre>
 *
 * The output has the channels of the input in the same order, as that of Deeplearning4j's {@code
 * Yolo2OutputLayer}.
 *
 * <p>Immutable and thread-safe.
 *
 * @param name layer name
 * @param input floats {@code [B * (5 + K), H, W]}
 * @param output floats of the same shape
 * @param priors width and height of each box in turn, {@code 2 * B} finite numbers
 */
public record YoloActivation(String name, TensorType input, TensorType output, List<Float> priors)
        implements FloatOp {

    /** Numbers of a box before its classes. */
    static final int COORDINATES = 5;

    private static final String TYPE = "YoloActivation";

    /** Checks shapes and parameters. */
    public YoloActivation {
        OpChecks.name(TYPE, name);
        FloatChecks.floats(TYPE, name, input, output);
        OpChecks.image(TYPE, name, input);
        OpChecks.shape(TYPE, name, output, input.shape());
        priors = List.copyOf(priors);
        int boxes = priors.size() / 2;
        if (priors.isEmpty()
                || priors.size() % 2 != 0
                || priors.stream().anyMatch(p -> !Float.isFinite(p))) {
            throw OpChecks.error(
                    TYPE,
                    name,
                    "priors are " + priors + ", expected a finite width and height for each box");
        }
        if (input.size(0) % boxes != 0 || input.size(0) / boxes <= COORDINATES) {
            throw OpChecks.error(
                    TYPE,
                    name,
                    "input "
                            + input
                            + " has "
                            + input.size(0)
                            + " channels, expected 5 and at least one class for each of "
                            + boxes
                            + " boxes");
        }
    }

    /** How many boxes there are at each place. */
    public int boxes() {
        return priors.size() / 2;
    }

    /** How many classes there are. */
    public int classes() {
        return input.size(0) / boxes() - COORDINATES;
    }
}
