package io.github.dl4jqat.zoo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ModelCardTest {

    @Test
    void readsShapesAndBitsOffTheModel() {
        ModelCard card = ZooModels.card();
        assertThat(card.inputs()).hasSize(1);
        assertThat(card.inputs().get(0).shape()).containsExactly(6);
        assertThat(card.inputs().get(0).scale()).isEqualTo(1 / 255.0);
        assertThat(card.inputs().get(0).offset()).isEqualTo(-0.5);
        assertThat(card.weightBits()).isEqualTo(4);
        assertThat(card.activationBits()).isEqualTo(8);
        assertThat(card.contradictions(ZooModels.model(5))).isEmpty();
    }

    @Test
    void isCopiedAndComparesByValue() {
        List<String> labels = new ArrayList<>(List.of("a", "b", "c"));
        ModelCard card = ZooModels.card().toBuilder().labels(labels).build();
        labels.clear();
        assertThat(card.labels()).containsExactly("a", "b", "c");
        assertThat(card.toBuilder().build()).isEqualTo(card).isNotEqualTo(ZooModels.card());
    }

    @Test
    void namesWhatContradictsTheModel() {
        ModelCard card =
                ZooModels.card().toBuilder()
                        .input(new ModelCard.Input(List.of(2), 1, 0, ""))
                        .labels("yes", "no")
                        .build();
        assertThat(card.contradictions(ZooModels.model(0)))
                .containsExactly(
                        "the card says inputs [[6], [2]], the model takes [[6]]",
                        "the card has 2 labels, the model's first output tells 3 things apart");
    }

    @Test
    void refusesWhatCannotBeRight() {
        refused(ModelCard.builder(), "task: (none)");
        refused(ZooModels.card().toBuilder().task(" "), "task");
        refused(ZooModels.card().toBuilder().task("a\u001b[2J"), "control characters");
        refused(ZooModels.card().toBuilder().description("x".repeat(4001)), "at most 4000");
        refused(ZooModels.card().toBuilder().licence(null), "licence");
        refused(ZooModels.card().toBuilder().bits(0, 8), "weightBits: 0");
        refused(ZooModels.card().toBuilder().bits(8, 17), "activationBits: 17");
        refused(ZooModels.card().toBuilder().labels("a", null), "labels");
        refused(
                ModelCard.builder().task("t").licence("l").bits(8, 8),
                "inputs: none; a model takes one at least");
        LocalDate day = LocalDate.of(2026, 1, 1);
        for (double value : new double[] {-0.01, 1.01, 99.4, Double.NaN}) {
            assertThatThrownBy(() -> ModelCard.builder().accuracy(value, "d", 1, day))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("a fraction from 0 to 1");
        }
        assertThatThrownBy(() -> ModelCard.builder().accuracy(0.5, "d", 0, day))
                .hasMessageContaining("0 examples");
        assertThatThrownBy(() -> new ModelCard.Input(List.of(1), 0, 0, ""))
                .hasMessageContaining("a scale that is not 0");
        assertThatThrownBy(() -> new ModelCard.Input(List.of(1, 0), 1, 0, ""))
                .hasMessageContaining("below 1");
        assertThatThrownBy(() -> new ModelCard.Input(List.of(1), 1, Double.NaN, ""))
                .hasMessageContaining("finite");
    }

    private static void refused(ModelCard.Builder builder, String message) {
        assertThatThrownBy(builder::build)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message);
    }
}
