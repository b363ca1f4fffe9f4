package io.github.dl4jqat.examples.bench;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.dl4jqat.prepare.QatConfig;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.junit.jupiter.api.Test;
import org.nd4j.linalg.dataset.DataSet;

class TwinsTest {

    /** A layer in a wrapper: the clone of its configuration would be shared with the original. */
    @Test
    void switchingTheTwinOffLeavesTheOriginalAlone() {
        BenchNetworks.Subject lstm = BenchNetworks.all().get("LSTM");
        DataSet batch = lstm.data(2);
        ComputationGraph qat = Twins.quantized(lstm.network(), QatConfig.int8(), batch);
        String before = qat.getConfiguration().toJson();
        ComputationGraph floating = Twins.floating(qat);
        assertThat(qat.getConfiguration().toJson()).isEqualTo(before);
        assertThat(floating.getConfiguration().toJson()).isNotEqualTo(before);
        floating.fit(batch);
        qat.fit(batch);
        assertThat(floating.score()).isFinite();
    }
}
