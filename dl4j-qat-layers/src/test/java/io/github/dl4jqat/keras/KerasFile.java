package io.github.dl4jqat.keras;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.hdf5.Attribute;
import org.bytedeco.hdf5.DataSet;
import org.bytedeco.hdf5.DataSpace;
import org.bytedeco.hdf5.Group;
import org.bytedeco.hdf5.H5File;
import org.bytedeco.hdf5.PredType;
import org.bytedeco.hdf5.StrType;
import org.bytedeco.hdf5.global.hdf5;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.Loader;
import org.nd4j.shade.jackson.core.JsonProcessingException;
import org.nd4j.shade.jackson.databind.ObjectMapper;

/**
 * Writes a model as Keras 2 saves it in HDF5: the architecture and the training settings as JSON
 * attributes of the file, the weights as one group for each layer. Written from the file format, so
 * that tests need neither Python nor a binary file.
 */
final class KerasFile {

    private static final String VERSION = "2.4.0";
    private static final String BACKEND = "tensorflow";
    private static final ObjectMapper JSON = new ObjectMapper();

    /** One weight of a layer, row by row. */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    private record Weight(String name, long[] shape, float[] values) {}

    private final boolean sequential;
    private final List<Map<String, Object>> layers = new ArrayList<>();
    private final Map<String, List<Weight>> weights = new LinkedHashMap<>();
    private String first;
    private String last;

    private KerasFile(boolean sequential) {
        this.sequential = sequential;
    }

    /** A list of layers. */
    static KerasFile sequential() {
        return new KerasFile(true);
    }

    /** A graph of layers, the last of which is its output. */
    static KerasFile functional() {
        return new KerasFile(false);
    }

    /** Whether HDF5's natives are there, as they are not for every platform. */
    static boolean canBeWritten() {
        try {
            Loader.load(hdf5.class);
            return true;
        } catch (UnsatisfiedLinkError e) {
            return false;
        }
    }

    KerasFile input(String name, Integer... shape) {
        List<Integer> batchShape = new ArrayList<>();
        batchShape.add(null);
        batchShape.addAll(List.of(shape));
        Map<String, Object> config = new LinkedHashMap<>();
        config.put("batch_input_shape", batchShape);
        config.put("dtype", "float32");
        config.put("sparse", false);
        return layer("InputLayer", name, config);
    }

    /**
     * A layer.
     *
     * @param inputs the layers it reads; in a list of layers none, it reads the one before
     */
    KerasFile layer(String type, String name, Map<String, Object> settings, String... inputs) {
        Map<String, Object> config = new LinkedHashMap<>();
        config.put("name", name);
        config.put("trainable", true);
        config.putAll(settings);
        Map<String, Object> layer = new LinkedHashMap<>();
        layer.put("class_name", type);
        layer.put("config", config);
        if (!sequential) {
            List<Object> nodes = new ArrayList<>();
            for (String input : inputs) {
                nodes.add(List.of(input, 0, 0, Map.of()));
            }
            layer.put("name", name);
            layer.put("inbound_nodes", nodes.isEmpty() ? List.of() : List.of(nodes));
        }
        layers.add(layer);
        weights.put(name, new ArrayList<>());
        first = first == null ? name : first;
        last = name;
        return this;
    }

    /** A weight of the layer that was added last. */
    KerasFile weight(String name, float[] values, long... shape) {
        weights.get(last).add(new Weight(name, shape, values));
        return this;
    }

    /** Writes a model that was never compiled, so that it has no loss. */
    void writeUncompiled(Path path) {
        write(path, null);
    }

    /** Writes a model that was compiled with that loss. */
    void write(Path path, String loss) {
        H5File file = new H5File(path.toString(), hdf5.H5F_ACC_TRUNC());
        text(file, "keras_version", VERSION);
        text(file, "backend", BACKEND);
        text(file, "model_config", json(architecture()));
        if (loss != null) {
            text(file, "training_config", json(training(loss)));
        }
        Group root = file.createGroup("model_weights");
        text(root, "keras_version", VERSION);
        text(root, "backend", BACKEND);
        texts(root, "layer_names", List.copyOf(weights.keySet()));
        weights.forEach((layer, list) -> write(root, layer, list));
        root._close();
        file._close();
    }

    private Map<String, Object> architecture() {
        Map<String, Object> config = new LinkedHashMap<>();
        config.put("name", "model");
        config.put("layers", layers);
        if (!sequential) {
            config.put("input_layers", List.of(List.of(first, 0, 0)));
            config.put("output_layers", List.of(List.of(last, 0, 0)));
        }
        Map<String, Object> model = new LinkedHashMap<>();
        model.put("class_name", sequential ? "Sequential" : "Functional");
        model.put("config", config);
        model.put("keras_version", VERSION);
        model.put("backend", BACKEND);
        return model;
    }

    private static Map<String, Object> training(String loss) {
        Map<String, Object> adam =
                Map.of(
                        "name", "Adam",
                        "learning_rate", 0.001,
                        "lr", 0.001,
                        "decay", 0.0,
                        "beta_1", 0.9,
                        "beta_2", 0.999,
                        "epsilon", 1e-7);
        return Map.of(
                "loss", loss, "optimizer_config", Map.of("class_name", "Adam", "config", adam));
    }

    private static void write(Group root, String layer, List<Weight> list) {
        Group group = root.createGroup(layer);
        List<String> names = new ArrayList<>();
        list.forEach(w -> names.add(layer + "/" + w.name() + ":0"));
        texts(group, "weight_names", names);
        if (!list.isEmpty()) {
            Group values = group.createGroup(layer);
            list.forEach(w -> write(values, w));
            values._close();
        }
        group._close();
    }

    private static void write(Group group, Weight w) {
        try (DataSpace space = new DataSpace(w.shape().length, w.shape());
                DataSet set = group.createDataSet(w.name() + ":0", PredType.NATIVE_FLOAT(), space);
                FloatPointer values = new FloatPointer(w.values())) {
            set.write(values, PredType.NATIVE_FLOAT());
            set._close();
        }
    }

    private static void text(Group place, String name, String value) {
        byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
        write(place, name, new DataSpace(), bytes, bytes.length);
    }

    /** Strings of one length, as NumPy stores them; nothing at all becomes an empty text. */
    private static void texts(Group place, String name, List<String> values) {
        if (values.isEmpty()) {
            text(place, name, "\0");
            return;
        }
        int length = 1 + values.stream().mapToInt(String::length).max().getAsInt();
        byte[] bytes = new byte[length * values.size()];
        for (int i = 0; i < values.size(); i++) {
            byte[] one = values.get(i).getBytes(StandardCharsets.UTF_8);
            System.arraycopy(one, 0, bytes, i * length, one.length);
        }
        write(place, name, new DataSpace(1, new long[] {values.size()}), bytes, length);
    }

    private static void write(Group place, String name, DataSpace space, byte[] bytes, int length) {
        try (StrType type = new StrType(PredType.C_S1(), length);
                Attribute attribute = place.createAttribute(name, type, space);
                BytePointer content = new BytePointer(bytes)) {
            attribute.write(type, new org.bytedeco.javacpp.Pointer(content));
            attribute._close();
        } finally {
            space.close();
        }
    }

    private static String json(Object value) {
        try {
            return JSON.writeValueAsString(value);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }
}
