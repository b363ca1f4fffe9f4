package io.github.dl4jqat.zoo;

import io.github.dl4jqat.integer.IntegerModel;
import io.github.dl4jqat.integer.TensorType;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * What somebody who did not train a model needs to know about it.
 *
 * <pre>{@code
 * ModelCard card = ModelCard.of(integer.model())          // shapes and bits from the model itself
 *         .task("image-classification")
 *         .scaling(1 / 255.0, 0, "gray pixels, 0 black to 255 white")
 *         .labels("0", "1", "2", "3", "4", "5", "6", "7", "8", "9")
 *         .accuracy(0.9944, "MNIST test", 10_000, LocalDate.of(2026, 11, 21))
 *         .licence("Apache-2.0")
 *         .build();
 * }</pre>
 *
 * <p>Immutable and thread-safe; compares by value.
 *
 * @param task what the model does, such as {@code image-classification}
 * @param description in a sentence or a few, may be empty
 * @param inputs what the model takes, in the order of its inputs
 * @param labels what the elements of the output stand for, in their order; empty if that is no
 *     question
 * @param weightBits bits of most weights
 * @param activationBits bits of most integers between the layers
 * @param accuracy measured how well, or null
 * @param licence an SPDX expression such as {@code Apache-2.0}
 * @param engines names of the engines that the model was run on, such as {@code java}
 * @param exporters names of the formats that it was exported to, such as {@code onnx}
 * @param reproduce the command or the source that gives this model, may be empty
 */
