package io.github.dl4jqat.examples.deploy;

import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.tensorflowlite.BuiltinOpResolver;
import org.bytedeco.tensorflowlite.BuiltinOpResolverWithoutDefaultDelegates;
import org.bytedeco.tensorflowlite.FlatBufferModel;
import org.bytedeco.tensorflowlite.Interpreter;
import org.bytedeco.tensorflowlite.InterpreterBuilder;
import org.bytedeco.tensorflowlite.OpResolver;
import org.bytedeco.tensorflowlite.TfLiteTensor;
import org.bytedeco.tensorflowlite.global.tensorflowlite;

/** TensorFlow Lite on a file with one input and one output, each float or int8. */
final class TfLiteRunner implements Runner {

    private final boolean delegates;
    private final int batch;
    private final BytePointer bytes;
    private final FlatBufferModel model;
    private final OpResolver resolver;
    private final InterpreterBuilder builder;
    private final Interpreter interpreter = new Interpreter((Pointer) null);

    /**
     * Builds the interpreter.
     *
     * @param batch examples at a time; 1 takes the file as it is
     * @param delegates whether XNNPACK computes what it can, as on a phone, or TensorFlow Lite's
     *     own kernels compute everything
     */
    TfLiteRunner(byte[] file, int batch, boolean delegates) {
        this.delegates = delegates;
        this.batch = batch;
        bytes = new BytePointer(file);
        model = FlatBufferModel.VerifyAndBuildFromBuffer(bytes, file.length);
        if (model == null || model.isNull()) {
            throw new IllegalStateException("TensorFlow Lite does not take the file");
        }
        resolver =
                delegates
                        ? new BuiltinOpResolver()
                        : new BuiltinOpResolverWithoutDefaultDelegates();
        builder = new InterpreterBuilder(model, resolver);
        require(builder.apply(interpreter), "build the interpreter");
        if (batch > 1) {
            TfLiteTensor input = interpreter.input_tensor(0);
            int[] shape = new int[input.dims().size()];
            for (int i = 0; i < shape.length; i++) {
                shape[i] = i == 0 ? batch : input.dims().data().get(i);
            }
            int index = interpreter.inputs().get(0);
            require(interpreter.ResizeInputTensor(index, shape), "resize the input");
        }
        require(interpreter.AllocateTensors(), "allocate the tensors");
    }

    private static void require(int status, String what) {
        if (status != tensorflowlite.kTfLiteOk) {
            throw new IllegalStateException("TensorFlow Lite failed to " + what + ": " + status);
        }
    }

    @Override
    public String name() {
        try (BytePointer version = tensorflowlite.TfLiteVersion()) {
            return "TensorFlow Lite "
                    + version.getString()
                    + (delegates ? ", XNNPACK" : ", its own kernels");
        }
    }

    @Override
    public int batch() {
        return batch;
    }

    @Override
    public float[] run(float[] x) {
        TfLiteTensor input = interpreter.input_tensor(0);
        if (input.bytes() == x.length) {
            interpreter.typed_input_tensor_byte(0).put(quantized(x, input));
        } else {
            interpreter.typed_input_tensor_float(0).put(x);
        }
        require(interpreter.Invoke(), "compute");
        TfLiteTensor output = interpreter.output_tensor(0);
        int elements = 1;
        for (int i = 0; i < output.dims().size(); i++) {
            elements *= output.dims().data().get(i);
        }
        float[] y = new float[elements];
        if (output.bytes() == elements) {
            byte[] q = new byte[elements];
            interpreter.typed_output_tensor_byte(0).get(q);
            for (int i = 0; i < elements; i++) {
                y[i] = (q[i] - output.params().zero_point()) * output.params().scale();
            }
        } else {
            interpreter.typed_output_tensor_float(0).get(y);
        }
        return y;
    }

    /** What the program around an int8 model does with its pictures. */
    private static byte[] quantized(float[] x, TfLiteTensor input) {
        byte[] q = new byte[x.length];
        for (int i = 0; i < q.length; i++) {
            double level = Math.rint(x[i] / input.params().scale()) + input.params().zero_point();
            q[i] = (byte) Math.max(Byte.MIN_VALUE, Math.min(Byte.MAX_VALUE, level));
        }
        return q;
    }

    @Override
    public void close() {
        interpreter.close();
        builder.close();
        resolver.close();
        model.close();
        bytes.close();
    }
}
