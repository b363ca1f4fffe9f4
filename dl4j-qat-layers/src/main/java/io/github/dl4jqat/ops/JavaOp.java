package io.github.dl4jqat.ops;

import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.CustomOpDescriptor;
import org.nd4j.linalg.api.ops.DynamicCustomOp;
import org.nd4j.linalg.api.ops.OpContext;
import org.nd4j.linalg.api.shape.LongShapeDescriptor;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A SameDiff op that is computed in Java, without a native function of its own.
 *
 * <p>A SameDiff session runs an op in these steps, on one thread: it puts the inputs into a context
 * and asks {@link #calculateOutputShape(OpContext)} for the shapes of the outputs; it allocates the
 * outputs and puts them into the context; the executioner asks for {@link #opHash()} and runs the
 * native function of that number on the context. This class remembers the context in the first
 * step, computes from its inputs to its outputs when it is asked for the hash, and answers with the
 * hash of {@code noop}, which touches nothing. No array is copied, and because nothing but that
 * context is remembered, for that thread, an op may run in any number of sessions at a time.
 *
 * <p>A session empties the context after the last step. So an op that is executed without a session
 * finds no context and refuses, as it refuses arrays of its own: neither can give a wrong result.
 */
abstract class JavaOp extends DynamicCustomOp {

    private static final String NATIVE_FUNCTION = "noop";

    /** What a thread is about to execute; weak, so that a thread keeps no graph alive. */
    private record Prepared(WeakReference<JavaOp> op, WeakReference<OpContext> context) {}

    private static final ThreadLocal<Prepared> PREPARED = new ThreadLocal<>();

    /** For SameDiff, which adds the arguments afterwards. */
    JavaOp() {}

    JavaOp(SameDiff sameDiff, SDVariable... inputs) {
        super(null, sameDiff, inputs);
    }

    /** How many inputs the op has; its outputs have the shapes of the first of them, in order. */
    abstract int numInputs();

    /** Throws an {@code IllegalArgumentException} where the inputs cannot be computed on. */
    abstract void check(INDArray[] inputs);

    /** From inputs that {@link #check} accepted to outputs of their shapes; never in place. */
    abstract void compute(INDArray[] inputs, INDArray[] outputs);

    /** What to use instead of this op on arrays. */
    abstract String arrayMethod();

    @Override
    public abstract String opName();

    @Override
    public abstract int getNumOutputs();

    @Override
    public final List<LongShapeDescriptor> calculateOutputShape(OpContext context) {
        List<LongShapeDescriptor> shapes = new ArrayList<>();
        if (context == null || context.numInputArguments() == 0) {
            // Nothing is known yet, which the inherited version says the same way.
            return shapes;
        }
        INDArray[] inputs = context.getInputArrays().toArray(new INDArray[0]);
        if (inputs.length != numInputs()) {
            throw new IllegalStateException(
                    describe() + ": expected " + numInputs() + " inputs, got " + inputs.length);
        }
        try {
            check(inputs);
        } catch (IllegalArgumentException | IllegalStateException e) {
            throw new IllegalStateException(describe() + ": " + e.getMessage(), e);
        }
        for (int i = 0; i < getNumOutputs(); i++) {
            shapes.add(inputs[i].shapeDescriptor());
        }
        PREPARED.set(new Prepared(new WeakReference<>(this), new WeakReference<>(context)));
        return shapes;
    }

    /** Computes; a profiler that asks more than once gets the same result again. */
    @Override
    @SuppressWarnings("ReferenceEquality") // another op with equal settings is another op
    public final long opHash() {
        Prepared prepared = PREPARED.get();
        OpContext context =
                prepared == null || prepared.op().get() != this ? null : prepared.context().get();
        if (context == null
                || context.numInputArguments() != numInputs()
                || context.numOutputArguments() != getNumOutputs()) {
            throw needsGraph();
        }
        compute(
                context.getInputArrays().toArray(new INDArray[0]),
                context.getOutputArrays().toArray(new INDArray[0]));
        return nativeHash();
    }

    @Override
    public final int opNum() {
        return (int) nativeHash();
    }

    @Override
    public final CustomOpDescriptor getDescriptor() {
        return CustomOpDescriptor.builder()
                .hash(nativeHash())
                .numInputs(numInputs())
                .numOutputs(getNumOutputs())
                .allowsInplace(false)
                .numTArgs(0)
                .numIArgs(0)
                .build();
    }

    private static long nativeHash() {
        return Nd4j.getExecutioner().getCustomOperations().get(NATIVE_FUNCTION).getHash();
    }

    private String describe() {
        return "Op \"" + getOwnName() + "\" (" + opName() + ")";
    }

    @Override
    public final void addInputArgument(INDArray... arrays) {
        refuse(arrays);
    }

    @Override
    public final void setInputArgument(int index, INDArray array) {
        refuse(array);
    }

    @Override
    public final void setInputArguments(INDArray... arrays) {
        refuse(arrays);
    }

    /** Null is how a layer takes arrays back that it never set. */
    private void refuse(INDArray... arrays) {
        if (arrays != null && Arrays.stream(arrays).anyMatch(Objects::nonNull)) {
            throw needsGraph();
        }
    }

    private UnsupportedOperationException needsGraph() {
        return new UnsupportedOperationException(
                opName()
                        + " is an op of SameDiff graphs and runs in their output, fit and"
                        + " calculateGradients, not in Nd4j.exec or in SameDiff's eager mode; for"
                        + " arrays call "
                        + arrayMethod());
    }

    // The inherited versions of the next three look for the op in ND4J's own list of ops and fail.

    @Override
    public final Map<String, Object> propertiesForFunction() {
        return new LinkedHashMap<>();
    }

    @Override
    public final void setPropertiesForFunction(Map<String, Object> properties) {
        // Everything is in the arguments.
    }

    @Override
    public final void configureFromArguments() {
        // The arguments are read when the op runs.
    }
}
