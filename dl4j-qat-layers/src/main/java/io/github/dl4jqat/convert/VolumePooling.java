package io.github.dl4jqat.convert;

import io.github.dl4jqat.integer.AveragePool2d;
import io.github.dl4jqat.integer.Concat;
import io.github.dl4jqat.integer.Conv3d;
import io.github.dl4jqat.integer.MaxPool2d;
import io.github.dl4jqat.integer.Slice;
import io.github.dl4jqat.integer.TensorType;
import io.github.dl4jqat.integer.Window2d;
import io.github.dl4jqat.integer.Window3d;
import io.github.dl4jqat.layers.NetworkView.Node;
import io.github.dl4jqat.layers.QuantizedLayer;
import io.github.dl4jqat.quant.QuantParams;
import io.github.dl4jqat.quant.Requantization;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.deeplearning4j.nn.conf.layers.Subsampling3DLayer;

/** Pooling of volumes, by the operations for images. */
final class VolumePooling {

    private VolumePooling() {}

    /** The largest of each slice, then the largest of the slices. */
    static Flow max(Node node, Flow in, Conversion c) {
        return in.step(
                c.draft(),
                false,
                in.channelsLast(),
                (x, draft) -> {
                    Window3d window = window(node, x);
                    List<Integer> shape = shape(x, window);
                    TensorType slices =
                            draft.reshape(
                                    x,
                                    List.of(x.size(0) * x.size(1), x.size(2), x.size(3)),
                                    node.name());
                    TensorType pooled =
                            new TensorType(
                                    draft.unique(node.name() + ":slices"),
                                    List.of(slices.size(0), shape.get(2), shape.get(3)),
                                    x.params());
                    draft.add(new MaxPool2d(node.name(), slices, pooled, overSlices(window, 1)));
                    int area = shape.get(2) * shape.get(3);
                    TensorType columns =
                            draft.reshape(pooled, List.of(x.size(0), x.size(1), area), node.name());
                    TensorType y =
                            new TensorType(
                                    draft.unique(node.name() + ":columns"),
                                    List.of(x.size(0), shape.get(1), area),
                                    x.params());
                    draft.add(new MaxPool2d(node.name(), columns, y, overDepth(window)));
                    return draft.result(y, shape, node.name());
                });
    }

    /**
     * The mean of the real elements. Without padding a depthwise convolution; with padding each
     * slice of the output is the mean of an image in which the slices that count lie side by side,
     * element by element, so that a window over the volume is one over the image.
     */
    static Flow average(Node node, Flow in, Conversion c) {
        QuantizedLayer layer = (QuantizedLayer) node.running();
        Requantization mode = layer.quantization().requantization();
        c.draft().requireMode(mode);
        TensorType x = in.tensor();
        Window3d window = window(node, x);
        List<Integer> shape = shape(x, window);
        QuantParams params = layer.outputParams();
        boolean padded =
                window.padBefore().stream().anyMatch(n -> n > 0)
                        || window.padAfter().stream().anyMatch(n -> n > 0);
        if (!padded) {
            TensorType y = new TensorType(c.draft().unique(node.name()), shape, params);
            c.draft().add(Conv3d.average(node.name(), x, y, window, mode));
            return Flow.of(y, in.channelsLast());
        }
        List<TensorType> slices = new ArrayList<>();
        for (int z = 0; z < shape.get(1); z++) {
            slices.add(averageSlice(node, x, window, z, params, mode, c.draft()));
        }
        return Flow.of(stacked(node, slices, shape, c.draft()), in.channelsLast());
    }

    /** {@code [C, 1, H', W']}: one slice of the output. */
    private static TensorType averageSlice(
            Node node,
            TensorType x,
            Window3d window,
            int z,
            QuantParams params,
            Requantization mode,
            ModelDraft draft) {
        int first = z * window.stride().get(0) - window.padBefore().get(0);
        int from = Math.max(0, first);
        int count = Math.min(x.size(1), first + window.kernel().get(0)) - from;
        if (count < 1) {
            throw new IllegalArgumentException(
                    "its window covers only padding at depth "
                            + z
                            + " of the output, which has no mean; use a smaller padding");
        }
        int h = x.size(2);
        int w = x.size(3);
        TensorType part =
                new TensorType(
                        draft.unique(node.name() + ":part"),
                        List.of(x.size(0), count, h, w),
                        x.params());
        draft.add(new Slice(node.name(), x, part, List.of(0, from, 0, 0)));
        TensorType sideBySide = draft.transpose(part, List.of(0, 2, 3, 1), node.name());
        TensorType image = draft.reshape(sideBySide, List.of(x.size(0), h, w * count), node.name());
        Window2d around = overSlices(window, count);
        TensorType pooled =
                new TensorType(
                        draft.unique(node.name() + ":pooled"),
                        List.of(x.size(0), around.outputHeight(h), around.outputWidth(w * count)),
                        params);
        draft.add(AveragePool2d.of(node.name(), image, pooled, around, false, mode));
        return draft.reshape(
                pooled, List.of(x.size(0), 1, pooled.size(1), pooled.size(2)), node.name());
    }

    private static TensorType stacked(
            Node node, List<TensorType> slices, List<Integer> shape, ModelDraft draft) {
        if (slices.size() == 1) {
            return draft.result(slices.get(0), shape, node.name());
        }
        Concat all = Concat.of(node.name(), slices, draft.unique(node.name()), 1);
        draft.add(all);
        return all.output();
    }

    private static Window3d window(Node node, TensorType x) {
        Subsampling3DLayer conf = (Subsampling3DLayer) node.layer();
        if (Arrays.stream(conf.getDilation()).anyMatch(d -> d != 1)) {
            throw new IllegalArgumentException(
                    "it pools with dilation "
                            + Windows.ints(conf.getDilation())
                            + ", which Deeplearning4j forgets where it computes shapes; use"
                            + " dilation 1");
        }
        return Windows.ofVolume(
                conf.getConvolutionMode(),
                conf.getKernelSize(),
                conf.getStride(),
                conf.getPadding(),
                conf.getDilation(),
                x);
    }

    private static List<Integer> shape(TensorType x, Window3d window) {
        return List.of(
                x.size(0),
                window.outputs(0, x.size(1)),
                window.outputs(1, x.size(2)),
                window.outputs(2, x.size(3)));
    }

    /** The window over one slice whose elements come that many times side by side. */
    private static Window2d overSlices(Window3d w, int times) {
        return new Window2d(
                w.kernel().get(1),
                w.kernel().get(2) * times,
                w.stride().get(1),
                w.stride().get(2) * times,
                1,
                1,
                w.padBefore().get(1),
                w.padBefore().get(2) * times,
                w.padAfter().get(1),
                w.padAfter().get(2) * times);
    }

    /** The window from slice to slice, over an image with the slices as its rows. */
    private static Window2d overDepth(Window3d w) {
        return new Window2d(
                w.kernel().get(0),
                1,
                w.stride().get(0),
                1,
                1,
                1,
                w.padBefore().get(0),
                0,
                w.padAfter().get(0),
                0);
    }
}
