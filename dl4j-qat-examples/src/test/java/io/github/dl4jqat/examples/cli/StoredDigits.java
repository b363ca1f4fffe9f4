package io.github.dl4jqat.examples.cli;

import io.github.dl4jqat.examples.data.DigitData;
import io.github.dl4jqat.examples.data.DigitSet;
import io.github.dl4jqat.integer.EngineChoice;
import io.github.dl4jqat.integer.IntegerNetwork;
import io.github.dl4jqat.integer.TensorType;
import io.github.dl4jqat.zoo.IntegerModelZoo;
import io.github.dl4jqat.zoo.ZooEntry;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;

/**
 * The first 500 test digits of MNIST, and what each bundled model says of them: one byte for each
 * of its ten logits, as they were when the model was put into the zoo.
 *
 * <p>{@link #main} writes the files anew, after a model was added or replaced.
 */
final class StoredDigits {

    static final int COUNT = 500;

    private static final String FOLDER = "/golden/";
    private static final String DIGITS = "mnist-test-500.gz";

    private final byte[] pixels = new byte[COUNT * DigitSet.PIXELS];
    private final byte[] labels = new byte[COUNT];

    private StoredDigits() {}

    /** Reads them: for each digit its label and then its pixels. */
    static StoredDigits read() throws IOException {
        StoredDigits digits = new StoredDigits();
        try (InputStream file = StoredDigits.class.getResourceAsStream(FOLDER + DIGITS);
                DataInputStream in = new DataInputStream(new GZIPInputStream(file))) {
            for (int i = 0; i < COUNT; i++) {
                digits.labels[i] = in.readByte();
                in.readFully(digits.pixels, i * DigitSet.PIXELS, DigitSet.PIXELS);
            }
        }
        return digits;
    }

    /** The stored logits of a model, digit after digit. */
    static byte[] logits(String model) throws IOException {
        try (InputStream in = StoredDigits.class.getResourceAsStream(FOLDER + model + ".logits")) {
            return in.readAllBytes();
        }
    }

    int label(int index) {
        return labels[index];
    }

    /** Inputs as the card says: raw times scale. */
    float[] inputs(double scale) {
        float[] inputs = new float[pixels.length];
        for (int i = 0; i < inputs.length; i++) {
            inputs[i] = (float) ((pixels[i] & 0xFF) * scale);
        }
        return inputs;
    }

    /** What a model computes before its softmax. */
    byte[] logitsOf(IntegerNetwork network, double scale) {
        TensorType quantized = network.quantizedInput();
        int zero = quantized.params().zeroPoint();
        int least = quantized.params().spec().qMin();
        int most = quantized.params().spec().qMax();
        float step = quantized.params().scale();
        float[] inputs = inputs(scale);
        int[] integers = new int[inputs.length];
        for (int i = 0; i < inputs.length; i++) {
            int level = (int) Math.rint(inputs[i] / step) + zero;
            integers[i] = Math.max(least, Math.min(most, level));
        }
        int[] logits = network.output(integers, COUNT);
        byte[] bytes = new byte[logits.length];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) logits[i];
        }
        return bytes;
    }

    /**
     * Writes the digits and the logits of all bundled models.
     *
     * @param arguments a folder with MNIST and the folder to write to
     */
    public static void main(String[] arguments) throws IOException {
        Path to = Path.of(arguments[1]);
        StoredDigits digits = new StoredDigits();
        DigitSet test = DigitData.fromFolder(Path.of(arguments[0])).test();
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(to.resolve(DIGITS)))) {
            for (int i = 0; i < COUNT; i++) {
                digits.labels[i] = (byte) test.label(i);
                out.write(test.label(i));
                for (int p = 0; p < DigitSet.PIXELS; p++) {
                    int pixel = test.pixel(i, p / DigitSet.SIDE, p % DigitSet.SIDE);
                    digits.pixels[i * DigitSet.PIXELS + p] = (byte) pixel;
                    out.write(pixel);
                }
            }
        }
        IntegerModelZoo zoo = IntegerModelZoo.open(URI.create(ZooCommand.BUNDLED));
        for (ZooEntry entry : zoo.list()) {
            double scale = entry.card().inputs().get(0).scale();
            try (IntegerNetwork network = zoo.load(entry.name(), entry.version());
                    IntegerNetwork java = network.withEngine(EngineChoice.JAVA)) {
                Files.write(to.resolve(entry.name() + ".logits"), digits.logitsOf(java, scale));
            }
        }
    }
}
