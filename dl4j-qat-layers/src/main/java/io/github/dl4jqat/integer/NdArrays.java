package io.github.dl4jqat.integer;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.nd4j.evaluation.classification.Evaluation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.DataSet;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.factory.Nd4j;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The only class of this package that loads ND4J's arrays. */
final class NdArrays {

    private static final Logger LOG = LoggerFactory.getLogger(IntegerNetwork.class);

    private NdArrays() {}

    static INDArray[] output(IntegerEngine engine, INDArray[] arrays) {
        List<TensorType> inputs = engine.model().inputs();
        if (arrays.length != inputs.size()) {
            throw new IllegalArgumentException(
                    "IntegerNetwork: got "
                            + arrays.length
                            + " arrays, expected one for each input of "
                            + inputs);
        }
        int batch = batch(arrays[0], inputs.get(0));
        Map<String, TensorData> feeds = new LinkedHashMap<>();
        for (int i = 0; i < arrays.length; i++) {
            if (batch(arrays[i], inputs.get(i)) != batch) {
                throw new IllegalArgumentException(
                        "IntegerNetwork: input "
                                + inputs.get(i)
                                + " got "
                                + arrays[i].size(0)
                                + " examples, the first input "
                                + batch);
            }
            feeds.put(inputs.get(i).name(), elements(arrays[i]));
        }
        List<TensorType> outputs = engine.model().outputs();
        List<String> wanted = new ArrayList<>();
        outputs.forEach(t -> wanted.add(t.name()));
        Map<String, TensorData> results = engine.run(feeds, wanted, batch);
        INDArray[] made = new INDArray[outputs.size()];
        for (int i = 0; i < made.length; i++) {
            float[] y = results.get(outputs.get(i).name()).floats();
            made[i] = Nd4j.createFromArray(y).reshape('c', shape(batch, outputs.get(i)));
        }
        return made;
    }

    private static int batch(INDArray array, TensorType type) {
        long[] got = array.shape();
        if (got.length > 0 && got[0] >= 1 && got[0] <= Integer.MAX_VALUE) {
            // Flat rows and images are the same numbers in the same order, as they are for
            // Deeplearning4j's preprocessors; two images of different shape are not.
            boolean flattened =
                    (got.length == 2 || type.rank() == 1)
                            && array.length() == got[0] * type.elements();
            if (flattened || Arrays.equals(got, shape(got[0], type))) {
                return (int) got[0];
            }
        }
        throw new IllegalArgumentException(
                "IntegerNetwork: input '"
                        + type.name()
                        + "' got an array of shape "
                        + Arrays.toString(got)
                        + ", expected [examples"
                        + type.shape().stream().map(n -> ", " + n).reduce("", String::concat)
                        + "] with at least one example");
    }

    private static long[] shape(long batch, TensorType type) {
        long[] shape = new long[type.rank() + 1];
        shape[0] = batch;
        for (int axis = 0; axis < type.rank(); axis++) {
            shape[axis + 1] = type.size(axis);
        }
        return shape;
    }

    private static TensorData elements(INDArray array) {
        if (array.dataType() == DataType.DOUBLE) {
            return TensorData.of(array.dup('c').data().asDouble());
        }
        INDArray floats = array.dataType() == DataType.FLOAT ? array : array.castTo(DataType.FLOAT);
        return TensorData.of(floats.dup('c').data().asFloat());
    }

    static Evaluation evaluate(IntegerEngine engine, DataSetIterator iterator) {
        int outputs = engine.model().outputs().size();
        if (outputs != 1) {
            throw new UnsupportedOperationException(
                    "IntegerNetwork.evaluate: needs one output, the network has " + outputs);
        }
        if (iterator.resetSupported()) {
            iterator.reset();
        }
        Evaluation evaluation = new Evaluation();
        boolean masked = false;
        while (iterator.hasNext()) {
            DataSet batch = iterator.next();
            if (!masked && batch.getFeaturesMaskArray() != null) {
                masked = true;
                LOG.warn(
                        "IntegerNetwork.evaluate: the features have a mask, which an integer"
                                + " network does not know: it computes padding like data. Outputs"
                                + " that depend on padded steps differ from the network's own");
            }
            INDArray y = output(engine, new INDArray[] {batch.getFeatures()})[0];
            evaluation.eval(batch.getLabels(), y, batch.getLabelsMaskArray());
        }
        return evaluation;
    }
}
