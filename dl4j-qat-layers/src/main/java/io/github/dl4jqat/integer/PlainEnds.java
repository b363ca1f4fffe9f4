package io.github.dl4jqat.integer;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The floats at both ends of a model where they are what they nearly always are: each input is
 * quantized and nothing else, each output is a Dequantize of the last integers. Then no plan has to
 * be made for a run.
 *
 * <p>Immutable and thread-safe.
 */
final class PlainEnds {

    private static final long LARGEST_ARRAY = Integer.MAX_VALUE - 8L;

    private final IntegerModel model;
    private final Set<String> inputs;
    private final Map<String, Dequantize> outputs;

    private PlainEnds(IntegerModel model, Map<String, Dequantize> outputs) {
        this.model = model;
        this.inputs =
                model.inputs().stream()
                        .map(TensorType::name)
                        .collect(Collectors.toUnmodifiableSet());
        this.outputs = outputs;
    }

    /** Null for a model with other ends. */
    static PlainEnds of(IntegerModel model, ModelEnds ends) {
        Set<String> inputs =
                model.inputs().stream().map(TensorType::name).collect(Collectors.toSet());
        for (IntegerOp op : ends.begins()) {
            if (!(op instanceof Quantize quantize) || !inputs.contains(quantize.input().name())) {
                return null;
            }
        }
        Map<String, Dequantize> outputs = new LinkedHashMap<>();
        for (TensorType y : model.outputs()) {
            if (!(model.producer(y.name()).orElse(null) instanceof Dequantize dequantize)
                    || !ends.ends().containsKey(dequantize.input().name())) {
                return null;
            }
            outputs.put(y.name(), dequantize);
        }
        return new PlainEnds(model, outputs);
    }

    /**
     * Whether a run is one from all inputs, as floats, to some outputs.
     *
     * @throws IllegalArgumentException if the data do not fit the batch
     */
    boolean serves(Map<String, TensorData> feeds, Collection<String> wanted, int batch) {
        if (batch < 1 || !feeds.keySet().equals(inputs) || !outputs.keySet().containsAll(wanted)) {
            return false;
        }
        for (TensorType x : model.inputs()) {
            TensorData fed = feeds.get(x.name());
            if (fed.isInts() || fed.isDoubles()) {
                return false;
            }
            fed.check(x, batch);
        }
        for (String y : wanted) {
            if ((long) model.tensor(y).elements() * batch > LARGEST_ARRAY) {
                return false;
            }
        }
        return true;
    }

    /** Arrays for the integers that the wanted outputs are made of. */
    Map<String, int[]> ends(Collection<String> wanted, int batch) {
        Map<String, int[]> ends = new LinkedHashMap<>();
        for (String y : wanted) {
            TensorType q = outputs.get(y).input();
            ends.computeIfAbsent(q.name(), name -> new int[q.elements() * batch]);
        }
        return ends;
    }

    /** The wanted outputs of the integers. */
    Map<String, TensorData> outputs(Collection<String> wanted, Map<String, int[]> ends, int batch) {
        Map<String, TensorData> results = new LinkedHashMap<>();
        for (String name : wanted) {
            Dequantize op = outputs.get(name);
            float[] y = new float[op.output().elements() * batch];
            op.apply(ends.get(op.input().name()), 0, y, 0, batch);
            results.put(name, TensorData.of(y));
        }
        return results;
    }
}
