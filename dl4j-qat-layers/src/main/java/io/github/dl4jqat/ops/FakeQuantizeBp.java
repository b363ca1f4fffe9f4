package io.github.dl4jqat.ops;

import java.util.Arrays;
import java.util.List;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The gradient of {@link FakeQuantize}, an op of its own because SameDiff's gradient graph is saved
 * and copied like any other. Inputs: those of the forward op and {@code dy}; outputs: the gradient
 * of each of its inputs. SameDiff adds it; nobody else needs to.
 *
 * <p>Stateless; one graph may run on several threads.
 */
public final class FakeQuantizeBp extends JavaOp {

    /** The name in saved graphs. */
    public static final String OP_NAME = "qat_fake_quantize_bp";

    /** For SameDiff. */
    public FakeQuantizeBp() {}

    private FakeQuantizeBp(SameDiff sd, SDVariable[] inputs, QuantizeArguments arguments) {
        super(sd, inputs);
        arguments.writeTo(this);
    }

    static List<SDVariable> apply(
            SameDiff sd, SDVariable[] forwardInputs, SDVariable dy, QuantizeArguments arguments) {
        SDVariable[] inputs = Arrays.copyOf(forwardInputs, forwardInputs.length + 1);
        inputs[forwardInputs.length] = dy;
        return Arrays.asList(new FakeQuantizeBp(sd, inputs, arguments).outputVariables());
    }

    @Override
    public String opName() {
        return OP_NAME;
    }

    @Override
    int numInputs() {
        return getNumOutputs() + 1;
    }

    @Override
    public int getNumOutputs() {
        return QuantizeArguments.areIn(this)
                ? QuantizeArguments.of(this).inputs()
                : QuantizeArguments.FIXED_INPUTS;
    }

    @Override
    String arrayMethod() {
        return "EstimatorKernels.backward";
    }

    @Override
    public List<DataType> calculateOutputDataTypes(List<DataType> inputs) {
        return inputs.subList(0, inputs.size() - 1);
    }

    @Override
    void check(INDArray[] in) {
        QuantizeArguments.of(this).check(in);
    }

    @Override
    void compute(INDArray[] in, INDArray[] out) {
        double[][] gradients =
                QuantizeArguments.of(this).pass(in).backward(in[0], in[in.length - 1], out[0]);
        for (int i = 1; i < out.length; i++) {
            int learned = i - QuantizeArguments.FIXED_INPUTS;
            if (learned < 0) {
                out[i].assign(0);
            } else {
                out[i].assign(Nd4j.createFromArray(gradients[learned]).reshape(out[i].shape()));
            }
        }
    }

    @Override
    public List<SDVariable> doDiff(List<SDVariable> gradients) {
        throw new UnsupportedOperationException(
                OP_NAME
                        + ": fake quantization has a first derivative only; a second one of a"
                        + " straight-through rule says nothing");
    }
}
