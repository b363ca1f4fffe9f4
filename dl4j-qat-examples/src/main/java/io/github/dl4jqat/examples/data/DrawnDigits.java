package io.github.dl4jqat.examples.data;

import io.github.dl4jqat.examples.data.DigitShapes.Stroke;
import java.util.List;
import java.util.Random;

/**
 * Digits that the program draws itself, for a machine without a data set: 28 x 28 pictures that
 * look like handwriting and are hard enough that a small network makes a few mistakes.
 *
 * <p>Each picture takes one of several ways to write its digit ({@link DigitShapes}), moves every
 * point of the path a little, bends the result smoothly, slants, turns, stretches and shifts it,
 * draws it with a pen of its own width, pressure and softness, and lays noise over it.
 *
 * <p>The pictures depend on the seed alone: picture i is the same on every machine (only {@link
 * StrictMath} and the specified {@link Random} are used) and does not depend on how many others are
 * drawn. Training and test pictures share no random stream.
 */
public final class DrawnDigits {

    private static final long STANDARD_SEED = 28;
    private static final int STANDARD_TRAIN = 6_000;
    private static final int STANDARD_TEST = 2_000;
    private static final long TRAIN_STREAM = 1;
    private static final long TEST_STREAM = 2;

    private final long seed;
    private final int trainSize;
    private final int testSize;

    /**
     * Describes a set; nothing is drawn yet.
     *
     * @param seed which set
     * @param trainSize pictures to train on
     * @param testSize pictures to test on
     */
    public DrawnDigits(long seed, int trainSize, int testSize) {
        this.seed = seed;
        this.trainSize = trainSize;
        this.testSize = testSize;
    }

    /** The set of the quickstart: 6,000 pictures to train on, 2,000 to test on, always the same. */
    public static DrawnDigits standard() {
        return new DrawnDigits(STANDARD_SEED, STANDARD_TRAIN, STANDARD_TEST);
    }

    /** Draws the pictures to train on. */
    public DigitSet train() {
        return draw(TRAIN_STREAM, trainSize);
    }

    /** Draws the pictures to test on. */
    public DigitSet test() {
        return draw(TEST_STREAM, testSize);
    }

    private DigitSet draw(long stream, int count) {
        byte[] pixels = new byte[count * DigitSet.PIXELS];
        byte[] labels = new byte[count];
        float[] ink = new float[DigitSet.PIXELS];
        for (int i = 0; i < count; i++) {
            int digit = i % DigitSet.CLASSES;
            labels[i] = (byte) digit;
            Random random = new Random(scramble(scramble(seed ^ stream << 56) + i));
            draw(digit, random, ink);
            develop(ink, random, pixels, i * DigitSet.PIXELS);
        }
        return new DigitSet(pixels, labels);
    }

    /** The finalizer of MurmurHash3: neighbouring numbers give unrelated seeds. */
    private static long scramble(long value) {
        long z = value;
        z = (z ^ z >>> 33) * 0xff51afd7ed558ccdL;
        z = (z ^ z >>> 33) * 0xc4ceb9fe1a85ec53L;
        return z ^ z >>> 33;
    }

    private static void draw(int digit, Random random, float[] ink) {
        List<Stroke> strokes =
                DigitShapes.strokes(digit, random.nextInt(DigitShapes.variants(digit)));
        Hand hand = new Hand(random);
        Pen pen = new Pen(random, ink);
        for (Stroke stroke : strokes) {
            double[][] curve = hand.write(stroke, random);
            pen.draw(curve[0], curve[1]);
        }
    }

    /** Turns ink into grey values: the pen is not always black, and paper and sensor add noise. */
    private static void develop(float[] ink, Random random, byte[] pixels, int offset) {
        double black = 255 * between(random, 0.75, 1);
        double noise = between(random, 0, 15);
        for (int i = 0; i < ink.length; i++) {
            double grey = black * ink[i] + noise * random.nextGaussian();
            pixels[offset + i] = (byte) (int) Math.max(0, Math.min(255, grey + 0.5));
        }
    }

    static double between(Random random, double low, double high) {
        return low + (high - low) * random.nextDouble();
    }
}
