package io.github.dl4jqat.convert;

import static io.github.dl4jqat.convert.SmallNets.dense;
import static io.github.dl4jqat.convert.SmallNets.output;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.dl4jqat.Qat;
import io.github.dl4jqat.integer.IntegerNetwork;
import java.util.List;
import org.deeplearning4j.nn.conf.layers.LossLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** A comparison must notice when the two networks do not belong together. */
class VerifierTest {

    private static MultiLayerNetwork regression(long seed, String hidden, String end) {
        return SmallNets.quantized(
                seed,
                dense(hidden, 4, Activation.TANH),
                output(end, 1, LossFunction.MSE, Activation.IDENTITY));
    }

    @Test
    void differentOutputs_areNotExact_evenWhereOneOutputHasOneLabel() {
        VerificationReport.LayerDifference same =
                new VerificationReport.LayerDifference("d", 10, 0, 0, 0);
        assertThat(new VerificationReport(5, List.of(same), "e", 5, 5, 0.25, 0).exact()).isFalse();
        assertThat(new VerificationReport(5, List.of(same), "e", 5, 5, Double.NaN, 0).exact())
                .isFalse();
        assertThat(new VerificationReport(5, List.of(same), "e", 5, 5, 0, 0).exact()).isTrue();
    }

    @Test
    void networkThatWentOnTraining_differsFromItsOldModel() {
        MultiLayerNetwork qat = regression(1, "d", "out");
        try (IntegerNetwork integer = Qat.convert(qat)) {
            assertThat(Qat.verify(qat, integer, SmallNets.data(1, 1)).exact()).isTrue();
            for (int i = 0; i < 20; i++) {
                qat.fit(SmallNets.data(1, 1));
            }
            VerificationReport report = Qat.verify(qat, integer, SmallNets.data(1, 1));
            assertThat(report.exact()).isFalse();
            assertThat(report.maxLsb()).isPositive();
        }
    }

    @Test
    void modelOfAnotherNetwork_isRefused() {
        MultiLayerNetwork qat = regression(1, "d", "out");
        try (IntegerNetwork other = Qat.convert(regression(2, "x", "y"))) {
            assertThatThrownBy(() -> Qat.verify(qat, other, SmallNets.data(1, 1)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("nothing for the layers [d, out]")
                    .hasMessageContaining("not made of this network");
        }
    }

    @Test
    void softmaxOfALossLayer_mayRoundDifferently() {
        MultiLayerNetwork qat =
                SmallNets.quantized(
                        1,
                        dense("d", 7, Activation.IDENTITY),
                        new LossLayer.Builder(LossFunction.MCXENT)
                                .activation(Activation.SOFTMAX)
                                .build());
        try (IntegerNetwork integer = Qat.convert(qat)) {
            VerificationReport report = Qat.verify(qat, integer, SmallNets.data(1, 7));
            assertThat(report.exact()).as("%s", report).isTrue();
            assertThat(report.maxOutputDifference()).isLessThan(1e-6);
        }
    }
}
