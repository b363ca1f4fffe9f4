package io.github.dl4jqat.convert;

import io.github.dl4jqat.convert.IntegerForms.LayerForm;
import java.util.LinkedHashMap;
import java.util.Map;
import org.deeplearning4j.nn.conf.layers.Layer;

/** The stock layers and vertices that compute in float, in the integer model too. */
final class IslandForms {

    private IslandForms() {}

    /** Whether a layer computes in float within the integer model. */
    static boolean isIsland(Layer layer) {
        return layers().containsKey(layer.getClass());
    }

    static Map<Class<? extends Layer>, LayerForm> layers() {
        return new LinkedHashMap<>();
    }
}
