package io.github.dl4jqat.examples.cli;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What a quickstart found out. The components are the keys of its JSON file; accuracies and
 * agreement are fractions.
 *
 * @param data where the digits come from
 * @param floatAccuracy of the network as Deeplearning4j has trained it
 * @param ptqAccuracy of the integer model made from it by calibration alone
 * @param qatAccuracy of the network after training with quantization, still in Deeplearning4j
 * @param integerAccuracy of the integer model made from that one and read back from its file
 * @param labelAgreement how many labels of test pictures the last two agree on
 * @param maxLsb largest difference between the two in units of the last bit
 * @param floatBytes size of the float coefficients
 * @param integerBytes size of the .qnet file
 * @param engine what ran the integer model
 * @param seconds duration of the whole run
 */
record QuickstartResult(
        String data,
        double floatAccuracy,
        double ptqAccuracy,
        double qatAccuracy,
        double integerAccuracy,
        double labelAgreement,
        int maxLsb,
        long floatBytes,
        long integerBytes,
        String engine,
        double seconds) {

    /** The entries of the JSON file, in their order. */
    Map<String, Object> entries() {
        Map<String, Object> entries = new LinkedHashMap<>();
        entries.put("data", data);
        entries.put("floatAccuracy", floatAccuracy);
        entries.put("ptqAccuracy", ptqAccuracy);
        entries.put("qatAccuracy", qatAccuracy);
        entries.put("integerAccuracy", integerAccuracy);
        entries.put("labelAgreement", labelAgreement);
        entries.put("maxLsb", maxLsb);
        entries.put("floatBytes", floatBytes);
        entries.put("integerBytes", integerBytes);
        entries.put("engine", engine);
        entries.put("seconds", seconds);
        return entries;
    }
}
