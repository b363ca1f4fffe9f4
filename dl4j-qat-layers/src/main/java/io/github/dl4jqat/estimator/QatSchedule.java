package io.github.dl4jqat.estimator;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * What happens when in a training with quantization, as a value of the configuration: saved with
 * the network, and followed by plain {@code fit} without any listener. All times count from the
 * start of training, in iterations or epochs; DL4J saves both counters, so a training that was
 * saved and loaded goes on where it was.
 *
 * <pre>
 *   0 ... calibrateUntil      ranges follow the data, activations are not quantized yet
 *   ... freezeRangesAt        everything is quantized, ranges still move
 *   ... freezeAt              ranges stay, learned steps and bounds still move
 *   from freezeAt on          no range, learned number or knob moves any more
 * </pre>
 *
 * A scale that is measured on the weights follows them to the end. A time that is 0 leaves its
 * phase out; a ramp that would go on beyond freezeAt stays where it is then. {@link Ramp}s move a
 * {@link Knob} meanwhile. Quantized batch normalization uses the statistics of the batch until
 * freezeBatchNormAt, at any time up to freezeAt, and the running ones, which then stay, from there
 * on; its gamma and beta train to the end.
 *
 * <pre>
 *   QatSchedule.iterations().calibrateUntil(100).freezeRangesAt(2000)
 *           .ramp(Knob.NOISE_RATE, 100, 0.1, 1500, 1.0).freezeAt(3000)
 * </pre>
 *
 * <p>Immutable and thread-safe.
 *
 * @param unit what the times count
 * @param calibrateUntil end of the calibration, exclusive; 0 for none
 * @param freezeRangesAt from when on observed ranges no longer move; 0 for never
 * @param freezeBatchNormAt from when on batch normalization that is quantized, folded or not, uses
 *     its running statistics, which no longer move; 0 for never, 1 for all but the first batch
 * @param freezeAt from when on no range, learned number or knob moves; 0 for never
 * @param ramps one at most for each knob
 */
