package io.github.dl4jqat.export.tflite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.dl4jqat.export.tflite.TfLiteRuntime.Kernels;
import io.github.dl4jqat.integer.RandomModels;
import io.github.dl4jqat.integer.UnsupportedOpException;
import io.github.dl4jqat.quant.Requantization;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Each operation alone, in random configurations, on the real interpreter. */
class OperationsTest {

    private static final Logger LOG = LoggerFactory.getLogger(OperationsTest.class);

    private static final int CONFIGURATIONS = 25;
    private static final int MANY_CONFIGURATIONS = 400;
    private static final int BATCH = 3;

    /** What has no form at all. */
    private static final List<String> REFUSED = List.of("CONV_3D", "AVERAGE_POOL_3D");

    static Stream<String> kinds() {
        return RandomModels.kinds().stream().filter(kind -> !REFUSED.contains(kind));
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void floatModeEqualsXnnpack(String kind) {
        assertThat(compare(kind, Requantization.FLOAT, Kernels.XNNPACK, CONFIGURATIONS).differing())
                .isZero();
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void fixedPointModeEqualsTheReferenceKernels(String kind) {
        assumeTrue(ReferenceKernels.available(), "the library hides its reference kernels");
        assertThat(
                        compare(kind, Requantization.FIXED_POINT, Kernels.REFERENCE, CONFIGURATIONS)
                                .differing())
                .isZero();
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void theOptimizedKernelsAreWithinOneLevel(String kind) {
        assertThat(
                        compare(kind, Requantization.FIXED_POINT, Kernels.BUILT_IN, CONFIGURATIONS)
                                .largest())
                .isLessThanOrEqualTo(1);
    }

    @Tag("long")
    @ParameterizedTest
    @MethodSource("kinds")
    void manyConfigurations(String kind) {
        assertThat(
                        compare(kind, Requantization.FLOAT, Kernels.XNNPACK, MANY_CONFIGURATIONS)
                                .differing())
                .isZero();
        assumeTrue(ReferenceKernels.available(), "the library hides its reference kernels");
        assertThat(
                        compare(
                                        kind,
                                        Requantization.FIXED_POINT,
                                        Kernels.REFERENCE,
                                        MANY_CONFIGURATIONS)
                                .differing())
                .isZero();
    }

    @Test
    void theReferenceKernelsAreFound() {
        // Where this fails, the tests against them would pass over themselves unseen.
        assumeTrue(System.getProperty("os.name").equals("Linux"), "only tried on Linux");
        assertThat(ReferenceKernels.available()).isTrue();
    }

    private static Compared compare(
            String kind, Requantization mode, Kernels kernels, int configurations) {
        Compared all = Compared.NOTHING;
        int refused = 0;
        for (int seed = 0; seed < configurations; seed++) {
            RandomModels.Sample sample = RandomModels.operation(kind, seed, mode, BATCH);
            try {
                all = all.plus(Compared.of(sample, kernels, BATCH));
            } catch (UnsupportedOpException e) {
                refused++;
            }
        }
        LOG.debug("{} {} {}: {}, {} refused", kind, mode, kernels, all, refused);
        // Most random means and sums of three have zero points that differ, and so no form.
        assertThat(refused).isLessThan(configurations * 19 / 20);
        // Outputs that all saturate would agree whatever is computed.
        assertThat((double) all.inner() / all.outputs()).isGreaterThan(0.05);
        return all;
    }
}
