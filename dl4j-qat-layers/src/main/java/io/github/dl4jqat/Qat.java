package io.github.dl4jqat;

import io.github.dl4jqat.convert.Converter;
import io.github.dl4jqat.convert.FloatNetworks;
import io.github.dl4jqat.convert.UnsupportedLayerException;
import io.github.dl4jqat.convert.VerificationReport;
import io.github.dl4jqat.convert.Verifier;
import io.github.dl4jqat.integer.IntegerNetwork;
import io.github.dl4jqat.prepare.BatchNormReestimator;
import io.github.dl4jqat.prepare.Calibrator;
import io.github.dl4jqat.prepare.PreparationPlan;
import io.github.dl4jqat.prepare.Preparer;
import io.github.dl4jqat.prepare.QatConfig;
import io.github.dl4jqat.prepare.QuantLayerBuilder;
import io.github.dl4jqat.prepare.Stripper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.dataset.api.iterator.DataSetIterator;
import org.nd4j.linalg.dataset.api.iterator.MultiDataSetIterator;

/**
 * Quantization-aware training of a Deeplearning4j network in four verbs:
 *
 * <pre>
 *   MultiLayerNetwork qatNet = Qat.prepare(floatNet, QatConfig.int8());
 *   Qat.calibrate(qatNet, train, 50);
 *   qatNet.fit(train, 3);                            // ordinary DL4J training
 *   IntegerNetwork integer = Qat.convert(qatNet);
 *   Qat.verify(qatNet, integer, test);               // do both compute the same?
 * </pre>
 *
 * <p>The methods keep no state. They may be called from several threads at once for different
 * networks.
 */
public final class Qat {

    private Qat() {}

    /**
     * A new network with quantization in the loop: same architecture, same layer names and indices,
     * same parameters. The given network is not touched. Layers that cannot be quantized stay as
     * they are, and a warning names them ({@link #plan} shows all).
     *
     * @throws IllegalArgumentException if the network is quantized already, its data type is not
     *     FLOAT, DOUBLE or HALF, a rule matches no layer, or the configuration is strict and a
     *     layer stays float
     */
    public static MultiLayerNetwork prepare(MultiLayerNetwork net, QatConfig config) {
        return Preparer.prepare(net, config);
    }

    /** The same for a graph. */
    public static ComputationGraph prepare(ComputationGraph net, QatConfig config) {
        return Preparer.prepare(net, config);
    }

    /** What {@link #prepare(MultiLayerNetwork, QatConfig)} would do to each layer, and why. */
    public static PreparationPlan plan(MultiLayerNetwork net, QatConfig config) {
        return Preparer.plan(net, config);
    }

    /** What {@link #prepare(ComputationGraph, QatConfig)} would do to each layer, and why. */
    public static PreparationPlan plan(ComputationGraph net, QatConfig config) {
        return Preparer.plan(net, config);
    }

    /**
     * Sets the ranges of all activations from the first {@code batches} batches of real data. The
     * iterator is reset before and after, if it can be. Without calibration, the first training
     * batches set the ranges.
     */
    public static void calibrate(MultiLayerNetwork net, DataSetIterator data, int batches) {
        Calibrator.calibrate(net, data, batches);
    }

    /** The same for a graph with one input. */
    public static void calibrate(ComputationGraph net, DataSetIterator data, int batches) {
        Calibrator.calibrate(net, data, batches);
    }

    /** The same for a graph with any number of inputs. */
    public static void calibrate(ComputationGraph net, MultiDataSetIterator data, int batches) {
        Calibrator.calibrate(net, data, batches);
    }

    /**
     * Sets the running statistics of all batch normalization, folded, quantized or stock, to the
     * average over the first {@code batches} batches, with quantized weights and each batch
     * normalized with its own statistics. Changes nothing else; frozen layers keep theirs. Worth a
     * try after training, where few bits have moved the statistics away from those that training
     * has seen with float weights. The iterator is reset before and after, if it can be.
     *
     * @throws IllegalArgumentException if there is no batch normalization, or no data
     */
    public static void reestimateBatchNorm(
            MultiLayerNetwork net, DataSetIterator data, int batches) {
        BatchNormReestimator.reestimate(net, data, batches);
    }

    /** The same for a graph with one input. */
    public static void reestimateBatchNorm(
            ComputationGraph net, DataSetIterator data, int batches) {
        BatchNormReestimator.reestimate(net, data, batches);
    }

    /** The same for a graph with any number of inputs. */
    public static void reestimateBatchNorm(
            ComputationGraph net, MultiDataSetIterator data, int batches) {
        BatchNormReestimator.reestimate(net, data, batches);
    }

    /**
     * The quantized form of a stock layer, for a network that is written by hand.
     *
     * @throws IllegalArgumentException if the layer needs no quantized form, or has none
     */
    public static QuantLayerBuilder layer(Layer stock) {
        return new QuantLayerBuilder(stock);
    }

