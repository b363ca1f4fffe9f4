package io.github.dl4jqat.convert;

import io.github.dl4jqat.convert.IntegerForms.LayerForm;
import io.github.dl4jqat.integer.Pad;
import io.github.dl4jqat.integer.Slice;
import io.github.dl4jqat.integer.TensorType;
import io.github.dl4jqat.integer.Upsample;
import io.github.dl4jqat.layers.NetworkView.Node;
import io.github.dl4jqat.layers.PassOnLayer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.conf.RNNFormat;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.BaseUpsamplingLayer;
import org.deeplearning4j.nn.conf.layers.DropoutLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.SpaceToDepthLayer;
import org.deeplearning4j.nn.conf.layers.Subsampling1DLayer;
import org.deeplearning4j.nn.conf.layers.Subsampling3DLayer;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.conf.layers.Upsampling1D;
import org.deeplearning4j.nn.conf.layers.Upsampling2D;
import org.deeplearning4j.nn.conf.layers.Upsampling3D;
import org.deeplearning4j.nn.conf.layers.ZeroPadding1DLayer;
import org.deeplearning4j.nn.conf.layers.ZeroPadding3DLayer;
import org.deeplearning4j.nn.conf.layers.ZeroPaddingLayer;
import org.deeplearning4j.nn.conf.layers.convolutional.Cropping1D;
import org.deeplearning4j.nn.conf.layers.convolutional.Cropping2D;
import org.deeplearning4j.nn.conf.layers.convolutional.Cropping3D;
import org.deeplearning4j.nn.conf.layers.misc.RepeatVector;
import org.deeplearning4j.nn.conf.layers.util.MaskLayer;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.activations.impl.ActivationIdentity;

/** The stock layers that keep the grid of their input: they pick, move and repeat integers. */
final class MovingForms {

    private MovingForms() {}

    static Map<Class<? extends Layer>, LayerForm> all() {
        Map<Class<? extends Layer>, LayerForm> forms = new LinkedHashMap<>();
        forms.put(DropoutLayer.class, (node, in, c) -> in);
        forms.put(MaskLayer.class, (node, in, c) -> in);
        forms.put(ActivationLayer.class, MovingForms::function);
        forms.put(PassOnLayer.class, (node, in, c) -> in);
        forms.put(SubsamplingLayer.class, PoolingForms::max);
        forms.put(Subsampling1DLayer.class, PoolingForms::max);
        forms.put(Subsampling3DLayer.class, VolumePooling::max);
        forms.put(GlobalPoolingLayer.class, PoolingForms::globalMax);
        forms.put(Upsampling1D.class, MovingForms::upsample);
        forms.put(Upsampling2D.class, MovingForms::upsample);
        forms.put(Upsampling3D.class, MovingForms::upsample);
        forms.put(
                ZeroPadding1DLayer.class,
                (n, in, c) -> pad(n, in, ((ZeroPadding1DLayer) n.layer()).getPadding(), c));
        forms.put(
                ZeroPaddingLayer.class,
                (n, in, c) -> pad(n, in, ((ZeroPaddingLayer) n.layer()).getPadding(), c));
        forms.put(
                ZeroPadding3DLayer.class,
                (n, in, c) ->
                        pad(
                                n,
                                VolumeShapes.channelsFirst(n, in),
                                ((ZeroPadding3DLayer) n.layer()).getPadding(),
                                c));
        forms.put(
                Cropping1D.class,
                (n, in, c) -> crop(n, in, ((Cropping1D) n.layer()).getCropping(), c));
        forms.put(
                Cropping2D.class,
                (n, in, c) -> crop(n, in, ((Cropping2D) n.layer()).getCropping(), c));
        forms.put(
                Cropping3D.class,
                (n, in, c) ->
                        crop(
                                n,
                                VolumeShapes.channelsFirst(n, in),
                                ((Cropping3D) n.layer()).getCropping(),
                                c));
        forms.put(RepeatVector.class, MovingForms::repeat);
        forms.put(SpaceToDepthLayer.class, MovingForms::spaceToDepth);
        return forms;
    }

