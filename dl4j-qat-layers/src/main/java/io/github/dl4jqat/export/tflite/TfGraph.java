package io.github.dl4jqat.export.tflite;

import com.google.flatbuffers.FlatBufferBuilder;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.ToIntFunction;
import org.tensorflow.lite.schema.TensorType;

/**
 * The tensors and operators of a TFLite graph while it is built. A tensor is known by its index.
 * Not thread-safe.
 */
final class TfGraph {

    /** What int8 or int32 elements mean; several scales belong to the indices of one axis. */
    static final class Scales {

        private final float[] scales;
        private final int zeroPoint;
        private final int axis;

        Scales(float[] scales, int zeroPoint, int axis) {
            this.scales = scales.clone();
            this.zeroPoint = zeroPoint;
            this.axis = axis;
        }

        static Scales of(float scale, int zeroPoint) {
            return new Scales(new float[] {scale}, zeroPoint, 0);
        }

        float[] scales() {
            return scales.clone();
        }

        long[] zeroPoints() {
            long[] all = new long[scales.length];
            Arrays.fill(all, zeroPoint);
            return all;
        }

        int axis() {
            return axis;
        }
    }

    /** A tensor: a constant where it has data, otherwise something with a batch in front. */
    static final class Tensor {

        private final String name;
        private final byte type;
        private final List<Integer> shape;
        private final Scales scales;
        private final byte[] data;

        private Tensor(String name, byte type, List<Integer> shape, Scales scales, byte[] data) {
            this.name = name;
            this.type = type;
            this.shape = List.copyOf(shape);
            this.scales = scales;
            this.data = data;
        }

        String name() {
            return name;
        }

        byte type() {
            return type;
        }

        /** All axes of a constant; those of one example otherwise. */
        List<Integer> shape() {
            return shape;
        }

        /** What the elements mean; null for floats and plain integers. */
        Scales scales() {
            return scales;
        }

        boolean isConstant() {
            return data != null;
        }

        /** Row-major, little endian; not to be changed. */
        byte[] data() {
            return data;
        }
    }

    /** An operator with its inputs, its one output and what writes its options. */
    record Node(
            TfOp op,
            int version,
            List<Integer> inputs,
            int output,
            ToIntFunction<FlatBufferBuilder> options) {

        Node {
            inputs = List.copyOf(inputs);
        }
    }

    private final List<Tensor> tensors = new ArrayList<>();
    private final List<Node> nodes = new ArrayList<>();
    private final Set<String> names = new HashSet<>();
    private final List<Integer> inputs = new ArrayList<>();
    private final List<Integer> outputs = new ArrayList<>();

    List<Tensor> tensors() {
        return Collections.unmodifiableList(tensors);
    }

    List<Node> nodes() {
        return Collections.unmodifiableList(nodes);
    }

    /** The tensors that a caller feeds; more may be added. */
    List<Integer> inputs() {
        return inputs;
    }

    /** The tensors that a caller gets; more may be added. */
    List<Integer> outputs() {
        return outputs;
    }

    /** A tensor that an operator or a caller writes; its batch is not part of the shape. */
    int tensor(String name, byte type, List<Integer> shape, Scales scales) {
        tensors.add(new Tensor(unique(name), type, shape, scales, null));
        return tensors.size() - 1;
    }

    /** A tensor like another one. */
    int like(int tensor, String name) {
        Tensor t = tensors.get(tensor);
        return tensor(name, t.type, t.shape, t.scales);
    }

    /** A tensor of the type and meaning of another one with another shape. */
    int like(int tensor, String name, List<Integer> shape) {
        Tensor t = tensors.get(tensor);
        return tensor(name, t.type, shape, t.scales);
    }

    /** Constant int8 numbers. */
    int bytes(String name, List<Integer> shape, byte[] data, Scales scales) {
        tensors.add(new Tensor(unique(name), TensorType.INT8, shape, scales, data.clone()));
        return tensors.size() - 1;
    }

    /** Constant int32 numbers. */
    int ints(String name, List<Integer> shape, int[] data, Scales scales) {
        byte[] bytes = new byte[Math.multiplyExact(data.length, Integer.BYTES)];
        littleEndian(bytes).asIntBuffer().put(data);
        tensors.add(new Tensor(unique(name), TensorType.INT32, shape, scales, bytes));
        return tensors.size() - 1;
    }

    /** A vector of constant int32 numbers. */
    int ints(String name, int... data) {
        return ints(name, List.of(data.length), data, null);
    }

    /** Constant floats. */
    int floats(String name, List<Integer> shape, float[] data) {
        byte[] bytes = new byte[Math.multiplyExact(data.length, Float.BYTES)];
        littleEndian(bytes).asFloatBuffer().put(data);
        tensors.add(new Tensor(unique(name), TensorType.FLOAT32, shape, null, bytes));
        return tensors.size() - 1;
    }

    private static ByteBuffer littleEndian(byte[] bytes) {
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    private String unique(String name) {
        String candidate = name;
        for (int i = 1; !names.add(candidate); i++) {
            candidate = name + "_" + i;
        }
        return candidate;
    }

    /** Appends an operator with the lowest version that takes int8. */
    void node(
            TfOp op, ToIntFunction<FlatBufferBuilder> options, int output, Integer... nodeInputs) {
        node(op, op.version(), options, output, List.of(nodeInputs));
    }

    /** Appends an operator. */
    void node(
            TfOp op,
            int version,
            ToIntFunction<FlatBufferBuilder> options,
            int output,
            List<Integer> nodeInputs) {
        nodes.add(new Node(op, version, nodeInputs, output, options));
    }
}
