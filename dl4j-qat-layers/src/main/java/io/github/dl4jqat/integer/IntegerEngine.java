package io.github.dl4jqat.integer;

import java.util.Collection;
import java.util.Map;

/**
 * Computes an {@link IntegerModel}. All engines give the same integers and, because the steps from
 * the last integers to floats are shared, the same floats.
 *
 * <p>A float island between integers ({@link IntegerModel#floatIslands()}) is the exception: there
 * ONNX Runtime computes in float32 where {@link JavaEngine} computes in double. The {@link
 * Quantize} behind the island may then round to the neighbouring integer, at most one level away,
 * and layers behind it work on that.
 *
 * <p>Implementations are thread-safe: any number of threads may call {@link #run} at once.
 */
public interface IntegerEngine extends AutoCloseable {

    /** A short name for reports, with the version where there is one. */
    String name();

    /** The model this engine computes. */
    IntegerModel model();

    /**
     * Computes the wanted tensors for a batch.
     *
     * @param feeds elements by tensor name, row-major with the batch first; each engine takes the
     *     model's inputs and the tensors that {@link Quantize} makes of them, {@link JavaEngine}
     *     any tensor, so that one layer can be run alone
     * @param wanted names of tensors; each engine gives the model's outputs and the integers that
     *     they are made of, {@link JavaEngine} any tensor
     * @param batch how many examples are fed, at least 1
     * @return the wanted tensors by name
     * @throws IllegalArgumentException for an unknown tensor, a wrong length, an integer outside
     *     its range, an index outside the table of an {@link Embedding}, or a tensor that cannot be
     *     computed from what is fed
     * @throws IllegalStateException after {@link #close}, where closing freed what a run needs
     */
    Map<String, TensorData> run(
            Map<String, TensorData> feeds, Collection<String> wanted, int batch);

    /** Frees what the engine holds outside the heap. Closing twice does nothing. */
    @Override
    void close();
}
