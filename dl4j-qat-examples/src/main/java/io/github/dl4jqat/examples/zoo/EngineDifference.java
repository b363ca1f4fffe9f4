package io.github.dl4jqat.examples.zoo;

import io.github.dl4jqat.integer.IntegerNetwork;
import io.github.dl4jqat.integer.JavaEngine;
import io.github.dl4jqat.integer.TensorData;
import io.github.dl4jqat.integer.TensorType;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;

/** How far the results of two engines are apart. */
final class EngineDifference {

    private EngineDifference() {}

    /**
     * The largest difference of the integers that a network's output is made of, in steps. Floats
     * would not do: a softmax that is certain hides what is before it.
     *
     * @throws IllegalStateException if floats differ that are not made of differing integers
     */
    static int inLsb(IntegerNetwork one, IntegerNetwork other, INDArray x) {
        int largest = 0;
        INDArray floats = x;
        if (hasIntegersAtBothEnds(one)) {
            int examples = Math.toIntExact(x.size(0));
            int[] q = quantized(one, x, examples);
            int[] a = one.output(q, examples);
            int[] b = other.output(q, examples);
            for (int i = 0; i < a.length; i++) {
                largest = Math.max(largest, Math.abs(a[i] - b[i]));
            }
            // What the integers stand for is the same for every example.
            floats = x.get(NDArrayIndex.interval(0, 1)).dup();
        }
        if (largest == 0 && !Arrays.equals(one.outputs(floats), other.outputs(floats))) {
            throw new IllegalStateException(
                    one.engine() + " and " + other.engine() + " make other floats of one integer");
        }
        return largest;
    }

    private static boolean hasIntegersAtBothEnds(IntegerNetwork net) {
        try {
            return !net.quantizedInput().isFloat() && !net.quantizedOutput().isFloat();
        } catch (UnsupportedOperationException severalOfThem) {
            return false;
        }
    }

    private static int[] quantized(IntegerNetwork net, INDArray x, int examples) {
        TensorType quantized = net.quantizedInput();
        String input = net.model().inputs().get(0).name();
        try (JavaEngine engine = new JavaEngine(net.model())) {
            return engine.run(
                            Map.of(input, TensorData.of(x.dup('c').data().asFloat())),
                            List.of(quantized.name()),
                            examples)
                    .get(quantized.name())
                    .ints();
        }
    }
}
