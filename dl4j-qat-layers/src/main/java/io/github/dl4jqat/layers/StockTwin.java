package io.github.dl4jqat.layers;

import java.lang.reflect.Modifier;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.nd4j.shade.jackson.core.JsonProcessingException;
import org.nd4j.shade.jackson.databind.ObjectMapper;
import org.nd4j.shade.jackson.databind.node.ObjectNode;

/**
 * Makes the quantized twin of a stock layer configuration, and the stock layer of a quantized one,
 * by way of DL4J's JSON: every setting goes over, of builders that are private too, and none can be
 * forgotten when DL4J adds one.
 */
public final class StockTwin {

    private static final String CLASS = "@class";
    private static final String LIBRARY = "io.github.dl4jqat.";

    private StockTwin() {}

    /**
     * The twin.
     *
     * @param stock the stock configuration; left as it is
     * @param type its quantized subclass
     * @param quantization what the twin has beyond it
     * @throws IllegalArgumentException if some part of the configuration cannot be written as JSON
     */
    public static <T extends Layer & QuantLayerConfiguration> T of(
            Layer stock, Class<T> type, LayerQuantization quantization) {
        T twin = subclass(stock, type);
        twin.setQuantization(quantization);
        return twin;
    }

    /**
     * A layer of a subclass, with all settings of a stock one.
     *
     * @param stock the stock configuration; left as it is
     * @throws IllegalArgumentException if some part of the configuration cannot be written as JSON
     */
    static <T extends Layer> T subclass(Layer stock, Class<T> type) {
        return type.cast(retyped(stock, Layer.class, type, stock.getLayerName()));
    }

    /**
     * The stock layer that a quantized one extends, with all its settings: of the nearest
     * superclass that is not quantized and not of this library. What the subclass added is left
     * out.
     *
     * @param quantized the quantized configuration; left as it is
     * @throws IllegalArgumentException if there is no such class that can be instantiated, or some
     *     part of the configuration cannot be written as JSON
     */
    public static Layer stock(Layer quantized) {
        Class<?> type = stockClass(quantized, quantized.getLayerName());
        return retyped(quantized, Layer.class, type, quantized.getLayerName());
    }

    /**
     * The same for a vertex of a graph.
     *
     * @param name the vertex's name, for messages
     */
    public static GraphVertex stock(GraphVertex quantized, String name) {
        return retyped(quantized, GraphVertex.class, stockClass(quantized, name), name);
    }

    /** Whether a class belongs to this library. */
    public static boolean isOurs(Class<?> type) {
        return isOurs(type.getName());
    }

    /** Whether a class of that name belongs to this library. */
    public static boolean isOurs(String className) {
        return className.startsWith(LIBRARY);
    }

    private static Class<?> stockClass(Object quantized, String name) {
        Class<?> type = quantized.getClass();
        while (isOurs(type) || QuantLayerConfiguration.class.isAssignableFrom(type)) {
            type = type.getSuperclass();
        }
        if (type == Object.class || Modifier.isAbstract(type.getModifiers())) {
            throw new IllegalArgumentException(
                    "'"
                            + name
                            + "' ("
                            + quantized.getClass().getName()
                            + ") extends no stock class that could stand for it; its nearest one is"
                            + " "
                            + type.getName());
        }
        return type;
    }

    private static <T> T retyped(Object conf, Class<T> root, Class<?> type, String name) {
        ObjectMapper mapper = NeuralNetConfiguration.mapper();
        try {
            ObjectNode json = (ObjectNode) mapper.readTree(mapper.writeValueAsString(conf));
            json.put(CLASS, type.getName());
            return mapper.treeToValue(json, root);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(
                    "The configuration of layer '"
                            + name
                            + "' ("
                            + conf.getClass().getName()
                            + ") does not survive JSON, which DL4J itself needs to save it: "
                            + e.getOriginalMessage(),
                    e);
        }
    }
}
