package io.github.dl4jqat.ops;

import java.util.Arrays;
import java.util.List;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The gradient of {@link FakeQuantize}, an op of its own because SameDiff's gradient graph is saved
 * and copied like any other. Inputs: {@code x, scale, zeroPoint, dy}; outputs: {@code dx, dscale,
 * dzeroPoint}, each like its input. SameDiff adds it; nobody else needs to.
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
        return 4;
    }

    @Override
    public int getNumOutputs() {
        return 3;
    }

    @Override
    String arrayMethod() {
        return "TensorKernels.backward";
    }

    @Override
    public List<DataType> calculateOutputDataTypes(List<DataType> inputs) {
        return inputs.subList(0, 3);
    }

    @Override
    void check(INDArray[] in) {
        QuantizeArguments.of(this).check(in);
    }

    @Override
    void compute(INDArray[] in, INDArray[] out) {
        QuantizeArguments arguments = QuantizeArguments.of(this);
        TensorKernels.backward(
                in[0],
                in[3],
                out[0],
                arguments.params(in),
                arguments.axisFor(in[0].rank()),
                arguments.rule().kernel());
        out[1].assign(0);
        out[2].assign(0);
    }

    @Override
    public List<SDVariable> doDiff(List<SDVariable> gradients) {
        throw new UnsupportedOperationException(
                OP_NAME
                        + ": fake quantization has a first derivative only; a second one of a"
                        + " straight-through rule says nothing");
    }
}
