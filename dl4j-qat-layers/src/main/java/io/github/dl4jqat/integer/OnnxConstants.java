package io.github.dl4jqat.integer;

import io.github.dl4jqat.integer.OnnxGraph.ElementType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import onnx.Onnx.TensorProto;
import org.nd4j.shade.protobuf.ByteString;

/** Arrays as tensors of an ONNX file: little-endian bytes behind a type and dimensions. */
final class OnnxConstants {

    private OnnxConstants() {}

    static TensorProto.Builder floats(float[] elements, int... dims) {
        byte[] raw = new byte[Math.multiplyExact(elements.length, Float.BYTES)];
        littleEndian(raw).asFloatBuffer().put(elements);
        return tensor(ElementType.FLOAT, raw, elements.length, dims);
    }

    static TensorProto.Builder ints(int[] elements, int... dims) {
        byte[] raw = new byte[Math.multiplyExact(elements.length, Integer.BYTES)];
        littleEndian(raw).asIntBuffer().put(elements);
        return tensor(ElementType.INT32, raw, elements.length, dims);
    }

    static TensorProto.Builder longs(long[] elements, int... dims) {
        byte[] raw = new byte[Math.multiplyExact(elements.length, Long.BYTES)];
        littleEndian(raw).asLongBuffer().put(elements);
        return tensor(ElementType.INT64, raw, elements.length, dims);
    }

    static TensorProto.Builder bytes(ElementType type, byte[] elements, int... dims) {
        if (type != ElementType.INT8 && type != ElementType.UINT8) {
            throw new IllegalArgumentException("OnnxGraph: " + type + " is not a type of bytes");
        }
        return tensor(type, elements, elements.length, dims);
    }

    /** Several elements in a byte, the first one in its lowest bits. */
    static TensorProto.Builder packed(ElementType type, byte[] elements, int... dims) {
        int perByte = Byte.SIZE / type.bits();
        int mask = (1 << type.bits()) - 1;
        byte[] raw = new byte[(elements.length + perByte - 1) / perByte];
        for (int i = 0; i < elements.length; i++) {
            raw[i / perByte] |= (byte) ((elements[i] & mask) << (i % perByte * type.bits()));
        }
        return tensor(type, raw, elements.length, dims);
    }

    private static ByteBuffer littleEndian(byte[] raw) {
        return ByteBuffer.wrap(raw).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static TensorProto.Builder tensor(
            ElementType type, byte[] raw, int elements, int... dims) {
        TensorProto.Builder tensor = TensorProto.newBuilder().setDataType(type.number());
        long expected = 1;
        for (int n : dims) {
            expected *= n;
            tensor.addDims(n);
        }
        if (expected != elements) {
            throw new IllegalArgumentException(
                    "OnnxGraph: a constant of "
                            + elements
                            + " elements, its dimensions make "
                            + expected);
        }
        return tensor.setRawData(ByteString.copyFrom(raw));
    }
}
