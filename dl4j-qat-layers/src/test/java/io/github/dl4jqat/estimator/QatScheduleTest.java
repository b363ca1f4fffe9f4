package io.github.dl4jqat.estimator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.github.dl4jqat.estimator.QatSchedule.Curve;
import io.github.dl4jqat.estimator.QatSchedule.Point;
import io.github.dl4jqat.estimator.QatSchedule.Ramp;
import io.github.dl4jqat.estimator.QatSchedule.Unit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.nd4j.shade.jackson.core.JsonProcessingException;
import org.nd4j.shade.jackson.databind.ObjectMapper;

class QatScheduleTest {

    private static final QatSchedule NONE = QatSchedule.iterations();

    private static double at(QatSchedule schedule, Knob knob, int iteration) {
        return schedule.knobs(iteration, 0).get(knob);
    }

    private static Ramp ramp(Knob knob, Curve curve, Point... points) {
        return new Ramp(knob, curve, List.of(points));
    }

    @Test
    void withoutTimesNothingEverHappens() {
        for (int now : new int[] {0, 1, 1_000_000, Integer.MAX_VALUE}) {
            assertThat(NONE.isCalibrating(now, now)).isFalse();
            assertThat(NONE.areRangesFrozen(now, now)).isFalse();
            assertThat(NONE.isBatchNormFrozen(now, now)).isFalse();
            assertThat(NONE.isFrozen(now, now)).isFalse();
            assertThat(NONE.knobs(now, now)).isEmpty();
        }
        assertThat(NONE.moves(Knob.ALPHA)).isFalse();
    }

    @Test
    void phasesBeginAndEndWhereTheySay() {
        QatSchedule s = NONE.calibrateUntil(3).freezeRangesAt(7).freezeAt(9);
        for (int now = 0; now < 12; now++) {
            assertThat(s.isCalibrating(now, 99)).as("at %d", now).isEqualTo(now < 3);
            assertThat(s.areRangesFrozen(now, 99)).as("at %d", now).isEqualTo(now >= 7);
            assertThat(s.isFrozen(now, 99)).as("at %d", now).isEqualTo(now >= 9);
        }
        QatSchedule onlyFrozen = NONE.freezeAt(9);
        assertThat(onlyFrozen.isBatchNormFrozen(8, 0)).isFalse();
        assertThat(onlyFrozen.isBatchNormFrozen(9, 0)).as("and statistics").isTrue();
        assertThat(onlyFrozen.areRangesFrozen(8, 0)).isFalse();
        assertThat(onlyFrozen.areRangesFrozen(9, 0)).as("everything includes ranges").isTrue();
    }

    @Test
    void batchNormFreezesAlone_beforeAnythingElseOrWithIt() {
        QatSchedule s = NONE.calibrateUntil(6).freezeBatchNormAt(4).freezeRangesAt(8).freezeAt(9);
        for (int now = 0; now < 12; now++) {
            assertThat(s.isBatchNormFrozen(now, 99)).as("at %d", now).isEqualTo(now >= 4);
            assertThat(s.areRangesFrozen(now, 99)).as("at %d", now).isEqualTo(now >= 8);
        }
        assertThat(s.freezeBatchNormAt(9))
                .isNotEqualTo(s)
                .hasToString(s.toString().replace("freezeBatchNormAt=4", "freezeBatchNormAt=9"));
        assertThat(QatSchedule.epochs().freezeBatchNormAt(2).isBatchNormFrozen(500, 1)).isFalse();
        assertThat(QatSchedule.epochs().freezeBatchNormAt(2).isBatchNormFrozen(0, 2)).isTrue();
    }

    @Test
    void withoutARamp_allElseStays() {
        QatSchedule base = NONE.calibrateUntil(1).freezeRangesAt(2).freezeBatchNormAt(3);
        QatSchedule both =
                base.freezeAt(40).steps(Knob.PORTION, 5, 0.5, 1).ramp(Knob.ALPHA, 0, 1, 9, 0);
        assertThat(both.without(Knob.PORTION))
                .isEqualTo(base.freezeAt(40).ramp(Knob.ALPHA, 0, 1, 9, 0));
        assertThat(both.without(Knob.DAMPENING)).isEqualTo(both);
    }

