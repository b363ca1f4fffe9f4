package io.github.dl4jqat.integer;

import io.github.dl4jqat.quant.Requantization;
import java.util.List;

/** Seeded random operations on volumes. */
final class TestVolumes {

    private final TestModels models;
    private final Requantization mode;

    TestVolumes(TestModels models, Requantization mode) {
        this.models = models;
        this.mode = mode;
    }

    private List<Integer> three(int low, int high) {
        return List.of(
                models.between(low, high), models.between(low, high), models.between(low, high));
    }

    private Window3d window() {
        return new Window3d(three(1, 3), three(1, 3), three(1, 2), three(0, 2), three(0, 2));
    }

    private TensorType input(int channels) {
        List<Integer> sides = three(1, 5);
        return TensorType.of(
                "q", models.activation(0.05), channels, sides.get(0), sides.get(1), sides.get(2));
    }

    private TensorType output(TensorType in, Window3d w, int channels, double scale) {
        return TensorType.of(
                "out",
                models.activation(scale),
                channels,
                w.outputs(0, in.size(1)),
                w.outputs(1, in.size(2)),
                w.outputs(2, in.size(3)));
    }

    Conv3d conv() {
        int groups = models.between(1, 3);
        TensorType in = input(groups * models.between(1, 3));
        Window3d w = window();
        int inputs = in.size(0) / groups;
        Weights weights =
                models.weights(
                        0.01,
                        groups * models.between(1, 3),
                        inputs,
                        w.kernel().get(0),
                        w.kernel().get(1),
                        w.kernel().get(2));
        double scale = models.outputScale(in, weights, inputs * w.volume());
        TensorType out = output(in, w, weights.channels(), scale);
        int[] clamp = models.clamp(out);
        return new Conv3d("layer", in, out, weights, w, groups, mode, clamp[0], clamp[1]);
    }

    Conv3d average() {
        TensorType in = input(models.between(1, 4));
        Window3d w = window();
        TensorType out = output(in, w, in.size(0), in.params().scale() / 2);
        return Conv3d.average("layer", in, out, w, mode);
    }
}
