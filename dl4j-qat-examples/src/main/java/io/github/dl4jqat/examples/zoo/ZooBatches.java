package io.github.dl4jqat.examples.zoo;

import io.github.dl4jqat.examples.network.Network;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.conf.layers.objdetect.Yolo2OutputLayer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Batches of noise with labels of the shape that a network's last layer expects. Nothing can be
 * learned from them; that every layer gets numbers, and a gradient, is what they are for.
 */
final class ZooBatches {

    /** Coordinates of a box, before its classes. */
    private static final int BOX = 4;

    /** Those, and the confidence, in what the network gives for a box. */
    private static final int PREDICTED = 5;

    private final ZooSubject subject;
    private final Network net;
    private final Random random;

    ZooBatches(ZooSubject subject, Network net, long seed) {
        this.subject = subject;
        this.net = net;
        this.random = new Random(seed);
    }

    /** Batches of that many examples. */
    List<DataSet> make(int batches, int examples) {
        List<DataSet> made = new ArrayList<>();
        for (int i = 0; i < batches; i++) {
            INDArray x = features(examples);
            made.add(new DataSet(x, labels(net.output(x.dup()).shape())));
        }
        return made;
    }

    private INDArray features(int examples) {
        long[] shape = subject.batch(examples);
        if (subject.input() == ZooSubject.Input.CHARACTERS) {
            return oneHot(shape);
        }
        float[] values = new float[Math.toIntExact(product(shape))];
        for (int i = 0; i < values.length; i++) {
            values[i] = random.nextFloat();
        }
        return Nd4j.createFromArray(values).reshape('c', shape);
    }

    private INDArray labels(long[] output) {
        Layer last = net.layers().get(net.layers().size() - 1);
        if (last.conf().getLayer() instanceof Yolo2OutputLayer yolo) {
            return boxes(output, Math.toIntExact(yolo.getBoundingBoxes().size(0)));
        }
        return output[1] == 1 ? coins(output) : oneHot(output);
    }

    /** A one at a random place of the second axis, for every place of the others. */
    private INDArray oneHot(long[] shape) {
        int classes = Math.toIntExact(shape[1]);
        int places = Math.toIntExact(product(shape) / shape[0] / classes);
        float[] values = new float[Math.toIntExact(product(shape))];
        for (int example = 0; example < shape[0]; example++) {
            for (int place = 0; place < places; place++) {
                int at = (example * classes + random.nextInt(classes)) * places + place;
                values[at] = 1;
            }
        }
        return Nd4j.createFromArray(values).reshape('c', shape);
    }

    private INDArray coins(long[] shape) {
        float[] values = new float[Math.toIntExact(product(shape))];
        for (int i = 0; i < values.length; i++) {
            values[i] = random.nextInt(2);
        }
        return Nd4j.createFromArray(values).reshape('c', shape);
    }

    /**
     * One object in each image: {@code [examples, 4 + classes, rows, columns]}, corners in units of
     * the grid and the class at the cell of its center, zeros elsewhere.
     */
    private INDArray boxes(long[] output, int priors) {
        int classes = Math.toIntExact(output[1] / priors) - PREDICTED;
        long rows = output[2];
        long columns = output[3];
        INDArray labels = Nd4j.zeros(DataType.FLOAT, output[0], BOX + classes, rows, columns);
        for (long i = 0; i < output[0]; i++) {
            double x = random.nextDouble() * columns;
            double y = random.nextDouble() * rows;
            double halfWidth = 0.1 + random.nextDouble();
            double halfHeight = 0.1 + random.nextDouble();
            double[] corners = {x - halfWidth, y - halfHeight, x + halfWidth, y + halfHeight};
            for (int c = 0; c < BOX; c++) {
                labels.putScalar(new long[] {i, c, (long) y, (long) x}, corners[c]);
            }
            labels.putScalar(new long[] {i, BOX + random.nextInt(classes), (long) y, (long) x}, 1);
        }
        return labels;
    }

    private static long product(long[] shape) {
        long product = 1;
        for (long size : shape) {
            product *= size;
        }
        return product;
    }
}
