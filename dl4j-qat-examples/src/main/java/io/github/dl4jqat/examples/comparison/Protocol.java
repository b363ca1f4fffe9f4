package io.github.dl4jqat.examples.comparison;

import java.util.List;
import java.util.stream.LongStream;
import org.nd4j.linalg.schedule.ISchedule;
import org.nd4j.linalg.schedule.MapSchedule;
import org.nd4j.linalg.schedule.ScheduleType;

/**
 * How every network of a comparison is trained. It depends on the width, since coarse grids need
 * larger steps to get anywhere, and never on the estimator.
 *
 * @param floatEpochs passes of the float training over all digits
 * @param floatBatch digits in a batch of it
 * @param digits how many of the training digits, from the first on, the coarsest networks are
 *     trained with; see {@link #digits(int)}
 * @param batch digits in a batch of theirs
 * @param epochs passes over those digits
 * @param seeds of float weights and of the order of the digits
 */
public record Protocol(
        int floatEpochs, int floatBatch, int digits, int batch, int epochs, List<Long> seeds) {

    /** How many training digits are enough to fine-tune with. */
    public static final int USUAL_DIGITS = 24_000;

    /** Batches of training digits that ranges come from. */
    static final int CALIBRATION_BATCHES = 20;

    private static final int FLOAT_EPOCHS = 2;
    private static final int USUAL_BATCH = 64;
    private static final long FIRST_SEED = 123;

    private static final int HALF = 50;
    private static final int LATE = 80;

    /** Checks the numbers. */
    public Protocol {
        seeds = List.copyOf(seeds);
        if (floatEpochs < 1
                || floatBatch < 1
                || digits < 1
                || batch < 1
                || epochs < 1
                || seeds.isEmpty()) {
            throw new IllegalArgumentException(
                    "Protocol: floatEpochs="
                            + floatEpochs
                            + ", floatBatch="
                            + floatBatch
                            + ", digits="
                            + digits
                            + ", batch="
                            + batch
                            + ", epochs="
                            + epochs
                            + ", seeds="
                            + seeds
                            + "; expected at least one of each");
        }
    }

    /** The usual one, with that many passes and seeds. */
    public static Protocol usual(int epochs, int seeds) {
        return new Protocol(
                FLOAT_EPOCHS,
                USUAL_BATCH,
                USUAL_DIGITS,
                USUAL_BATCH,
                epochs,
                LongStream.range(FIRST_SEED, FIRST_SEED + seeds).boxed().toList());
    }

    /**
     * How many of the training digits networks of a width are trained with: all that the protocol
     * has up to 2 bits, three quarters at 3, half at 4, a quarter from 5 on, where little is lost
     * and little is to be won back.
     */
    int digits(int bits) {
        int quarters = bits >= 5 ? 1 : Math.min(4, 6 - bits);
        return Math.max(1, digits * quarters / 4);
    }

    /** Adam's learning rate at first: 0.0005 from 5 bits on, 0.001 for 3 and 4, 0.002 below. */
    static double rate(int bits) {
        if (bits >= 5) {
            return 5e-4;
        }
        return bits >= 3 ? 1e-3 : 2e-3;
    }

    /**
     * That rate, three tenths of it after half of the iterations, a tenth after four fifths.
     *
     * @param done iterations that the network has behind it
     * @param iterations iterations to come
     */
    static ISchedule schedule(int bits, int done, int iterations) {
        double rate = rate(bits);
        int half = Math.max(1, iterations * HALF / 100);
        int late = Math.max(half + 1, iterations * LATE / 100);
        return new MapSchedule.Builder(ScheduleType.ITERATION)
                .add(0, rate)
                .add(done + half, rate * 0.3)
                .add(done + late, rate * 0.1)
                .build();
    }
}
