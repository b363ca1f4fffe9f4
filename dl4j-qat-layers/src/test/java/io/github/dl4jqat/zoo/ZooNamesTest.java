package io.github.dl4jqat.zoo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ZooNamesTest {

    @ParameterizedTest
    @ValueSource(
            strings = {
                "a",
                "lenet-mnist-int8",
                "0",
                "a.b_c-d",
                "a..b",
                "x123456789012345678901234567890"
            })
    void goodNamesPass(String name) {
        assertThat(ZooNames.name(name)).isEqualTo(name);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                ".",
                "..",
                "-a",
                "a-",
                "a.",
                ".a",
                "A",
                "a/b",
                "a\\b",
                "a b",
                "a%2e",
                "c:",
                "nul",
                "con.x",
                "com1",
                "\u00e9",
                "a\n",
                "a1234567890123456789012345678901234567890123456789012345678901234"
            })
    void otherNamesDoNot(String name) {
        assertThatThrownBy(() -> ZooNames.name(name))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("lower-case letters");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "a.qnet",
                "lenet/lenet-1.0.0.qnet",
                "A/b/C/d.bin",
                "x/1.0.0+build-7.qnet",
                "a..b/c"
            })
    void goodPathsPass(String path) {
        assertThat(ZooNames.path(path)).isEqualTo(path);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "/etc/passwd",
                "../a.qnet",
                "a/../../b.qnet",
                "a/..",
                "./a",
                "a//b",
                "a/",
                "..\\a.qnet",
                "a\\b.qnet",
                "C:a.qnet",
                "C:/a.qnet",
                "c:\\a.qnet",
                "\\\\server\\share\\a",
                "//server/a",
                "file:///etc/passwd",
                "http://example.org/a",
                "a?b",
                "a#b",
                "%2e%2e/a",
                "~/a",
                "a/.hidden",
                "a ",
                "a.",
                "a/NUL",
                "lpt1.qnet",
                "a\u0000.qnet",
                "a\n",
                "zoo.json",
                "1/2/3/4/5/6/7/8/9"
            })
    void pathsThatLeaveTheZooOrMeanOtherThingsElsewhereDoNot(String path) {
        assertThatThrownBy(() -> ZooNames.path(path))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("inside of the zoo");
    }

    @Test
    void longPathsDoNot() {
        String path = "a".repeat(90) + "/" + "b".repeat(90) + "/" + "c".repeat(90);
        assertThatThrownBy(() -> ZooNames.path(path)).isInstanceOf(IllegalArgumentException.class);
    }
}
