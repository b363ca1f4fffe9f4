package io.github.dl4jqat.examples.deploy;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * How an exported model did on its own runtime. The components are the keys of a JSON file.
 *
 * @param format onnx, tflite or c
 * @param runtime what ran it
 * @param accuracy fraction of the pictures that are right
 * @param labelAgreement fraction of the pictures to which the Java engine gives the same label
 * @param maxLsb largest difference to the Java engine in an integer before the softmax
 * @param bytes size of the file
 * @param javaAccuracy what the Java engine gets right
 */
public record DeployedModel(
        String format,
        String runtime,
        double accuracy,
        double labelAgreement,
        int maxLsb,
        long bytes,
        double javaAccuracy) {

    /** The entries of a JSON object, in their order. */
    public Map<String, Object> entries() {
        Map<String, Object> entries = new LinkedHashMap<>();
        entries.put("format", format);
        entries.put("runtime", runtime);
        entries.put("accuracy", accuracy);
        entries.put("labelAgreement", labelAgreement);
        entries.put("maxLsb", maxLsb);
        entries.put("bytes", bytes);
        entries.put("javaAccuracy", javaAccuracy);
        return entries;
    }
}