public record ModelCard(
        String task,
        String description,
        List<Input> inputs,
        List<String> labels,
        int weightBits,
        int activationBits,
        Accuracy accuracy,
        String licence,
        List<String> engines,
        List<String> exporters,
        String reproduce) {

    private static final int MOST_BITS = 16;

    /** Checks and copies. */
    public ModelCard {
        CardChecks.word("task", task);
        CardChecks.text("description", description);
        inputs = CardChecks.list("inputs", inputs);
        if (inputs.isEmpty()) {
            throw new IllegalArgumentException("inputs: none; a model takes one at least");
        }
        labels = CardChecks.texts("labels", labels);
        bits("weightBits", weightBits);
        bits("activationBits", activationBits);
        CardChecks.word("licence", licence);
        engines = CardChecks.words("engines", engines);
        exporters = CardChecks.words("exporters", exporters);
        CardChecks.text("reproduce", reproduce);
    }

    private static void bits(String field, int bits) {
        if (bits < 1 || bits > MOST_BITS) {
            throw new IllegalArgumentException(
                    field + ": " + bits + ", expected 1 to " + MOST_BITS);
        }
    }

    /**
     * One input of a model, and how raw data become it: {@code x = raw * scale + offset}.
     *
     * @param shape for one example, without the batch; images {@code [channels, height, width]}
     * @param scale what each raw number is multiplied with
     * @param offset what is then added
     * @param preprocessing what the raw numbers are, in words, and whatever has to be done besides
     */
    public record Input(List<Integer> shape, double scale, double offset, String preprocessing) {

        /** Checks and copies. */
        public Input {
            // the shape of a tensor, with all its limits
            shape = new TensorType("input", shape, null).shape();
            if (!Double.isFinite(scale) || scale == 0 || !Double.isFinite(offset)) {
                throw new IllegalArgumentException(
                        "scale "
                                + scale
                                + " and offset "
                                + offset
                                + ": expected finite numbers, a"
                                + " scale that is not 0");
            }
            CardChecks.text("preprocessing", preprocessing);
        }
    }

    /**
     * How well a model did, on what and when.
     *
     * @param value the fraction of examples that it got right
     * @param dataSet which examples, such as {@code MNIST test}
     * @param examples how many there were
     * @param date when it was measured
     */
    public record Accuracy(double value, String dataSet, int examples, LocalDate date) {

        /** Checks every part. */
        public Accuracy {
            if (!(value >= 0 && value <= 1)) {
                throw new IllegalArgumentException(
                        "accuracy " + value + ": expected a fraction from 0 to 1");
            }
            CardChecks.word("dataSet", dataSet);
            if (examples < 1) {
                throw new IllegalArgumentException(
                        "accuracy on " + examples + " examples: expected 1 at least");
            }
            if (date == null || date.getYear() < 1 || date.getYear() > 9999) {
                throw new IllegalArgumentException("accuracy: date " + date + ", expected a day");
            }
        }
    }

    /** How well it did, if it was measured. */
    public Optional<Accuracy> measured() {
        return Optional.ofNullable(accuracy);
    }

    /**
     * What is wrong with this card for that model: shapes of inputs, number of labels.
     *
     * @return sentences; none if they go together
     */
    public List<String> contradictions(IntegerModel model) {
        List<String> found = new ArrayList<>();
        List<List<Integer>> shapes = inputs.stream().map(Input::shape).toList();
        List<List<Integer>> taken = model.inputs().stream().map(TensorType::shape).toList();
        if (!shapes.equals(taken)) {
            found.add("the card says inputs " + shapes + ", the model takes " + taken);
        }
        if (!labels.isEmpty()) {
            int channels = model.outputs().get(0).size(0);
            if (channels != labels.size()) {
                found.add(
                        "the card has "
                                + labels.size()
                                + " labels, the model's first output tells "
                                + channels
                                + " things apart");
            }
        }
        return found;
    }

    /** An empty builder. */
    public static Builder builder() {
        return new Builder();
    }

    /** A builder with what can be read off a model: shapes of its inputs, bits. */
    public static Builder of(IntegerModel model) {
        return CardFacts.of(model);
    }

    /** A builder with everything that is in this card. */
    public Builder toBuilder() {
        Builder builder = new Builder();
        builder.task = task;
        builder.description = description;
        builder.inputs.addAll(inputs);
        builder.labels = labels;
        builder.weightBits = weightBits;
        builder.activationBits = activationBits;
        builder.accuracy = accuracy;
        builder.licence = licence;
        builder.engines = engines;
        builder.exporters = exporters;
        builder.reproduce = reproduce;
        return builder;
    }

    /** Collects the parts of a card. Task, inputs, bits and licence must be given. */
    public static final class Builder {

        private String task;
        private String description = "";
        private final List<Input> inputs = new ArrayList<>();
        private List<String> labels = List.of();
        private int weightBits;
        private int activationBits;
        private Accuracy accuracy;
        private String licence;
        private List<String> engines = List.of("java");
        private List<String> exporters = List.of();
        private String reproduce = "";

        private Builder() {}

        /** What the model does. */
        public Builder task(String name) {
            task = name;
            return this;
        }

        /** What there is to say about it. */
        public Builder description(String text) {
            description = text;
            return this;
        }

        /** Adds an input. */
        public Builder input(Input input) {
            inputs.add(input);
            return this;
        }

        /**
         * Says of every input so far how raw data become it.
         *
         * @see Input
         */
        public Builder scaling(double scale, double offset, String preprocessing) {
            inputs.replaceAll(in -> new Input(in.shape(), scale, offset, preprocessing));
            return this;
        }

        /** What the elements of the output stand for. */
        public Builder labels(String... names) {
            return labels(Arrays.asList(names));
        }

        /** What the elements of the output stand for. */
        public Builder labels(List<String> names) {
            labels = names;
            return this;
        }

        /** Bits of most weights and of most integers between the layers. */
        public Builder bits(int weights, int activations) {
            weightBits = weights;
            activationBits = activations;
            return this;
        }

        /** How well it did. */
        public Builder accuracy(double value, String dataSet, int examples, LocalDate date) {
            accuracy = new Accuracy(value, dataSet, examples, date);
            return this;
        }

        /** Under which terms others may use it. */
        public Builder licence(String spdx) {
            licence = spdx;
            return this;
        }

        /** The engines that it was run on. */
        public Builder engines(String... names) {
            engines = Arrays.asList(names);
            return this;
        }

        /** The formats that it was exported to. */
        public Builder exporters(String... names) {
            exporters = Arrays.asList(names);
            return this;
        }

        /** How to get the same model again. */
        public Builder reproduce(String command) {
            reproduce = command;
            return this;
        }

        /**
         * The card.
         *
         * @throws IllegalArgumentException naming the part that is missing or cannot be right
         */
        public ModelCard build() {
            return new ModelCard(
                    task,
                    description,
                    inputs,
                    labels,
                    weightBits,
                    activationBits,
                    accuracy,
                    licence,
                    engines,
                    exporters,
                    reproduce);
        }
    }
}
