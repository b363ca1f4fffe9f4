package io.github.dl4jqat.zoo;

import java.time.DateTimeException;
import java.time.LocalDate;
import java.util.List;
import org.nd4j.shade.jackson.databind.node.ArrayNode;
import org.nd4j.shade.jackson.databind.node.ObjectNode;

/** A card as an object of a manifest, and back. */
final class CardJson {

    private CardJson() {}

    static void write(ModelCard card, ObjectNode json) {
        json.put("task", card.task());
        json.put("description", card.description());
        ArrayNode inputs = json.putArray("inputs");
        for (ModelCard.Input input : card.inputs()) {
            ObjectNode object = inputs.addObject();
            ArrayNode shape = object.putArray("shape");
            input.shape().forEach(shape::add);
            object.put("scale", input.scale());
            object.put("offset", input.offset());
            object.put("preprocessing", input.preprocessing());
        }
        texts(json.putArray("labels"), card.labels());
        json.put("weightBits", card.weightBits());
        json.put("activationBits", card.activationBits());
        card.measured()
                .ifPresent(
                        accuracy -> {
                            ObjectNode object = json.putObject("accuracy");
                            object.put("value", accuracy.value());
                            object.put("dataSet", accuracy.dataSet());
                            object.put("examples", accuracy.examples());
                            object.put("date", accuracy.date().toString());
                        });
        json.put("licence", card.licence());
        texts(json.putArray("engines"), card.engines());
        texts(json.putArray("exporters"), card.exporters());
        json.put("reproduce", card.reproduce());
    }

    private static void texts(ArrayNode array, List<String> texts) {
        texts.forEach(array::add);
    }

    static ModelCard read(JsonFields json) throws ZooException {
        ModelCard.Builder builder =
                ModelCard.builder()
                        .task(json.text("task"))
                        .description(json.text("description"))
                        .labels(json.texts("labels"))
                        .bits(json.integer("weightBits"), json.integer("activationBits"))
                        .licence(json.text("licence"))
                        .engines(json.texts("engines").toArray(String[]::new))
                        .exporters(json.texts("exporters").toArray(String[]::new))
                        .reproduce(json.text("reproduce"));
        for (JsonFields input : json.objects("inputs", ZooLimits.LIST)) {
            builder.input(input(input));
        }
        if (json.has("accuracy")) {
            accuracy(json.object("accuracy"), builder);
        }
        try {
            return builder.build();
        } catch (IllegalArgumentException e) {
            throw json.error(e);
        }
    }

    private static ModelCard.Input input(JsonFields json) throws ZooException {
        List<Integer> shape = json.integers("shape");
        double scale = json.number("scale");
        double offset = json.number("offset");
        String preprocessing = json.text("preprocessing");
        try {
            return new ModelCard.Input(shape, scale, offset, preprocessing);
        } catch (IllegalArgumentException e) {
            throw json.error(e);
        }
    }

    private static void accuracy(JsonFields json, ModelCard.Builder builder) throws ZooException {
        double value = json.number("value");
        String dataSet = json.text("dataSet");
        int examples = json.integer("examples");
        String date = json.text("date");
        try {
            builder.accuracy(value, dataSet, examples, LocalDate.parse(date));
        } catch (DateTimeException e) {
            throw json.error("date " + Quote.of(date) + ", expected a day such as 2026-11-21");
        } catch (IllegalArgumentException e) {
            throw json.error(e);
        }
    }
}