public record QatSchedule(
        Unit unit,
        int calibrateUntil,
        int freezeRangesAt,
        int freezeBatchNormAt,
        int freezeAt,
        List<Ramp> ramps)
        implements Serializable {

    private static final long serialVersionUID = 1L;

    /** What times count. */
    public enum Unit {
        /** Training iterations, that is, batches. */
        ITERATION,
        /** Passes over the data, as counted by {@code fit(iterator)}. */
        EPOCH
    }

    /** How a knob goes from one point to the next. */
    public enum Curve {
        /** In a straight line. */
        LINEAR,
        /** Along half a cosine: slow, fast, slow. */
        COSINE,
        /** Not at all: it jumps at the next point. */
        STEPS
    }

    /**
     * The value of a knob at a time.
     *
     * @param at the time
     * @param value the value
     */
    public record Point(int at, double value) implements Serializable {
        private static final long serialVersionUID = 1L;
    }

    /**
     * The way of a knob: before the first point it has the first value, after the last the last.
     *
     * @param knob which
     * @param curve how it moves between points
     * @param points in ascending order of time
     */
    public record Ramp(Knob knob, Curve curve, List<Point> points) implements Serializable {

        private static final long serialVersionUID = 1L;

        /** Checks the order and the values. */
        public Ramp {
            if (knob == null || curve == null || points == null || points.isEmpty()) {
                throw new IllegalArgumentException(
                        "Schedule: a ramp of knob="
                                + knob
                                + ", curve="
                                + curve
                                + ", points="
                                + points
                                + "; it needs all three, and at least one point");
            }
            points = List.copyOf(points);
            int last = -1;
            for (Point point : points) {
                knob.check(point.value());
                if (point.at() <= last) {
                    throw new IllegalArgumentException(
                            "Schedule: the ramp of "
                                    + knob.word()
                                    + " has a point at "
                                    + point.at()
                                    + " after one at "
                                    + last
                                    + "; times ascend and are not negative");
                }
                last = point.at();
            }
        }

        double value(int now) {
            Point before = points.get(0);
            for (Point point : points) {
                if (point.at() > now) {
                    return between(before, point, now);
                }
                before = point;
            }
            return before.value();
        }

        private double between(Point a, Point b, int now) {
            if (now <= a.at() || curve == Curve.STEPS) {
                return a.value();
            }
            double way = (now - a.at()) / (double) (b.at() - a.at());
            double share = curve == Curve.LINEAR ? way : (1 - Math.cos(Math.PI * way)) / 2;
            return a.value() + share * (b.value() - a.value());
        }
    }

    /** Checks that every phase and every ramp can take place. */
    public QatSchedule {
        boolean negative = calibrateUntil < 0 || freezeRangesAt < 0;
        if (unit == null || negative || freezeBatchNormAt < 0 || freezeAt < 0) {
            throw new IllegalArgumentException(
                    "Schedule: unit="
                            + unit
                            + ", calibrateUntil="
                            + calibrateUntil
                            + ", freezeRangesAt="
                            + freezeRangesAt
                            + ", freezeBatchNormAt="
                            + freezeBatchNormAt
                            + ", freezeAt="
                            + freezeAt
                            + "; times are 0 for never, or positive");
        }
        ramps = ramps == null ? List.of() : List.copyOf(ramps);
        requireOrder("calibrateUntil", calibrateUntil, "freezeRangesAt", freezeRangesAt);
        requireOrder("calibrateUntil", calibrateUntil, "freezeAt", freezeAt);
        requireNotAfterTheEnd("freezeRangesAt", freezeRangesAt, freezeAt, "ranges");
        requireNotAfterTheEnd(
                "freezeBatchNormAt", freezeBatchNormAt, freezeAt, "running statistics");
        Map<Knob, Ramp> seen = new EnumMap<>(Knob.class);
        for (Ramp ramp : ramps) {
            if (seen.put(ramp.knob(), ramp) != null) {
                throw new IllegalArgumentException(
                        "Schedule: two ramps of "
                                + ramp.knob().word()
                                + " overlap; give one ramp all the points");
            }
            int start = ramp.points().get(0).at();
            if (freezeAt > 0 && start >= freezeAt) {
                throw new IllegalArgumentException(
                        "Schedule: the ramp of "
                                + ramp.knob().word()
                                + " begins at "
                                + start
                                + ", but everything is frozen from "
                                + freezeAt
                                + " on, so it never starts");
            }
        }
    }

    private static void requireOrder(String first, int a, String second, int b) {
        if (a > 0 && b > 0 && b <= a) {
            throw new IllegalArgumentException(
                    "Schedule: "
                            + second
                            + "="
                            + b
                            + " is not after "
                            + first
                            + "="
                            + a
                            + ", so the phase between them never starts");
        }
    }

    private static void requireNotAfterTheEnd(String what, int time, int freezeAt, String frozen) {
        if (freezeAt > 0 && time > freezeAt) {
            throw new IllegalArgumentException(
                    "Schedule: "
                            + what
                            + "="
                            + time
                            + " comes after freezeAt="
                            + freezeAt
                            + ", which freezes "
                            + frozen
                            + " too; leave it out or make it earlier");
        }
    }

    /** A schedule without any phase, in iterations. */
    public static QatSchedule iterations() {
        return new QatSchedule(Unit.ITERATION, 0, 0, 0, 0, List.of());
    }

    /** A schedule without any phase, in epochs. */
    public static QatSchedule epochs() {
        return new QatSchedule(Unit.EPOCH, 0, 0, 0, 0, List.of());
    }

    /** The same with a calibration phase of that length. */
    public QatSchedule calibrateUntil(int time) {
        return new QatSchedule(unit, time, freezeRangesAt, freezeBatchNormAt, freezeAt, ramps);
    }

    /** The same with ranges that stay from then on. */
    public QatSchedule freezeRangesAt(int time) {
        return new QatSchedule(unit, calibrateUntil, time, freezeBatchNormAt, freezeAt, ramps);
    }

    /** The same with running statistics of batch normalization used and kept from then on. */
    public QatSchedule freezeBatchNormAt(int time) {
        return new QatSchedule(unit, calibrateUntil, freezeRangesAt, time, freezeAt, ramps);
    }

    /** The same with everything frozen from then on. */
    public QatSchedule freezeAt(int time) {
        return new QatSchedule(
                unit, calibrateUntil, freezeRangesAt, freezeBatchNormAt, time, ramps);
    }

    /** The same with a knob that goes in a straight line from one value to another. */
    public QatSchedule ramp(Knob knob, int from, double first, int to, double last) {
        return with(
                new Ramp(knob, Curve.LINEAR, List.of(new Point(from, first), new Point(to, last))));
    }

    /** The same with another ramp. */
    public QatSchedule with(Ramp ramp) {
        List<Ramp> more = new ArrayList<>(ramps);
        more.add(ramp);
        return withRamps(more);
    }

    /** The same without the ramp of a knob, if there is one. */
    public QatSchedule without(Knob knob) {
        return withRamps(ramps.stream().filter(r -> r.knob() != knob).toList());
    }

    private QatSchedule withRamps(List<Ramp> others) {
        return new QatSchedule(
                unit, calibrateUntil, freezeRangesAt, freezeBatchNormAt, freezeAt, others);
    }

    /**
     * The same with a knob that jumps at equal intervals, as incremental quantization does: {@code
     * steps(PORTION, 500, 0.5, 0.75, 0.875, 1)} quantizes half of the weights from the start and
     * all of them from 1500 on.
     */
    public QatSchedule steps(Knob knob, int interval, double... values) {
        List<Point> points = new ArrayList<>();
        for (int i = 0; i < values.length; i++) {
            points.add(new Point(i * interval, values[i]));
        }
        return with(new Ramp(knob, Curve.STEPS, points));
    }

    /** Whether activations are not quantized yet. */
    public boolean isCalibrating(int iteration, int epoch) {
        return now(iteration, epoch) < calibrateUntil;
    }

    /** Whether ranges stay as they are. */
    public boolean areRangesFrozen(int iteration, int epoch) {
        int now = now(iteration, epoch);
        return (freezeRangesAt > 0 && now >= freezeRangesAt) || (freezeAt > 0 && now >= freezeAt);
    }

    /** Whether batch normalization uses its running statistics and leaves them as they are. */
    public boolean isBatchNormFrozen(int iteration, int epoch) {
        int now = now(iteration, epoch);
        return (freezeBatchNormAt > 0 && now >= freezeBatchNormAt)
                || (freezeAt > 0 && now >= freezeAt);
    }

    /** Whether no range, learned number or knob moves. */
    public boolean isFrozen(int iteration, int epoch) {
        return freezeAt > 0 && now(iteration, epoch) >= freezeAt;
    }

    /** What the ramps say now. */
    public Map<Knob, Double> knobs(int iteration, int epoch) {
        int now = now(iteration, epoch);
        int stopped = freezeAt > 0 ? Math.min(now, freezeAt) : now;
        Map<Knob, Double> values = new EnumMap<>(Knob.class);
        for (Ramp ramp : ramps) {
            values.put(ramp.knob(), ramp.value(stopped));
        }
        return values;
    }

    /** Whether there is a ramp for a knob. */
    public boolean moves(Knob knob) {
        return ramps.stream().anyMatch(r -> r.knob() == knob);
    }

    private int now(int iteration, int epoch) {
        return unit == Unit.ITERATION ? iteration : epoch;
    }
}