    @Test
    void epochsCountEpochsOnly() {
        QatSchedule s =
                QatSchedule.epochs()
                        .calibrateUntil(1)
                        .freezeRangesAt(2)
                        .freezeAt(4)
                        .ramp(Knob.ALPHA, 0, 1, 4, 0);
        assertThat(s.isCalibrating(5000, 0)).isTrue();
        assertThat(s.isCalibrating(0, 1)).isFalse();
        assertThat(s.areRangesFrozen(5000, 1)).isFalse();
        assertThat(s.areRangesFrozen(0, 2)).isTrue();
        assertThat(s.isFrozen(0, 4)).isTrue();
        assertThat(s.knobs(5000, 1)).isEqualTo(Map.of(Knob.ALPHA, 0.75));
        assertThat(s.knobs(0, 3)).isEqualTo(Map.of(Knob.ALPHA, 0.25));
    }

    @Test
    void linearRampIsAStraightLineWithFlatEnds() {
        QatSchedule s = NONE.ramp(Knob.NOISE_RATE, 100, 0.1, 500, 0.9);
        assertThat(at(s, Knob.NOISE_RATE, 0)).isEqualTo(0.1);
        assertThat(at(s, Knob.NOISE_RATE, 100)).isEqualTo(0.1);
        assertThat(at(s, Knob.NOISE_RATE, 200)).isCloseTo(0.3, within(1e-15));
        assertThat(at(s, Knob.NOISE_RATE, 300)).isCloseTo(0.5, within(1e-15));
        assertThat(at(s, Knob.NOISE_RATE, 499)).isCloseTo(0.898, within(1e-15));
        assertThat(at(s, Knob.NOISE_RATE, 500)).isEqualTo(0.9);
        assertThat(at(s, Knob.NOISE_RATE, 100_000)).isEqualTo(0.9);
    }

    @Test
    void cosineRampIsHalfACosine() {
        QatSchedule s =
                NONE.with(
                        ramp(
                                Knob.DAMPENING,
                                Curve.COSINE,
                                new Point(0, 0),
                                new Point(6, 2),
                                new Point(8, 1)));
        // (1 - cos 30) / 2 = 0.0669872981, (1 - cos 60) / 2 = 0.25
        double[] expected = {0, 0.1339745962155613, 0.5, 1, 1.5, 1.8660254037844386, 2, 1.5, 1, 1};
        for (int now = 0; now < expected.length; now++) {
            assertThat(at(s, Knob.DAMPENING, now)).isCloseTo(expected[now], within(1e-12));
        }
    }

    @Test
    void stepsJumpAtTheirTimes() {
        QatSchedule s = NONE.steps(Knob.PORTION, 500, 0.5, 0.75, 0.875, 1);
        assertThat(at(s, Knob.PORTION, 0)).isEqualTo(0.5);
        assertThat(at(s, Knob.PORTION, 499)).isEqualTo(0.5);
        assertThat(at(s, Knob.PORTION, 500)).isEqualTo(0.75);
        assertThat(at(s, Knob.PORTION, 999)).isEqualTo(0.75);
        assertThat(at(s, Knob.PORTION, 1000)).isEqualTo(0.875);
        assertThat(at(s, Knob.PORTION, 1499)).isEqualTo(0.875);
        assertThat(at(s, Knob.PORTION, 1500)).isEqualTo(1);
        assertThat(at(s, Knob.PORTION, 90_000)).isEqualTo(1);
        assertThat(s.moves(Knob.PORTION)).isTrue();
        assertThat(s.moves(Knob.ALPHA)).isFalse();
    }

    @ParameterizedTest
    @EnumSource(Curve.class)
    void rampOfOnePointIsAConstant(Curve curve) {
        QatSchedule s = NONE.with(ramp(Knob.ALPHA, curve, new Point(5, 0.25)));
        for (int now : new int[] {0, 4, 5, 6, 100}) {
            assertThat(at(s, Knob.ALPHA, now)).isEqualTo(0.25);
        }
    }

