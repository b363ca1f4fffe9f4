package io.github.dl4jqat.convert;

import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Set;
import java.util.regex.Pattern;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.shade.jackson.core.JsonFactory;
import org.nd4j.shade.jackson.core.JsonParser;
import org.nd4j.shade.jackson.core.JsonToken;

/**
 * Looks through the two entries of a float network that came in a {@code .qnet} file before
 * Deeplearning4j sees them. Its JSON names the classes that are to be made, and its arrays bring
 * strides that native code believes.
 */
final class CarriedFloats {

    private static final int DEEPEST = 64;
    private static final int MOST_AXES = 2;
    private static final String SHAPE_TYPE = "LONG";

    /** A shape buffer holds rank, shape, strides and four numbers less one. */
    private static final int BESIDE_SHAPE_AND_STRIDES = 4;

    /** Names of fields in which Jackson looks for the name of a class. */
    private static final Set<String> CLASS_FIELDS = Set.of("@class", "@type");

    private static final Pattern TRUSTED =
            Pattern.compile("org\\.(deeplearning4j|nd4j)\\.[A-Za-z0-9_.$]+");

    private CarriedFloats() {}

    /**
     * Looks through a configuration.
     *
     * @return whether it is that of a graph
     * @throws IllegalArgumentException if it is nested absurdly or names a class of somebody else
     */
    static boolean isGraph(byte[] json) {
        int depth = 0;
        boolean graph = false;
        try (JsonParser parser = new JsonFactory().createParser(json)) {
            for (JsonToken t = parser.nextToken(); t != null; t = parser.nextToken()) {
                if (t.isStructStart() && ++depth > DEEPEST) {
                    throw unsound("its configuration is nested deeper than " + DEEPEST, null);
                }
                if (t.isStructEnd()) {
                    depth--;
                }
                String field = parser.getCurrentName();
                graph |= depth == 1 && t == JsonToken.FIELD_NAME && "vertices".equals(field);
                if (t == JsonToken.VALUE_STRING
                        && CLASS_FIELDS.contains(String.valueOf(field))
                        && !TRUSTED.matcher(parser.getText()).matches()) {
                    throw unsound(
                            "its configuration names the class "
                                    + parser.getText()
                                    + ", which is none of Deeplearning4j's; if you trust the file,"
                                    + " load it with Deeplearning4j's ModelSerializer",
                            null);
                }
            }
        } catch (IOException e) {
            throw unsound("its configuration is not JSON: " + e.getMessage(), e);
        }
        return graph;
    }

    /**
     * The coefficients as a vector. Only their number and type are taken from the headers, and the
     * number must be that of the bytes behind them.
     *
     * @throws IllegalArgumentException if they are anything else than floats or doubles in a row
     */
    static INDArray coefficients(byte[] entry) {
        ByteArrayInputStream bytes = new ByteArrayInputStream(entry);
        DataInputStream in = new DataInputStream(bytes);
        try {
            in.readUTF();
            long length = in.readLong();
            requireType(in.readUTF(), SHAPE_TYPE);
            long axes = in.readLong();
            if (axes < 1 || axes > MOST_AXES || length != 2 * axes + BESIDE_SHAPE_AND_STRIDES) {
                throw unsound("its coefficients are an array of " + axes + " axes", null);
            }
            long elements = 1;
            for (int i = 0; i < axes; i++) {
                elements = Math.multiplyExact(elements, in.readLong());
            }
            in.skipNBytes((length - 1 - axes) * Long.BYTES);
            in.readUTF();
            long count = in.readLong();
            String type = in.readUTF();
            boolean doubles = type.equals(DataType.DOUBLE.name());
            requireType(type, doubles ? type : DataType.FLOAT.name());
            int width = doubles ? Double.BYTES : Float.BYTES;
            if (count != elements || bytes.available() != Math.multiplyExact(count, (long) width)) {
                throw unsound(
                        "its coefficients claim to be "
                                + elements
                                + " and "
                                + count
                                + " numbers and have "
                                + bytes.available()
                                + " bytes",
                        null);
            }
            ByteBuffer numbers =
                    ByteBuffer.wrap(entry, entry.length - bytes.available(), bytes.available())
                            .order(ByteOrder.BIG_ENDIAN);
            return doubles ? doubles(numbers) : floats(numbers);
        } catch (IOException | ArithmeticException e) {
            throw unsound("its coefficients are cut short or claim too much", e);
        }
    }

    private static INDArray floats(ByteBuffer numbers) {
        float[] values = new float[numbers.remaining() / Float.BYTES];
        numbers.asFloatBuffer().get(values);
        return Nd4j.createFromArray(values);
    }

    private static INDArray doubles(ByteBuffer numbers) {
        double[] values = new double[numbers.remaining() / Double.BYTES];
        numbers.asDoubleBuffer().get(values);
        return Nd4j.createFromArray(values);
    }

    private static void requireType(String type, String expected) {
        if (!type.equals(expected)) {
            throw unsound("its coefficients have type " + type + ", expected " + expected, null);
        }
    }

    static IllegalArgumentException unsound(String reason, Exception cause) {
        return new IllegalArgumentException(
                "Qat.toFloat: the float network in the file is not sound: " + reason, cause);
    }
}
