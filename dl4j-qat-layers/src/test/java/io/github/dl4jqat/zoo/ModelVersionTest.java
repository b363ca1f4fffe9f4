package io.github.dl4jqat.zoo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@ExtendWith(io.github.dl4jqat.Seeds.class)
class ModelVersionTest {

    @Test
    void numbersCompareAsNumbersAndWordsComeBeforeTheRelease(Random random) {
        List<String> ascending =
                List.of(
                        "0",
                        "0.9",
                        "1-1",
                        "1-2",
                        "1-10",
                        "1-alpha",
                        "1-alpha.1",
                        "1-alpha.beta",
                        "1-rc9",
                        "1.0.0",
                        "1.0.1",
                        "1.2-rc1",
                        "1.2",
                        "1.2.0.1",
                        "1.10",
                        "9",
                        "10",
                        "999999999");
        List<ModelVersion> shuffled = new ArrayList<>();
        ascending.forEach(text -> shuffled.add(ModelVersion.of(text)));
        Collections.shuffle(shuffled, random);
        Collections.sort(shuffled);
        assertThat(shuffled).map(ModelVersion::toString).isEqualTo(ascending);
    }

    @Test
    void missingNumbersAreZeros() {
        assertThat(ModelVersion.of("1.2"))
                .isEqualTo(ModelVersion.of("1.2.0"))
                .hasSameHashCodeAs(ModelVersion.of("1.2.0.0"))
                .isNotEqualTo(ModelVersion.of("1.2.0-rc1"));
        assertThat(ModelVersion.of("1.2.0-rc.01"))
                .isEqualTo(ModelVersion.of("1.2-rc.1"))
                .hasSameHashCodeAs(ModelVersion.of("1.2-rc.1"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "v1",
                "1.",
                ".1",
                "1..2",
                "01",
                "1.2.3.4.5",
                "1-",
                "1-RC",
                "1-a..b",
                "1 ",
                "9999999999",
                "1/2",
                "../1",
                "1\n",
                "-1",
                "1-0123456789012345678901234567890123456789"
            })
    void everythingElseIsRefused(String text) {
        assertThatThrownBy(() -> ModelVersion.of(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("such as 1.2.0");
    }
}
