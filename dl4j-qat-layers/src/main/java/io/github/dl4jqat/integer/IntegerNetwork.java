package io.github.dl4jqat.integer;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.nd4j.evaluation.classification.Evaluation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;

/**
 * A network that computes with integers, and with floats only in the layers that {@link
 * IntegerModel#floatIslands()} names: an {@link IntegerModel} and an engine that runs it.
 *
 * <pre>{@code
 * try (IntegerNetwork net = IntegerNetwork.load(Path.of("lenet.qnet"))) {
 *     INDArray probabilities = net.output(images);
 * }
 * }</pre>
 *
 * <p>The methods that take plain arrays load no array of ND4J: they serve where the training
 * library is not installed. Reading a file then needs {@code org.nd4j:jackson} and {@code
 * org.slf4j:slf4j-api} only, ONNX Runtime {@code org.nd4j:nd4j-api} and {@code org.nd4j:protobuf}
 * too. All engines give the same numbers, up to what {@link IntegerEngine} says about float
 * islands.
 *
 * <p>Immutable and thread-safe; any number of threads may share one network. {@link #close} frees
 * native memory of the engine; a network that is never closed is cleaned up when it is collected.
 */
public final class IntegerNetwork implements AutoCloseable {

    private final IntegerModel model;
    private final IntegerEngine engine;
    private final FloatNetwork floatNetwork;

    private IntegerNetwork(IntegerModel model, IntegerEngine engine, FloatNetwork floatNetwork) {
        this.model = model;
        this.engine = engine;
        this.floatNetwork = floatNetwork;
    }

    /** A network with the fastest engine that can run the model. */
    public static IntegerNetwork of(IntegerModel model) {
        return of(model, EngineChoice.AUTO);
    }

    /**
     * A network with the chosen engine.
     *
     * @throws UnsupportedOperationException if that engine was asked for by name and is missing or
     *     cannot run the model; the message says why
     */
    public static IntegerNetwork of(IntegerModel model, EngineChoice choice) {
        return new IntegerNetwork(model, Engines.create(model, choice), null);
    }

    /**
     * Reads a {@code .qnet} file.
     *
     * @throws QnetFormatException if the file is broken; it names the file and the reason
     * @throws IOException if it cannot be read at all
     */
    public static IntegerNetwork load(Path file) throws IOException {
        QnetReader reader = Qnet.reader(file);
        IntegerModel model = reader.read();
        IntegerEngine engine = Engines.create(model, EngineChoice.AUTO);
        return new IntegerNetwork(model, engine, reader.floatNetwork());
    }

    /**
     * Writes the model as a {@code .qnet} file: to a temporary neighbour first, then in place. The
     * float network is written too if this one carries it ({@link #floatNetwork()}); {@code
     * IntegerNetwork.of(net.model()).save(file)} leaves it behind.
     *
     * @throws IOException if it cannot be written; a file that was there before is then unharmed
     */
    public void save(Path file) throws IOException {
        Qnet.write(model, floatNetwork(), file);
    }

    /**
     * The float network beside the integers: there if this network was loaded from a file that has
     * it, which is what {@code Qat.save} writes. {@code Qat.toFloat} turns it into a network.
     */
    public Optional<FloatNetwork> floatNetwork() {
        return Optional.ofNullable(floatNetwork);
    }

    /** The same model on another engine, which the caller closes on its own. */
    public IntegerNetwork withEngine(EngineChoice choice) {
        return new IntegerNetwork(model, Engines.create(model, choice), floatNetwork);
    }

    /** What is computed. */
    public IntegerModel model() {
        return model;
    }

    /** The name of the engine that computes it. */
    public String engine() {
        return engine.name();
    }

    /** Bytes of weights at their bit width, biases and scales. */
    public long weightBytes() {
        return model.weightBytes();
    }

    /** A table of the layers, like the one of a Deeplearning4j network. */
    public String summary() {
        return NetworkSummary.of(model, engine.name());
    }

    /**
     * The output for a batch, for a network with one input and one output.
     *
     * @param input {@code [examples, the declared shape...]}, or the same numbers as rows or as an
     *     image where the other is declared; any type, ordering or view; doubles are quantized in
     *     double arithmetic, every other type is cast to float first
     * @return floats {@code [examples, the output's shape...]}
     */
    public INDArray output(INDArray input) {
        single("input", model.inputs());
        single("output", model.outputs());
        return NdArrays.output(engine, new INDArray[] {input})[0];
    }

