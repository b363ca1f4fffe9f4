package io.github.dl4jqat.examples.data;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.dl4jqat.examples.Seeds;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;

/** {@link DrawnDigits} draws the same digits everywhere, and digits worth the name. */
class DrawnDigitsTest {

    private final DigitSet digits = new DrawnDigits(Seeds.seed(), 300, 0).train();

    @Test
    void train_isTheSame_forTheSameSeed() {
        assertThat(checksum(new DrawnDigits(Seeds.seed(), 300, 0).train()))
                .isEqualTo(checksum(digits));
    }

    @Test
    void train_differs_forAnotherSeed() {
        assertThat(checksum(new DrawnDigits(Seeds.seed() + 1, 300, 0).train()))
                .isNotEqualTo(checksum(digits));
    }

    @Test
    void test_sharesNoPictureWithTrain() {
        DigitSet test = new DrawnDigits(Seeds.seed(), 0, 100).test();
        for (int i = 0; i < 100; i++) {
            assertThat(checksum(test, i)).isNotEqualTo(checksum(digits, i));
        }
    }

    @Test
    void picture_doesNotDependOnHowManyAreDrawn() {
        DigitSet few = new DrawnDigits(Seeds.seed(), 50, 0).train();
        assertThat(checksum(few)).isEqualTo(checksum(digits.first(50)));
    }

    /** The quickstart's published figures hold only as long as these pictures do. */
    @Test
    void standard_hasTheStoredChecksums() {
        assertThat(checksum(DrawnDigits.standard().train())).isEqualTo(3215262606L);
        assertThat(checksum(DrawnDigits.standard().test())).isEqualTo(3644330616L);
    }

    @Test
    void everyClass_isThere_equallyOften() {
        int[] counts = new int[DigitSet.CLASSES];
        for (int i = 0; i < digits.size(); i++) {
            counts[digits.label(i)]++;
        }
        assertThat(counts).containsOnly(30);
    }

    @Test
    void everyPicture_hasInk_andLittleOfItAtTheEdge() {
        for (int i = 0; i < digits.size(); i++) {
            int ink = 0;
            int atEdge = 0;
            for (int p = 0; p < DigitSet.PIXELS; p++) {
                int row = p / DigitSet.SIDE;
                int column = p % DigitSet.SIDE;
                if (digits.pixel(i, row, column) > 127) {
                    ink++;
                    boolean edge = Math.min(row, column) == 0 || Math.max(row, column) == 27;
                    atEdge += edge ? 1 : 0;
                }
            }
            assertThat(ink).as("ink of picture %d", i).isBetween(15, 400);
            assertThat(atEdge).as("ink at the edge of picture %d", i).isLessThan(15);
        }
    }

    @Test
    void everyShape_isAPathOnTheField() {
        for (int digit = 0; digit < DigitSet.CLASSES; digit++) {
            assertThat(DigitShapes.variants(digit)).isGreaterThanOrEqualTo(3);
            for (int variant = 0; variant < DigitShapes.variants(digit); variant++) {
                for (DigitShapes.Stroke stroke : DigitShapes.strokes(digit, variant)) {
                    assertThat(stroke.points()).isGreaterThanOrEqualTo(2);
                    for (int i = 0; i < stroke.points(); i++) {
                        assertThat(stroke.x()[i]).isBetween(0.0, 100.0);
                        assertThat(stroke.y()[i]).isBetween(0.0, 100.0);
                    }
                }
            }
        }
    }

    private static long checksum(DigitSet set) {
        CRC32 crc = new CRC32();
        for (int i = 0; i < set.size(); i++) {
            update(crc, set, i);
        }
        return crc.getValue();
    }

    private static long checksum(DigitSet set, int index) {
        CRC32 crc = new CRC32();
        update(crc, set, index);
        return crc.getValue();
    }

    private static void update(CRC32 crc, DigitSet set, int index) {
        crc.update(set.label(index));
        for (int p = 0; p < DigitSet.PIXELS; p++) {
            crc.update(set.pixel(index, p / DigitSet.SIDE, p % DigitSet.SIDE));
        }
    }
}