    @ParameterizedTest
    @EnumSource(Curve.class)
    void knobsStopWhereEverythingFreezes(Curve curve) {
        QatSchedule moving =
                NONE.with(ramp(Knob.ALPHA, curve, new Point(0, 1), new Point(10, 0.5)));
        QatSchedule stopping = moving.freezeAt(4);
        for (int now = 0; now <= 4; now++) {
            assertThat(at(stopping, Knob.ALPHA, now)).isEqualTo(at(moving, Knob.ALPHA, now));
        }
        assertThat(at(stopping, Knob.ALPHA, 12)).isEqualTo(at(moving, Knob.ALPHA, 4));
        assertThat(at(moving, Knob.ALPHA, 12)).isEqualTo(0.5);
    }

    @Test
    void refusesTimesBelowZeroAndNoUnit() {
        assertThatThrownBy(() -> NONE.calibrateUntil(-1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("calibrateUntil=-1")
                .hasMessageContaining("times are 0 for never, or positive");
        assertThatThrownBy(() -> NONE.freezeRangesAt(-2)).hasMessageContaining("RangesAt=-2");
        assertThatThrownBy(() -> NONE.freezeBatchNormAt(-4))
                .hasMessageContaining("freezeBatchNormAt=-4");
        assertThatThrownBy(() -> NONE.freezeAt(-3)).hasMessageContaining("freezeAt=-3");
        assertThatThrownBy(() -> new QatSchedule(null, 0, 0, 0, 0, List.of()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("unit=null");
    }

    @Test
    void refusesPhasesThatNeverStart() {
        assertThatThrownBy(() -> NONE.calibrateUntil(10).freezeRangesAt(10))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "Schedule: freezeRangesAt=10 is not after calibrateUntil=10, so the phase"
                                + " between them never starts");
        assertThatThrownBy(() -> NONE.calibrateUntil(10).freezeAt(9))
                .hasMessageContaining("freezeAt=9 is not after calibrateUntil=10");
        assertThatThrownBy(() -> NONE.freezeRangesAt(8).freezeAt(7))
                .hasMessageContaining("freezeRangesAt=8 comes after freezeAt=7")
                .hasMessageContaining("leave it out or make it earlier");
        assertThatThrownBy(() -> NONE.freezeBatchNormAt(8).freezeAt(7))
                .hasMessage(
                        "Schedule: freezeBatchNormAt=8 comes after freezeAt=7, which freezes"
                                + " running statistics too; leave it out or make it earlier");
        assertThatCode(() -> NONE.freezeBatchNormAt(7).freezeAt(7)).doesNotThrowAnyException();
        assertThatCode(() -> NONE.calibrateUntil(10).freezeRangesAt(11).freezeAt(11))
                .doesNotThrowAnyException();
    }

    @Test
    void refusesRampsThatOverlapOrNeverStart() {
        QatSchedule one = NONE.ramp(Knob.NOISE_RATE, 0, 0, 10, 1);
        assertThatThrownBy(() -> one.ramp(Knob.NOISE_RATE, 20, 1, 30, 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "Schedule: two ramps of noise rate overlap; give one ramp all the points");
        assertThatCode(() -> one.ramp(Knob.ALPHA, 0, 0, 10, 1)).doesNotThrowAnyException();
        QatSchedule late = NONE.ramp(Knob.ALPHA, 50, 1, 60, 0);
        assertThatThrownBy(() -> late.freezeAt(50))
                .hasMessageContaining("the ramp of alpha begins at 50")
                .hasMessageContaining("frozen from 50 on, so it never starts");
        assertThatCode(() -> late.freezeAt(51)).doesNotThrowAnyException();
    }

    @Test
    void refusesRampsWithoutPointsOrOrder() {
        assertThatThrownBy(() -> ramp(Knob.ALPHA, Curve.LINEAR))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("points=[]")
                .hasMessageContaining("at least one point");
        assertThatThrownBy(() -> new Ramp(null, Curve.LINEAR, List.of(new Point(0, 0))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("knob=null");
        assertThatThrownBy(() -> new Ramp(Knob.ALPHA, null, List.of(new Point(0, 0))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("curve=null");
        assertThatThrownBy(() -> new Ramp(Knob.ALPHA, Curve.STEPS, null))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("points=null");
        assertThatThrownBy(() -> NONE.ramp(Knob.ALPHA, 5, 0, 5, 1))
                .hasMessage(
                        "Schedule: the ramp of alpha has a point at 5 after one at 5; times ascend"
                                + " and are not negative");
        assertThatThrownBy(() -> NONE.ramp(Knob.ALPHA, 5, 0, 4, 1))
                .hasMessageContaining("a point at 4 after one at 5");
        assertThatThrownBy(() -> NONE.ramp(Knob.ALPHA, -1, 0, 4, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("not negative");
        assertThatThrownBy(() -> NONE.steps(Knob.PORTION, 0, 0.5, 1))
                .hasMessageContaining("a point at 0 after one at 0");
        assertThatThrownBy(() -> NONE.steps(Knob.PORTION, 10))
                .hasMessageContaining("at least one point");
    }

    @ParameterizedTest
    @EnumSource(Knob.class)
    void refusesValuesThatAKnobCannotTake(Knob knob) {
        List<Double> bad = new ArrayList<>(List.of(-0.001, Double.NaN, Double.POSITIVE_INFINITY));
        if (knob != Knob.DAMPENING) {
            bad.add(1.001);
        }
        for (double value : bad) {
            assertThatThrownBy(() -> NONE.ramp(knob, 0, 0.5, 1, value))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining(knob.word() + "=" + value + " is outside [0");
        }
        assertThatCode(() -> NONE.ramp(knob, 0, 0, 1, 1)).doesNotThrowAnyException();
        assertThatCode(() -> NONE.ramp(Knob.DAMPENING, 0, 0, 1, 1e9)).doesNotThrowAnyException();
    }

    /** An error in the middle of a long list of steps must not wrap around to an early time. */
    @Test
    void refusesStepsBeyondTheLargestTime() {
        assertThatThrownBy(() -> NONE.steps(Knob.PORTION, Integer.MAX_VALUE / 2 + 1, 0.5, 0.75, 1))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void comesBackFromJson() throws JsonProcessingException {
        ObjectMapper json = new ObjectMapper();
        QatSchedule s =
                new QatSchedule(
                        Unit.EPOCH,
                        2,
                        5,
                        7,
                        9,
                        List.of(
                                ramp(
                                        Knob.ALPHA,
                                        Curve.COSINE,
                                        new Point(1, 0.75),
                                        new Point(7, 0.1)),
                                ramp(Knob.PORTION, Curve.STEPS, new Point(0, 0.5))));
        QatSchedule back = json.readValue(json.writeValueAsString(s), QatSchedule.class);
        assertThat(back.unit()).isEqualTo(Unit.EPOCH);
        assertThat(back.calibrateUntil()).isEqualTo(2);
        assertThat(back.freezeRangesAt()).isEqualTo(5);
        assertThat(back.freezeBatchNormAt()).isEqualTo(7);
        assertThat(back.freezeAt()).isEqualTo(9);
        assertThat(back.ramps()).hasSize(2);
        Ramp first = back.ramps().get(0);
        assertThat(first.knob()).isEqualTo(Knob.ALPHA);
        assertThat(first.curve()).isEqualTo(Curve.COSINE);
        assertThat(first.points()).containsExactly(new Point(1, 0.75), new Point(7, 0.1));
        assertThat(back).isEqualTo(s);
        assertThat(json.readValue(json.writeValueAsString(NONE), QatSchedule.class))
                .isEqualTo(NONE);
    }

    @Test
    void keepsItsOwnLists() {
        List<Point> points = new ArrayList<>(List.of(new Point(0, 0.5)));
        List<Ramp> ramps = new ArrayList<>(List.of(new Ramp(Knob.ALPHA, Curve.LINEAR, points)));
        QatSchedule s = new QatSchedule(Unit.ITERATION, 0, 0, 0, 0, ramps);
        points.clear();
        ramps.clear();
        assertThat(s.knobs(3, 0)).isEqualTo(Map.of(Knob.ALPHA, 0.5));
    }
}