    /**
     * The integer network of a quantized network: immutable, independent of it, and with the same
     * output in evaluation to the last bit.
     *
     * @throws UnsupportedLayerException naming every layer that stands in the way
     */
    public static IntegerNetwork convert(MultiLayerNetwork net) {
        return Converter.convert(net);
    }

    /** The same for a graph. */
    public static IntegerNetwork convert(ComputationGraph net) {
        return Converter.convert(net);
    }

    /**
     * The integer network for examples of another shape than those it was trained with: sequences
     * of another length, or larger images for a network that is convolutions throughout.
     *
     * <pre>{@code
     * IntegerNetwork brief = Qat.convert(qatNet, 32, 10);      // 32 features, 10 time steps
     * IntegerNetwork large = Qat.convert(detector, 3, 416, 416);
     * }</pre>
     *
     * A sequence at its own length gives what it gives within a masked batch of longer ones, except
     * behind a bidirectional layer that is pooled over time: in a batch its backward direction
     * reads the padding, as Deeplearning4j's own does.
     *
     * @param inputShape that of one example, as DL4J's arrays have it, without the batch
     * @throws UnsupportedLayerException naming every layer that stands in the way, those that only
     *     fit the training's shape among them
     */
    public static IntegerNetwork convert(MultiLayerNetwork net, long... inputShape) {
        return Converter.convert(net, inputShape);
    }

    /**
     * The same for a graph.
     *
     * @param inputShapes by name of the input; one that is left out keeps the training's shape
     */
    public static IntegerNetwork convert(ComputationGraph net, Map<String, long[]> inputShapes) {
        return Converter.convert(net, inputShapes);
    }

    /**
     * A plain Deeplearning4j network: stock layers only, so that it loads where this library is
     * not, with the weights and biases that the quantized network computes with in evaluation.
     * Names and order of the layers stay. Activations are no longer rounded, so outputs differ a
     * little. The given network is not touched; the new one has a fresh updater.
     *
     * @throws IllegalArgumentException if nothing in the network is quantized, or some part of it
     *     has no stock form
     */
    public static MultiLayerNetwork strip(MultiLayerNetwork net) {
        return Stripper.strip(net);
    }

    /** The same for a graph, from which the quantizers that {@code prepare} put in are removed. */
    public static ComputationGraph strip(ComputationGraph net) {
        return Stripper.strip(net);
    }

    /**
     * Writes one {@code .qnet} file for both worlds: the integer network, and beside it the float
     * network that {@link #strip(MultiLayerNetwork)} gives, in the form in which Deeplearning4j
     * stores networks. {@code IntegerNetwork.load} reads the one, {@code ModelSerializer} the
     * other, also where this library is not. The file is about five times as large as the slim one
     * that {@code integer.save(file)} writes.
     *
     * @param integer what {@link #convert(MultiLayerNetwork)} has made of {@code net}
     * @throws IllegalArgumentException if it was made of another network, or nothing can be
     *     stripped
     * @throws IOException if it cannot be written; a file that was there before is then unharmed
     */
    public static void save(IntegerNetwork integer, MultiLayerNetwork net, Path file)
            throws IOException {
        FloatNetworks.save(integer, Converter.model(net, integer.model()), strip(net), file);
    }

    /** The same for a graph. */
    public static void save(IntegerNetwork integer, ComputationGraph net, Path file)
            throws IOException {
        FloatNetworks.save(integer, Converter.model(net, integer.model()), strip(net), file);
    }

    /**
     * The float network that came with an integer network in one file, see {@link
     * #save(IntegerNetwork, MultiLayerNetwork, Path)}. No class is made that is not
     * Deeplearning4j's or ND4J's, whatever the file says.
     *
     * @return a {@code MultiLayerNetwork} or a {@code ComputationGraph}, with a fresh updater
     * @throws IllegalArgumentException if there is none, or it is not sound
     */
    public static Model toFloat(IntegerNetwork integer) {
        return FloatNetworks.toFloat(integer);
    }

    /**
     * Compares a quantized network with its integer network: each layer alone, on integers, and
     * both end to end.
     */
    public static VerificationReport verify(
            MultiLayerNetwork net, IntegerNetwork integer, DataSetIterator data) {
        return Verifier.verify(net, integer, data);
    }

    /** The same for a graph with one input and any number of outputs. */
    public static VerificationReport verify(
            ComputationGraph net, IntegerNetwork integer, DataSetIterator data) {
        return Verifier.verify(net, integer, data);
    }

    /** The same for a graph with any number of inputs. */
    public static VerificationReport verify(
            ComputationGraph net, IntegerNetwork integer, MultiDataSetIterator data) {
        return Verifier.verify(net, integer, data);
    }
}
