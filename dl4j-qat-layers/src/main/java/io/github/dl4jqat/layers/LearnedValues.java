package io.github.dl4jqat.layers;

import io.github.dl4jqat.estimator.QuantizerParameter;
import io.github.dl4jqat.estimator.TensorRole;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The learned parameters of one tensor's quantizer, as views of the layer's parameters. All zero
 * stands for "not started yet": each quantizer has a parameter that is never zero once started.
 * Belongs to one running layer; not thread-safe.
 */
final class LearnedValues {

    private final List<QuantizerParameter> parameters = new ArrayList<>();
    private final List<String> keys = new ArrayList<>();
    private final List<INDArray> views = new ArrayList<>();
    private final List<Integer> positions = new ArrayList<>();

    private double[][] start;
    private double[][] gradients;
    private double[][] restore;

    LearnedValues(
            TensorQuantization how, String tensor, TensorRole role, Map<String, INDArray> params) {
        List<QuantizerParameter> all = how.estimator().parameters(how.spec(), role);
        for (int position = 0; position < all.size(); position++) {
            QuantizerParameter parameter = all.get(position);
            if (parameter.learned()) {
                positions.add(position);
                String key = ExtraParameter.learnedKey(tensor, parameter);
                parameters.add(parameter);
                keys.add(key);
                views.add(params.get(key));
            }
        }
    }

    /** One row for each learned parameter; null rows before they have started. */
    double[][] rows() {
        double[][] rows = new double[views.size()][];
        if (start != null) {
            return start.clone();
        }
        if (started()) {
            for (int j = 0; j < rows.length; j++) {
                rows[j] = ChannelValues.read(views.get(j));
            }
        }
        return rows;
    }

    /** Whether there is a value, written or about to be. */
    boolean started() {
        if (start != null) {
            return true;
        }
        for (INDArray view : views) {
            for (double value : ChannelValues.read(view)) {
                if (value != 0) {
                    return true;
                }
            }
        }
        return false;
    }

    boolean isEmpty() {
        return views.isEmpty();
    }

    /**
     * Notes where the parameters start; written by {@link #commit}.
     *
     * @param ofAll the values of all the quantizer's parameters, measured ones too
     */
    void start(double[][] ofAll) {
        start = new double[views.size()][];
        for (int j = 0; j < start.length; j++) {
            start[j] = ofAll[positions.get(j)];
        }
    }

    /** Notes the gradients of a backward pass. */
    void gradients(double[][] ofThisPass) {
        gradients = ofThisPass;
    }

    /** Forgets what a pass has left. */
    void forget() {
        start = null;
        gradients = null;
    }

    /**
     * Writes down the start, and the gradients into their views.
     *
     * @param frozen whether nothing may move: gradients become zero, and what a momentum does
     *     nevertheless is undone by {@link #afterUpdate}
     */
    void commit(Map<String, INDArray> gradientViews, boolean frozen) {
        if (start != null) {
            for (int j = 0; j < views.size(); j++) {
                ChannelValues.overwrite(views.get(j), start[j]);
            }
        }
        for (int j = 0; gradientViews != null && j < views.size(); j++) {
            INDArray view = gradientViews.get(keys.get(j));
            if (gradients == null || frozen || parameters.get(j).learningRate() == 0) {
                view.assign(0);
            } else {
                ChannelValues.overwrite(view, gradients[j]);
            }
        }
        start = null;
        gradients = null;
        restore = frozen ? rows() : null;
    }

    /** Brings the parameters back within their bounds after an update. */
    void afterUpdate() {
        if (views.isEmpty() || !started()) {
            return;
        }
        double[][] rows = restore != null ? restore : rows();
        restore = null;
        for (int j = 0; j < rows.length; j++) {
            for (int c = 0; c < rows[j].length; c++) {
                rows[j][c] = parameters.get(j).project(rows[j][c]);
            }
            ChannelValues.overwrite(views.get(j), rows[j]);
        }
    }
}
