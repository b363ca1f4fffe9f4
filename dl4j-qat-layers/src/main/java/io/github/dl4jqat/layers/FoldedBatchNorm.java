package io.github.dl4jqat.layers;

import java.io.Serializable;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.params.BatchNormalizationParamInitializer;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The settings of a batch normalization that is folded into the weights of the layer before it.
 * That layer then has the parameters {@code gamma} and {@code beta}, unless they are locked, which
 * its updater trains, and the running statistics {@code mean} and {@code var}, one number for each
 * output channel.
 *
 * <p>Immutable and thread-safe.
 *
 * @param name of the layer it was, for messages
 * @param eps added to the variance
 * @param decay share of the old running statistics that stays at each batch
 * @param minibatch as in the stock configuration, where it has no effect in this version of
 *     Deeplearning4j either; kept so that nothing gets lost
 * @param locked whether gamma and beta are the two constants that follow, not parameters
 * @param gamma the constant factor where locked, else the factor of a new network
 * @param beta the constant shift where locked, else the shift of a new network
 */
public record FoldedBatchNorm(
        String name,
        double eps,
        double decay,
        boolean minibatch,
        boolean locked,
        double gamma,
        double beta)
        implements Serializable {

    private static final long serialVersionUID = 1L;

    /** The key of the factors. */
    static final String GAMMA = BatchNormalizationParamInitializer.GAMMA;

    /** The key of the shifts. */
    static final String BETA = BatchNormalizationParamInitializer.BETA;

    /** The key of the running means. */
    static final String MEAN = BatchNormalizationParamInitializer.GLOBAL_MEAN;

    /** The key of the running variances. */
    static final String VARIANCE = BatchNormalizationParamInitializer.GLOBAL_VAR;

    /** The key under which stock batch normalization may keep log10 of the deviations instead. */
    static final String LOG_DEVIATION = BatchNormalizationParamInitializer.GLOBAL_LOG_STD;

    /** The keys of everything that is not trained. */
    static final List<String> STATISTICS = List.of(MEAN, VARIANCE, LOG_DEVIATION);

    /** Stands for a variance of zero where only its logarithm is kept. */
    private static final double SMALLEST_VARIANCE = 1e-37;

    /** Checks the numbers. */
    public FoldedBatchNorm {
        if (!(eps >= 0) || !(decay >= 0 && decay <= 1)) {
            throw new IllegalArgumentException(
                    "FoldedBatchNorm '"
                            + name
                            + "': eps="
                            + eps
                            + ", decay="
                            + decay
                            + "; eps must not be negative, decay lies in 0..1");
        }
    }

    /** The settings of a stock batch normalization. */
    public static FoldedBatchNorm of(BatchNormalization conf) {
        return new FoldedBatchNorm(
                conf.getLayerName(),
                conf.getEps(),
                conf.getDecay(),
                conf.isMinibatch(),
                conf.isLockGammaBeta(),
                conf.getGamma(),
                conf.getBeta());
    }

    /**
     * Copies gamma, beta and the running statistics from one batch normalization to another: from a
     * stock one to the layer it is folded into, to a {@link QuantBatchNormalization}, or back. The
     * variance goes over whichever way either side keeps it.
     *
     * @param from parameters by name; those of a folded layer's weights are left alone
     * @param to parameters by name, written in place
     * @throws IllegalArgumentException if one side has a gamma or beta that the other lacks, or
     *     another number of channels
     */
    public static void copyParameters(Map<String, INDArray> from, Map<String, INDArray> to) {
        for (String key : new String[] {GAMMA, BETA, MEAN}) {
            if (from.containsKey(key) != to.containsKey(key)) {
                throw new IllegalArgumentException(
                        "FoldedBatchNorm: only "
                                + (from.containsKey(key) ? "the source" : "the target")
                                + " has "
                                + key
                                + ", of "
                                + from.keySet()
                                + " and "
                                + to.keySet()
                                + "; give both the same lockGammaBeta");
            }
            if (from.containsKey(key)) {
                ChannelValues.write(ChannelValues.read(from.get(key)), to.get(key));
            }
        }
        writeVariances(variances(from), to);
    }

    /** The running variances among a layer's parameters, whichever way it keeps them. */
    static double[] variances(Map<String, INDArray> params) {
        if (params.containsKey(VARIANCE)) {
            return ChannelValues.read(params.get(VARIANCE));
        }
        double[] v = ChannelValues.read(params.get(LOG_DEVIATION));
        for (int c = 0; c < v.length; c++) {
            v[c] = Math.pow(10, 2 * v[c]);
        }
        return v;
    }

    /** Writes the running variances the way the layer keeps them. */
    static void writeVariances(double[] variances, Map<String, INDArray> params) {
        if (params.containsKey(VARIANCE)) {
            ChannelValues.write(variances, params.get(VARIANCE));
            return;
        }
        double[] logs = new double[variances.length];
        for (int c = 0; c < logs.length; c++) {
            logs[c] = Math.log10(Math.max(SMALLEST_VARIANCE, variances[c])) / 2;
        }
        ChannelValues.write(logs, params.get(LOG_DEVIATION));
    }
}