    private static Flow function(Node node, Flow in, Conversion c) {
        IActivation f = ((ActivationLayer) node.layer()).getActivationFn();
        return f instanceof ActivationIdentity
                ? in
                : in.step(
                        c.draft(),
                        true,
                        in.channelsLast(),
                        (x, draft) -> c.lookup(node, x, f, x.params()));
    }

    /** A vector as every step of a sequence. */
    private static Flow repeat(Node node, Flow in, Conversion c) {
        RepeatVector conf = (RepeatVector) node.layer();
        return in.step(
                c.draft(),
                false,
                conf.getDataFormat() == RNNFormat.NWC,
                (x, draft) -> {
                    int n = x.elements();
                    TensorType column = draft.reshape(x, List.of(n, 1), node.name());
                    TensorType y =
                            new TensorType(
                                    draft.unique(node.name()), List.of(n, conf.getN()), x.params());
                    draft.add(new Upsample(node.name(), column, y, List.of(1, conf.getN())));
                    return y;
                });
    }

    private static Flow upsample(Node node, Flow in, Conversion c) {
        int[] size = ((BaseUpsamplingLayer) node.layer()).getSize();
        return in.step(
                c.draft(),
                false,
                in.channelsLast(),
                (x, draft) -> {
                    List<Integer> repeats = new ArrayList<>(List.of(1));
                    List<Integer> shape = new ArrayList<>(List.of(x.size(0)));
                    for (int axis = 1; axis < x.rank(); axis++) {
                        repeats.add(size[axis - 1]);
                        shape.add(x.size(axis) * size[axis - 1]);
                    }
                    TensorType y = new TensorType(draft.unique(node.name()), shape, x.params());
                    draft.add(new Upsample(node.name(), x, y, repeats));
                    return y;
                });
    }

    /** Padding before and after each spatial axis, in pairs. */
    private static Flow pad(Node node, Flow in, int[] pairs, Conversion c) {
        return in.step(
                c.draft(),
                false,
                in.channelsLast(),
                (x, draft) -> {
                    List<Integer> before = new ArrayList<>(List.of(0));
                    List<Integer> after = new ArrayList<>(List.of(0));
                    List<Integer> shape = new ArrayList<>(List.of(x.size(0)));
                    for (int axis = 1; axis < x.rank(); axis++) {
                        before.add(pairs[2 * axis - 2]);
                        after.add(pairs[2 * axis - 1]);
                        shape.add(x.size(axis) + before.get(axis) + after.get(axis));
                    }
                    TensorType y = new TensorType(draft.unique(node.name()), shape, x.params());
                    draft.add(new Pad(node.name(), x, y, before, after));
                    return y;
                });
    }

    private static Flow crop(Node node, Flow in, int[] pairs, Conversion c) {
        return in.step(
                c.draft(),
                false,
                in.channelsLast(),
                (x, draft) -> {
                    List<Integer> begin = new ArrayList<>(List.of(0));
                    List<Integer> shape = new ArrayList<>(List.of(x.size(0)));
                    for (int axis = 1; axis < x.rank(); axis++) {
                        begin.add(pairs[2 * axis - 2]);
                        shape.add(x.size(axis) - pairs[2 * axis - 2] - pairs[2 * axis - 1]);
                    }
                    TensorType y = new TensorType(draft.unique(node.name()), shape, x.params());
                    draft.add(new Slice(node.name(), x, y, begin));
                    return y;
                });
    }

    /**
     * Each block of pixels becomes as many channels, the offset within the block varying more
     * slowly than the channel.
     */
    private static Flow spaceToDepth(Node node, Flow in, Conversion c) {
        int block = ((SpaceToDepthLayer) node.layer()).getBlockSize();
        return in.step(
                c.draft(),
                false,
                in.channelsLast(),
                (x, draft) -> {
                    int channels = x.size(0);
                    int h = x.size(1) / block;
                    int w = x.size(2) / block;
                    TensorType split =
                            draft.reshape(x, List.of(channels, h, block, w, block), node.name());
                    TensorType moved = draft.transpose(split, List.of(2, 4, 0, 1, 3), node.name());
                    return draft.reshape(
                            moved, List.of(block * block * channels, h, w), node.name());
                });
    }
}
