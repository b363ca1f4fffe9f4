package io.github.dl4jqat.integer;

import io.github.dl4jqat.quant.Requantization;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Walks a model in order and collects everything that is wrong with it. */
final class ModelCheck {

    private static final int MOST_CHANNELS_NAMED = 3;

    private final Requantization mode;
    private final Map<String, TensorType> tensors = new LinkedHashMap<>();
    private final Map<String, Dequantize> dequantized = new HashMap<>();

    /** Floats that no integer has a part in: inputs, and what float operations make of them. */
    private final Set<String> early = new HashSet<>();

    private final Set<String> floatsRead = new HashSet<>();
    private final List<TensorType> inputs = new ArrayList<>();
    private final Set<String> inputNames = new HashSet<>();
    private final List<String> problems = new ArrayList<>();

    ModelCheck(Requantization mode) {
        this.mode = mode;
    }

    Map<String, TensorType> tensors() {
        return tensors;
    }

    void inputs(List<TensorType> declared) {
        if (declared.isEmpty()) {
            problems.add("the model has no input");
        }
        for (TensorType input : declared) {
            if (!input.isFloat()) {
                problems.add(
                        "input "
                                + input
                                + " is not float; declare the float tensor and add a Quantize");
            }
            inputs.add(input);
            inputNames.add(input.name());
            early.add(input.name());
            define(input, "the model's inputs");
        }
    }

    void op(IntegerOp op) {
        String who = op.type() + " '" + op.name() + "'";
        for (TensorType read : op.inputs()) {
            TensorType written = tensors.get(read.name());
            if (written == null) {
                problems.add(who + " reads tensor '" + read.name() + "' before it is written");
            } else if (!written.equals(read)) {
                problems.add(who + " reads " + read + ", but it was written as " + written);
            }
            if (read.isFloat()) {
                floats(op, read, who);
            }
        }
        define(op.output(), who);
        op.requantization()
                .filter(m -> m != mode)
                .ifPresent(
                        m ->
                                problems.add(
                                        who
                                                + " requantizes in mode "
                                                + m
                                                + ", but the model's mode is "
                                                + mode));
        if (op instanceof Dequantize dequantize) {
            dequantized.put(op.output().name(), dequantize);
        } else if (!op.inputs().get(0).isFloat()) {
            accumulator(op, who);
        }
    }

    /** What may read floats that stand between or before integers. */
    private void floats(IntegerOp op, TensorType read, String who) {
        floatsRead.add(read.name());
        Dequantize from = dequantized.get(read.name());
        if (from != null && op instanceof Quantize) {
            problems.add(
                    who
                            + " reads "
                            + read
                            + ", which comes straight from Dequantize '"
                            + from.name()
                            + "'; a Lookup does the same and stays with integers");
        } else if (from != null && from.softmax()) {
            problems.add(
                    who
                            + " reads "
                            + read
                            + ", but the softmax of Dequantize '"
                            + from.name()
                            + "' is for the end of a network; put a FloatSoftmax behind it");
        }
        if (op instanceof Embedding && !inputNames.contains(read.name())) {
            problems.add(who + " reads " + read + ", which is no input of the model");
        }
        if (op instanceof FloatOp && early.contains(read.name())) {
            early.add(op.output().name());
            if (!op.inputs().stream().allMatch(x -> early.contains(x.name()))) {
                problems.add(
                        who
                                + " reads "
                                + read
                                + ", which has not been quantized, beside floats that integers"
                                + " stand for; put a Quantize and a Dequantize before it");
            }
        }
    }

    private void define(TensorType tensor, String by) {
        if (tensors.putIfAbsent(tensor.name(), tensor) != null) {
            problems.add("tensor '" + tensor.name() + "' is written again by " + by);
        }
    }

    /** An accumulator must hold the worst input: then it holds every input. */
    private void accumulator(IntegerOp op, String who) {
        long step = op.inputs().get(0).largestStep();
        if (op instanceof Combine combine) {
            sum(combine.largestAccumulator(), who);
        } else if (op.constants().isPresent()) {
            weighted(op.constants().get(), step, who);
        } else if (op instanceof AveragePool2d averagePool) {
            sum(averagePool.window().area() * step, who);
        } else if (op instanceof GlobalPool globalPool
                && globalPool.kind() != GlobalPool.Kind.MAX) {
            TensorType image = globalPool.input();
            sum((long) image.size(1) * image.size(2) * step, who);
        }
    }

    private void weighted(Weights weights, long step, String who) {
        int offenders = 0;
        for (int c = 0; c < weights.channels(); c++) {
            long largest = weights.absoluteSum(c) * step + Math.abs((long) weights.bias(c));
            if (largest > Integer.MAX_VALUE && offenders++ < MOST_CHANNELS_NAMED) {
                problems.add(
                        who
                                + ", channel "
                                + c
                                + ": its accumulator can reach "
                                + largest
                                + ", more than int32 holds; use fewer bits for weights or"
                                + " activations, or a smaller bias");
            }
        }
        if (offenders > MOST_CHANNELS_NAMED) {
            problems.add(
                    who
                            + ": the same for "
                            + (offenders - MOST_CHANNELS_NAMED)
                            + " more of its channels");
        }
    }

    private void sum(long largest, String who) {
        if (largest > Integer.MAX_VALUE) {
            problems.add(
                    who
                            + ": its accumulator can reach "
                            + largest
                            + ", more than int32 holds; use fewer bits for what it reads");
        }
    }

    List<TensorType> outputs(List<String> names) {
        if (names.isEmpty()) {
            problems.add("the model has no output");
        }
        List<TensorType> outputs = new ArrayList<>();
        Set<String> seen = new HashSet<>();
        for (String name : names) {
            TensorType tensor = tensors.get(name);
            if (tensor == null || !tensor.isFloat()) {
                problems.add(
                        "output '"
                                + name
                                + "' is not written by a Dequantize or a float operation");
            } else if (early.contains(name)) {
                problems.add("output " + tensor + " is made of the inputs without any integers");
            } else if (!seen.add(name)) {
                problems.add("output '" + name + "' is named twice");
            } else {
                outputs.add(tensor);
            }
        }
        for (TensorType input : inputs) {
            if (!floatsRead.contains(input.name())) {
                problems.add(
                        "input " + input + " is read by no Quantize, Embedding or float operation");
            }
        }
        return outputs;
    }

    void throwProblems() {
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException(
                    "IntegerModel: "
                            + problems.size()
                            + (problems.size() == 1 ? " problem" : " problems")
                            + "\n  "
                            + String.join("\n  ", problems));
        }
    }
}
