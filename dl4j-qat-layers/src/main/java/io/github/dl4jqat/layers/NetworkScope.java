package io.github.dl4jqat.layers;

import java.lang.ref.ReferenceQueue;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.nd4j.linalg.api.buffer.DataBuffer;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Lets the quantized layers of one network find each other. A layer needs the scale of the tensor
 * that comes in, and that belongs to the layer that produced it; but DL4J tells a layer nothing
 * about its network. What all layers of a network do share is the one buffer of its parameters, of
 * which each holds a view: that buffer is the key.
 *
 * <p>Nothing here keeps a network alive: keys and values are weak. Thread-safe.
 */
final class NetworkScope {

    private static final Map<BufferKey, NetworkScope> SCOPES = new ConcurrentHashMap<>();
    private static final ReferenceQueue<DataBuffer> COLLECTED = new ReferenceQueue<>();

    private final Map<String, Published> byName = new ConcurrentHashMap<>();
    private final NavigableMap<Integer, Published> byIndex = new ConcurrentSkipListMap<>();
    private final Map<String, List<String>> namedBy = new ConcurrentHashMap<>();
    private volatile Map<String, List<String>> groups = Map.of();

    private NetworkScope() {}

    /** The scope of the network that this view of the parameters belongs to. */
    static NetworkScope of(INDArray parameterView) {
        for (Object gone = COLLECTED.poll(); gone != null; gone = COLLECTED.poll()) {
            SCOPES.remove(gone);
        }
        DataBuffer view = parameterView.data();
        DataBuffer whole = view.originalDataBuffer() == null ? view : view.originalDataBuffer();
        return SCOPES.computeIfAbsent(new BufferKey(whole), k -> new NetworkScope());
    }

    /** Announces the quantizer of a layer's output. */
    void publish(int index, String name, ActivationQuantizer output) {
        byIndex.computeIfAbsent(index, k -> new Published()).add(output);
        if (name != null) {
            publish(name, output);
        }
    }

    /** Announces a quantizer by its name alone. */
    void publish(String name, ActivationQuantizer quantizer) {
        byName.computeIfAbsent(name, k -> new Published()).add(quantizer);
    }

    /**
     * Notes with which layers a layer shares one grid. Layers that name each other belong together,
     * even by way of others or of a name that no layer has any more.
     */
    synchronized void group(String name, List<String> layers) {
        List<String> members = new ArrayList<>(layers);
        members.add(name);
        List<String> before = layers.isEmpty() ? namedBy.remove(name) : namedBy.put(name, members);
        if (layers.isEmpty() ? before == null : members.equals(before)) {
            return;
        }
        ScaleGroups joined = new ScaleGroups();
        new TreeMap<>(namedBy).values().forEach(joined::join);
        Map<String, List<String>> found = new HashMap<>();
        joined.all().forEach(group -> group.forEach(member -> found.put(member, group)));
        groups = found;
    }

    /** The output quantizers of the other layers that share the grid of a layer. */
    List<ActivationQuantizer> sharing(String name) {
        List<ActivationQuantizer> others = new ArrayList<>();
        for (String member : groups.getOrDefault(name, List.of())) {
            ActivationQuantizer q = member.equals(name) ? null : named(member);
            if (q != null) {
                others.add(q);
            }
        }
        return others;
    }

    /** The output quantizer of the layer of that name, or null. */
    ActivationQuantizer named(String name) {
        Published found = byName.get(name);
        return found == null ? null : found.latest();
    }

    /** The output quantizer of the nearest layer with a lower index, or null. */
    ActivationQuantizer before(int index) {
        Map.Entry<Integer, Published> found = byIndex.lowerEntry(index);
        return found == null ? null : found.getValue().latest();
    }

    /**
     * The quantizers of one layer in all networks over the same parameters. They hold the same
     * range, so any will do; but as networks come and go, one that is still there must be found.
     */
    private static final class Published {
        private final List<WeakReference<ActivationQuantizer>> quantizers =
                new CopyOnWriteArrayList<>();

        void add(ActivationQuantizer quantizer) {
            quantizers.removeIf(q -> q.get() == null);
            quantizers.add(0, new WeakReference<>(quantizer));
        }

        ActivationQuantizer latest() {
            for (WeakReference<ActivationQuantizer> q : quantizers) {
                ActivationQuantizer found = q.get();
                if (found != null) {
                    return found;
                }
            }
            return null;
        }
    }

    /** A weak key that compares by identity: buffers compare by their contents. */
    private static final class BufferKey extends WeakReference<DataBuffer> {
        private final int hash;

        BufferKey(DataBuffer buffer) {
            super(buffer, COLLECTED);
            hash = System.identityHashCode(buffer);
        }

        @Override
        public int hashCode() {
            return hash;
        }

        @Override
        public boolean equals(Object o) {
            if (this == o) {
                return true;
            }
            DataBuffer mine = get();
            return o instanceof BufferKey bufferKey && mine != null && mine == bufferKey.get();
        }
    }
}
