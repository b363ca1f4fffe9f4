package io.github.dl4jqat.export.tflite;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.tensorflowlite.BuiltinOpResolver;
import org.bytedeco.tensorflowlite.BuiltinOpResolverWithoutDefaultDelegates;
import org.bytedeco.tensorflowlite.FlatBufferModel;
import org.bytedeco.tensorflowlite.Interpreter;
import org.bytedeco.tensorflowlite.InterpreterBuilder;
import org.bytedeco.tensorflowlite.OpResolver;
import org.bytedeco.tensorflowlite.Subgraph;
import org.bytedeco.tensorflowlite.TfLiteTensor;

/** The real interpreter on a file in memory. */
final class TfLiteRuntime implements AutoCloseable {

    /** Who computes. */
    enum Kernels {
        /** TFLite's reference kernels, which round a product twice, as those of TFLite Micro do. */
        REFERENCE,
        /** TFLite's optimized kernels; those for matrix products round once. */
        BUILT_IN,
        /**
         * XNNPACK, which requantizes with floats, for all it takes; the built-in ones for the rest.
         */
        XNNPACK
    }

    private final Kernels kernels;
    private final BytePointer bytes;
    private final FlatBufferModel model;
    private final OpResolver resolver;
    private final InterpreterBuilder builder;
    private final Interpreter interpreter = new Interpreter((Pointer) null);

    TfLiteRuntime(byte[] file, Kernels kernels) {
        this(file, kernels, 0);
    }

    /** With inputs resized to a number of examples, unless that is 0. */
    TfLiteRuntime(byte[] file, Kernels kernels, int batch) {
        this.kernels = kernels;
        bytes = new BytePointer(file);
        model = FlatBufferModel.VerifyAndBuildFromBuffer(bytes, file.length);
        if (model == null || model.isNull()) {
            throw new IllegalStateException("the interpreter does not take the file");
        }
        resolver =
                switch (kernels) {
                    case REFERENCE -> ReferenceKernels.resolver();
                    case BUILT_IN -> new BuiltinOpResolverWithoutDefaultDelegates();
                    case XNNPACK -> new BuiltinOpResolver();
                };
        builder = new InterpreterBuilder(model, resolver);
        builder.SetNumThreads(1);
        require(builder.apply(interpreter), "build");
        for (int i = 0; batch > 0 && i < interpreter.inputs().limit(); i++) {
            int[] shape = shape(interpreter.input_tensor(i));
            shape[0] = batch;
            require(interpreter.ResizeInputTensor(interpreter.inputs().get(i), shape), "resize");
        }
        require(interpreter.AllocateTensors(), "allocate");
    }

    private static void require(int status, String what) {
        if (status != 0) {
            throw new IllegalStateException("the interpreter failed to " + what + ": " + status);
        }
    }

    private static int[] shape(TfLiteTensor tensor) {
        int[] shape = new int[tensor.dims().size()];
        for (int i = 0; i < shape.length; i++) {
            shape[i] = tensor.dims().data().get(i);
        }
        return shape;
    }

    /** How many steps there are; a delegate makes one of all that it takes. */
    int steps() {
        IntPointer plan = interpreter.execution_plan();
        return Math.toIntExact(plan.limit());
    }

    long tensors() {
        return interpreter.tensors_size();
    }

    int[] inputShape(int i) {
        return shape(interpreter.input_tensor(i));
    }

    int[] outputShape(int i) {
        return shape(interpreter.output_tensor(i));
    }

    float outputScale(int i) {
        return interpreter.output_tensor(i).params().scale();
    }

    int outputZeroPoint(int i) {
        return interpreter.output_tensor(i).params().zero_point();
    }

    /** Bytes of the arena that all tensors share which are not constant. */
    long arenaBytes() {
        try (Subgraph.SubgraphAllocInfo info = new Subgraph.SubgraphAllocInfo()) {
            interpreter.primary_subgraph().GetMemoryAllocInfo(info);
            return info.arena_size();
        }
    }

    /** Runs on bytes or floats for each input and gives bytes or floats for each output. */
    List<Object> run(List<?> inputs) {
        for (int i = 0; i < inputs.size(); i++) {
            if (inputs.get(i) instanceof byte[] q) {
                interpreter.typed_input_tensor_byte(i).put(q);
            } else {
                interpreter.typed_input_tensor_float(i).put((float[]) inputs.get(i));
            }
        }
        require(interpreter.Invoke(), "compute");
        List<Object> outputs = new ArrayList<>();
        for (int i = 0; i < interpreter.outputs().limit(); i++) {
            TfLiteTensor tensor = interpreter.output_tensor(i);
            int elements = 1;
            for (int n : shape(tensor)) {
                elements *= n;
            }
            if (tensor.bytes() == elements) {
                byte[] q = new byte[elements];
                interpreter.typed_output_tensor_byte(i).get(q);
                outputs.add(q);
            } else {
                float[] y = new float[elements];
                interpreter.typed_output_tensor_float(i).get(y);
                outputs.add(y);
            }
        }
        return outputs;
    }

    @Override
    public void close() {
        interpreter.close();
        builder.close();
        if (kernels != Kernels.REFERENCE) {
            resolver.close();
        }
        model.close();
        bytes.close();
    }
}