    /** The outputs for a batch in the order of the model, one array for each input. */
    public INDArray[] outputs(INDArray... inputs) {
        return NdArrays.output(engine, inputs);
    }

    /** Classification metrics over all batches of an iterator, which is reset if it can be. */
    public Evaluation evaluate(DataSetIterator iterator) {
        return NdArrays.evaluate(engine, iterator);
    }

    /**
     * The output for a batch, for a network with one input and one output. No class of ND4J is
     * involved.
     *
     * @param input row-major with the batch first
     * @param examples how many examples {@code input} holds
     */
    public float[] output(float[] input, int examples) {
        TensorType in = single("input", model.inputs());
        TensorType out = single("output", model.outputs());
        Map<String, TensorData> feeds = Map.of(in.name(), TensorData.of(input));
        return engine.run(feeds, List.of(out.name()), examples).get(out.name()).floats();
    }

    /** The outputs by name for inputs by name. No class of ND4J is involved. */
    public Map<String, float[]> output(Map<String, float[]> inputs, int examples) {
        Map<String, TensorData> feeds = new LinkedHashMap<>();
        inputs.forEach((name, x) -> feeds.put(name, TensorData.of(x)));
        List<String> wanted = new ArrayList<>();
        model.outputs().forEach(t -> wanted.add(t.name()));
        Map<String, float[]> outputs = new LinkedHashMap<>();
        engine.run(feeds, wanted, examples).forEach((name, y) -> outputs.put(name, y.floats()));
        return outputs;
    }

    /**
     * Integers in, integers out: from the input as {@link Quantize} would give it to the logits as
     * {@link Dequantize} would get them. No class of ND4J is involved.
     *
     * @param quantizedInput row-major with the batch first, each within the range of {@link
     *     #quantizedInput()}
     */
    public int[] output(int[] quantizedInput, int examples) {
        TensorType in = quantizedInput();
        TensorType out = quantizedOutput();
        Map<String, TensorData> feeds = Map.of(in.name(), TensorData.of(quantizedInput));
        return engine.run(feeds, List.of(out.name()), examples).get(out.name()).ints();
    }

    /**
     * The same with one byte for each integer, for tensors of up to 8 bits. Unsigned integers are
     * the byte's bits read without sign, 200 is {@code (byte) 200}.
     */
    public byte[] output(byte[] quantizedInput, int examples) {
        boolean signed = byteWide(quantizedInput()).params().spec().signed();
        byteWide(quantizedOutput());
        int[] in = new int[quantizedInput.length];
        for (int i = 0; i < in.length; i++) {
            in[i] = signed ? quantizedInput[i] : Byte.toUnsignedInt(quantizedInput[i]);
        }
        int[] out = output(in, examples);
        byte[] bytes = new byte[out.length];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) out[i];
        }
        return bytes;
    }

    private static TensorType byteWide(TensorType tensor) {
        if (tensor.params().spec().bits() > Byte.SIZE) {
            throw new UnsupportedOperationException(
                    "IntegerNetwork.output(byte[], int): tensor "
                            + tensor
                            + " has more than 8 bits; use output(int[], int)");
        }
        return tensor;
    }

    /** The integers that the only input becomes. */
    public TensorType quantizedInput() {
        String input = single("input", model.inputs()).name();
        List<TensorType> found = new ArrayList<>();
        for (IntegerOp op : model.ops()) {
            if (op instanceof Quantize quantize && quantize.input().name().equals(input)) {
                found.add(op.output());
            }
        }
        return single("quantized form of input '" + input + "'", found);
    }

    /**
     * The integers that the only output is made of: the logits, or what the last float layers read.
     */
    public TensorType quantizedOutput() {
        String output = single("output", model.outputs()).name();
        return ModelEnds.endOf(model, output).orElseThrow();
    }

    private static TensorType single(String what, List<TensorType> tensors) {
        if (tensors.size() != 1) {
            throw new UnsupportedOperationException(
                    "IntegerNetwork: this method needs one "
                            + what
                            + ", the network has "
                            + tensors
                            + "; use outputs(INDArray...) or output(Map, int)");
        }
        return tensors.get(0);
    }

    /** Frees what the engine holds outside the heap. Closing twice does nothing. */
    @Override
    public void close() {
        engine.close();
    }

    @Override
    public String toString() {
        return "IntegerNetwork(" + model + ", engine " + engine.name() + ")";
    }
}
