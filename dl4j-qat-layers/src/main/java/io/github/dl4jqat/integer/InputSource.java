package io.github.dl4jqat.integer;

import java.nio.ByteBuffer;
import java.util.Map;

/**
 * What begins the graph of {@link OrtEngine} at one tensor: floats that are quantized on the way,
 * or integers. Signed integers are shifted to unsigned bytes. Not thread-safe.
 */
abstract class InputSource {

    private final TensorType tensor;
    private final int first;

    private InputSource(TensorType tensor, int first) {
        this.tensor = tensor;
        this.first = first;
    }

    /**
     * The source of a tensor that an operation writes.
     *
     * @param integers of the examples from {@code from} on, or of the whole batch if fed; null
     *     where floats are fed
     */
    static InputSource of(
            IntegerOp op, TensorData integers, Map<String, TensorData> feeds, int from) {
        TensorType q = op.output();
        if (integers == null) {
            return new Floats(q, feeds.get(op.inputs().get(0).name()).floats(), from);
        }
        return new Integers(q, integers.ints(), feeds.containsKey(q.name()) ? from : 0);
    }

    /** The first examples as bytes, from the start of a buffer. */
    void bytes(int examples, ByteBuffer out) {
        bytes(tensor, first * tensor.elements(), examples * tensor.elements(), out);
    }

    /** An example as unsigned bytes at the front of an array. */
    void unsigned(int example, int[] q) {
        unsigned(tensor, (first + example) * tensor.elements(), q);
    }

    abstract void bytes(TensorType type, int from, int count, ByteBuffer out);

    abstract void unsigned(TensorType type, int from, int[] q);

    private static final class Floats extends InputSource {
        private final float[] x;
        private final QuantizeLoop loop;

        Floats(TensorType tensor, float[] x, int first) {
            super(tensor, first);
            this.x = x;
            this.loop = new QuantizeLoop(tensor.elements());
        }

        @Override
        void bytes(TensorType type, int from, int count, ByteBuffer out) {
            int shift = QdqPieces.shift(type.params());
            QuantizeLoop.bytes(type.params(), shift, x, from, out, count);
        }

        @Override
        void unsigned(TensorType type, int from, int[] q) {
            int shift = QdqPieces.shift(type.params());
            loop.unsigned(type.params(), shift, x, from, q, type.elements());
        }
    }

    private static final class Integers extends InputSource {
        private final int[] values;

        Integers(TensorType tensor, int[] values, int first) {
            super(tensor, first);
            this.values = values;
        }

        @Override
        void bytes(TensorType type, int from, int count, ByteBuffer out) {
            int shift = QdqPieces.shift(type.params());
            byte[] bytes = new byte[count];
            for (int i = 0; i < count; i++) {
                bytes[i] = (byte) (values[from + i] + shift);
            }
            out.clear();
            out.put(bytes).flip();
        }

        @Override
        void unsigned(TensorType type, int from, int[] q) {
            int shift = QdqPieces.shift(type.params());
            for (int i = 0; i < type.elements(); i++) {
                q[i] = values[from + i] + shift;
            }
        }
    }
}
