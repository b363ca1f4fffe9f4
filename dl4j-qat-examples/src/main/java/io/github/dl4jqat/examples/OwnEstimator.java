package io.github.dl4jqat.examples;

import io.github.dl4jqat.Qat;
import io.github.dl4jqat.estimator.GradientEstimator;
import io.github.dl4jqat.estimator.Moment;
import io.github.dl4jqat.kernels.EstimatorKernel;
import io.github.dl4jqat.kernels.Grid;
import io.github.dl4jqat.prepare.QatConfig;
import io.github.dl4jqat.quant.QuantSpec;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/**
 * An estimator of one's own: a record with a name and a backward loop. Networks that use it are
 * saved and loaded like any other, as long as the class is there.
 *
 * <pre>
 *   dx = grad * (1 + (height - 1) * (1 - 4 |t|))       t: place between two levels, -0.5 to 0.5
 *   dx = 0                                             beyond the range
 * </pre>
 *
 * The slope is {@code height} where rounding jumps, {@code 2 - height} on a level, and 1 in the
 * mean: with height 1.5 and step 1, x = 0, 0.25, 0.5 gets 0.5, 1, 1.5 times the gradient.
 *
 * <pre>
 *   java @dl4j-qat-examples/target/qat.args io.github.dl4jqat.examples.OwnEstimator
 * </pre>
 *
 * @param height slope where rounding jumps, from 0 to 2; 1 is the clipped straight-through
 *     estimator
 */
public record OwnEstimator(double height) implements GradientEstimator {

    private static final long serialVersionUID = 1L;

    /** The rounding of a scale may put the largest weight this many steps outside. */
    private static final double EDGE = 1e-3;

    /** Checks the height. */
    public OwnEstimator {
        if (!(height >= 0 && height <= 2)) {
            throw new IllegalArgumentException(
                    "OwnEstimator: height=" + height + "; expected 0 to 2");
        }
    }

    @Override
    public String name() {
        return "own";
    }

    @Override
    public EstimatorKernel kernel(QuantSpec spec, Moment moment) {
        return run -> run.each((x, g) -> g * slope(run.grid, run.position(x)));
    }

    private double slope(Grid grid, double position) {
        double inside = grid.clamp(position);
        boolean inRange = Math.abs(position - inside) <= EDGE;
        return inRange ? 1 + (height - 1) * (1 - 4 * Math.abs(grid.withinCell(inside))) : 0;
    }

    /**
     * Which labels a network with the estimator gets right, of all.
     *
     * @param before share with quantization, before any training
     * @param after share after training
     * @param integers share of the integer model
     */
    public record Result(double before, double after, double integers) {}

    /** Trains a network with it. */
    public static void main(String[] args) {
        System.out.println(run());
    }

    /** Teaches 3-bit weights whether a point of the plane lies in a ring; takes a few seconds. */
    public static Result run() {
        int n = 512;
        Nd4j.getRandom().setSeed(1);
        INDArray x = Nd4j.rand(DataType.FLOAT, n, 2).muli(2).subi(1);
        INDArray radius = x.norm2(1);
        INDArray in =
                radius.gt(0.4).castTo(DataType.FLOAT).mul(radius.lt(0.9).castTo(x.dataType()));
        DataSet points = new DataSet(x, Nd4j.hstack(in.rsub(1).reshape(n, 1), in.reshape(n, 1)));

        QatConfig config =
                QatConfig.builder()
                        .weightBits(3)
                        .activationBits(6)
                        .estimator(new OwnEstimator(1.5))
                        .build();
        MultiLayerNetwork net = Qat.prepare(untrained(), config);
        net.fit(points);
        double before = right(net.output(x), points);
        for (int i = 0; i < 400; i++) {
            net.fit(points);
        }
        return new Result(
                before, right(net.output(x), points), right(Qat.convert(net).output(x), points));
    }

    private static MultiLayerNetwork untrained() {
        MultiLayerNetwork net =
                new MultiLayerNetwork(
                        new NeuralNetConfiguration.Builder()
                                .seed(1)
                                .updater(new Adam(0.02))
                                .activation(Activation.RELU)
                                .list()
                                .layer(new DenseLayer.Builder().nIn(2).nOut(24).build())
                                .layer(new DenseLayer.Builder().nIn(24).nOut(24).build())
                                .layer(
                                        new OutputLayer.Builder(LossFunction.MCXENT)
                                                .nIn(24)
                                                .nOut(2)
                                                .activation(Activation.SOFTMAX)
                                                .build())
                                .build());
        net.init();
        return net;
    }

    private static double right(INDArray output, DataSet points) {
        INDArray labels = points.getLabels();
        return output.argMax(1)
                .eq(labels.argMax(1))
                .castTo(DataType.FLOAT)
                .meanNumber()
                .doubleValue();
    }
}
