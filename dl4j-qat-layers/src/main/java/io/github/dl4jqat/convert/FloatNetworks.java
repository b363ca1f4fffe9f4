package io.github.dl4jqat.convert;

import io.github.dl4jqat.integer.FloatNetwork;
import io.github.dl4jqat.integer.IntegerModel;
import io.github.dl4jqat.integer.IntegerNetwork;
import io.github.dl4jqat.integer.Qnet;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * The float network beside an integer model: into a file that Deeplearning4j reads too, and out of
 * it again. What is written is what Deeplearning4j's own {@code ModelSerializer} writes.
 *
 * <p>A file may come from a stranger, so what is read is looked through before Deeplearning4j sees
 * it: it names classes of Deeplearning4j and ND4J only, and memory is taken for no more
 * coefficients than there are.
 */
public final class FloatNetworks {

    private FloatNetworks() {}

    /**
     * Writes one file for both worlds.
     *
     * @param integer what is to be written
     * @param source the integer model of the network that {@code stock} was made of
     * @param stock a network without a layer of this library
     * @throws IllegalArgumentException if the integers are those of another network
     * @throws IOException if it cannot be written; a file that was there before is then unharmed
     */
    public static void save(IntegerNetwork integer, IntegerModel source, Model stock, Path file)
            throws IOException {
        IntegerModel model = integer.model();
        if (!model.ops().equals(source.ops())
                || !model.inputs().equals(source.inputs())
                || !model.outputs().equals(source.outputs())) {
            throw new IllegalArgumentException(
                    "Qat.save: the integer network was not made of this network, or before it was"
                            + " trained on; save what Qat.convert makes of it now");
        }
        Qnet.write(model, Optional.of(pack(stock)), file);
    }

    private static FloatNetwork pack(Model stock) throws IOException {
        String json =
                stock instanceof MultiLayerNetwork chain
                        ? chain.getLayerWiseConfigurations().toJson()
                        : ((ComputationGraph) stock).getConfiguration().toJson();
        ByteArrayOutputStream coefficients = new ByteArrayOutputStream();
        try (DataOutputStream out = new DataOutputStream(coefficients)) {
            Nd4j.write(stock.params(), out);
        }
        return FloatNetwork.of(json.getBytes(StandardCharsets.UTF_8), coefficients.toByteArray());
    }

    /**
     * The network again, with a fresh updater.
     *
     * @return a {@code MultiLayerNetwork} or a {@code ComputationGraph}
     * @throws IllegalArgumentException if the integer network carries none, or one that is not
     *     sound
     */
    public static Model toFloat(IntegerNetwork integer) {
        FloatNetwork carried =
                integer.floatNetwork()
                        .orElseThrow(
                                () ->
                                        new IllegalArgumentException(
                                                "Qat.toFloat: this integer network carries no float"
                                                    + " network. Load it from a file that Qat.save"
                                                    + " has written; or, where the quantized"
                                                    + " network is at hand, use Qat.strip"));
        byte[] configuration = bytes(carried.configuration());
        boolean graph = CarriedFloats.isGraph(configuration);
        INDArray coefficients = CarriedFloats.coefficients(bytes(carried.coefficients()));
        String json = new String(configuration, StandardCharsets.UTF_8);
        try {
            return graph ? graph(json, coefficients) : chain(json, coefficients);
        } catch (RuntimeException e) {
            // Whatever comes to pass in Deeplearning4j where a configuration makes no sense.
            throw CarriedFloats.unsound(
                    "Deeplearning4j cannot make a network of it: " + e.getMessage(), e);
        }
    }

    private static Model chain(String json, INDArray coefficients) {
        MultiLayerNetwork net = new MultiLayerNetwork(MultiLayerConfiguration.fromJson(json));
        net.init(coefficients, false);
        return net;
    }

    private static Model graph(String json, INDArray coefficients) {
        ComputationGraph net = new ComputationGraph(ComputationGraphConfiguration.fromJson(json));
        net.init(coefficients, false);
        return net;
    }

    private static byte[] bytes(ByteBuffer buffer) {
        byte[] copy = new byte[buffer.remaining()];
        buffer.get(copy);
        return copy;
    }
}
