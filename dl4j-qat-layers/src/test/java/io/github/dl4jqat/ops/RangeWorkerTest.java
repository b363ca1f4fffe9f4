package io.github.dl4jqat.ops;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.dl4jqat.Seeds;
import io.github.dl4jqat.quant.Granularity;
import java.util.Random;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Ranges of whole arrays, short and long, against one comparison after the other. */
@ExtendWith(Seeds.class)
class RangeWorkerTest {

    private static final float[] SPECIAL = {
        Float.NaN,
        Float.POSITIVE_INFINITY,
        Float.NEGATIVE_INFINITY,
        Float.MAX_VALUE,
        -Float.MAX_VALUE,
        -0f,
        0f
    };

    /** The last one is split over threads. */
    @ParameterizedTest
    @ValueSource(ints = {1, 7, 4096, 4097, 9000, 300_001})
    void a_range_is_that_of_the_finite_elements(int n) {
        Random random = new Random(Seeds.current());
        for (int trial = 0; trial < 12; trial++) {
            float[] x = new float[n];
            // Now and then all of one sign, so that zero is not in the range by itself.
            float shift = trial % 3 * 20 - 20;
            for (int i = 0; i < n; i++) {
                x[i] = (float) random.nextGaussian() + shift;
            }
            if (trial > 0) {
                x[random.nextInt(n)] = SPECIAL[trial % SPECIAL.length];
            }
            compare(x, false);
            compare(x, true);
        }
    }

    private static void compare(float[] x, boolean rectified) {
        float min = Float.POSITIVE_INFINITY;
        float max = Float.NEGATIVE_INFINITY;
        for (float v : x) {
            float r = rectified ? Math.max(v, 0f) : v;
            if (Float.isFinite(r)) {
                min = Math.min(min, r);
                max = Math.max(max, r);
            }
        }
        INDArray array = Nd4j.createFromArray(x);
        for (DataType type : new DataType[] {DataType.FLOAT, DataType.DOUBLE}) {
            INDArray typed = array.castTo(type);
            TensorKernels.Ranges r =
                    rectified
                            ? TensorKernels.rectifiedRanges(typed, Granularity.perTensor(), 0)
                            : TensorKernels.ranges(typed, Granularity.perTensor(), 0);
            assertThat(r.min()).containsExactly(min);
            assertThat(r.max()).containsExactly(max);
        }
        assertThat(array.toFloatVector()).isEqualTo(x);
    }
}
