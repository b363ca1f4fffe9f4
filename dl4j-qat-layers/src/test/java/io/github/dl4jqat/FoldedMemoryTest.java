package io.github.dl4jqat;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.dl4jqat.prepare.QatConfig;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.deeplearning4j.datasets.iterator.utilty.SingletonDataSetIterator;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.memory.MemoryWorkspace;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/** Training with folded batch normalizations needs the memory that the stock network needs. */
@ExtendWith(Seeds.class)
class FoldedMemoryTest {

    private static final int STEPS = 4;

    /** Numbers for each channel. */
    private static final long FEW = 100;

    private static final int BATCH = 8;
    private static final int SIDE = 24;
    private static final int CHANNELS = 3;

    /** Where DL4J keeps what the backward pass reads. */
    private static final String KEPT = "WS_ALL_LAYERS_ACT";

    @ParameterizedTest
    @CsvSource({"LEAKYRELU, NCHW", "RELU, NCHW", "SWISH, NCHW", "LEAKYRELU, NHWC"})
    void whatIsKept_isNoMoreThanInTheStockNetwork(
            Activation function, CNN2DFormat format, Random random) throws InterruptedException {
        DataSet batch = batch(format, random);
        MultiLayerNetwork stock = stock(function, format);
        MultiLayerNetwork prepared = Qat.prepare(stock, QatConfig.int8());
        Qat.calibrate(prepared, new SingletonDataSetIterator(batch), 1);
        Map<String, Long> of = workspaces(stock, batch);
        Map<String, Long> own = workspaces(prepared, batch);
        // The quantized input is a copy; channels last are copied for the native convolution.
        double most = format == CNN2DFormat.NCHW ? 1.1 : 1.2;
        assertThat((double) own.get(KEPT) / of.get(KEPT)).isBetween(0.8, most);
        assertThat((double) total(own) / total(of)).isBetween(0.1, most);
    }

    /** Folded weights and second gradients are in memory that all layers share. */
    @Test
    void ofItsWeights_aLayerKeepsTheQuantizedOnes_andNoOtherCopy(Random random)
            throws ReflectiveOperationException {
        DataSet batch = batch(CNN2DFormat.NCHW, random);
        MultiLayerNetwork net =
                Qat.prepare(stock(Activation.RELU, CNN2DFormat.NCHW), QatConfig.int8());
        Qat.calibrate(net, new SingletonDataSetIterator(batch), 1);
        net.fit(batch);
        for (Layer layer : net.getLayers()) {
            INDArray weights = layer.paramTable().get("W");
            if (weights != null) {
                assertThat(kept(layer, Collections.newSetFromMap(new IdentityHashMap<>())))
                        .as("%s", layer.conf().getLayer())
                        .isBetween(weights.length(), weights.length() + FEW);
            }
        }
    }

    /** How many numbers of its own an object of this library holds, and those that it holds. */
    private static long kept(Object object, Set<Object> seen) throws ReflectiveOperationException {
        if (object == null || !seen.add(object)) {
            return 0;
        }
        if (object instanceof INDArray array) {
            return array.isView() || array.isAttached() ? 0 : array.length();
        }
        long numbers = 0;
        for (Class<?> type = object.getClass();
                type.getName().startsWith("io.github.dl4jqat.layers.");
                type = type.getSuperclass()) {
            for (Field field : type.getDeclaredFields()) {
                if (!Modifier.isStatic(field.getModifiers()) && !field.getType().isPrimitive()) {
                    field.setAccessible(true);
                    numbers += kept(field.get(object), seen);
                }
            }
        }
        return numbers;
    }

    private static long total(Map<String, Long> sizes) {
        return sizes.values().stream().mapToLong(Long::longValue).sum();
    }

    /** The sizes of the workspaces after some steps, which belong to a thread. */
    private static Map<String, Long> workspaces(MultiLayerNetwork net, DataSet batch)
            throws InterruptedException {
        Map<String, Long> sizes = new LinkedHashMap<>();
        Thread thread =
                new Thread(
                        () -> {
                            for (int i = 0; i < STEPS; i++) {
                                net.fit(batch);
                            }
                            for (MemoryWorkspace w :
                                    Nd4j.getWorkspaceManager().getAllWorkspacesForCurrentThread()) {
                                sizes.put(w.getId(), w.getCurrentSize());
                            }
                            Nd4j.getWorkspaceManager().destroyAllWorkspacesForCurrentThread();
                        });
        thread.start();
        thread.join();
        return sizes;
    }

    private static MultiLayerNetwork stock(Activation function, CNN2DFormat format) {
        NeuralNetConfiguration.ListBuilder list =
                new NeuralNetConfiguration.Builder().seed(3).updater(new Adam(1e-3)).list();
        for (int block = 1; block <= 3; block++) {
            list.layer(
                    new ConvolutionLayer.Builder(3, 3)
                            .nOut(8 * block)
                            .hasBias(false)
                            .dataFormat(format)
                            .convolutionMode(ConvolutionMode.Same)
                            .activation(Activation.IDENTITY)
                            .build());
            list.layer(new BatchNormalization.Builder().build());
            list.layer(new ActivationLayer.Builder().activation(function).build());
            list.layer(new SubsamplingLayer.Builder(2, 2).stride(2, 2).dataFormat(format).build());
        }
        list.layer(
                new OutputLayer.Builder(LossFunction.MCXENT)
                        .nOut(4)
                        .activation(Activation.SOFTMAX)
                        .build());
        MultiLayerNetwork net =
                new MultiLayerNetwork(
                        list.setInputType(InputType.convolutional(SIDE, SIDE, CHANNELS, format))
                                .build());
        net.init();
        return net;
    }

    private static DataSet batch(CNN2DFormat format, Random random) {
        INDArray x =
                format == CNN2DFormat.NCHW
                        ? Nd4j.create(BATCH, CHANNELS, SIDE, SIDE)
                        : Nd4j.create(BATCH, SIDE, SIDE, CHANNELS);
        for (long i = 0; i < x.length(); i++) {
            x.putScalar(i, random.nextDouble());
        }
        INDArray labels = Nd4j.zeros(BATCH, 4);
        for (int i = 0; i < BATCH; i++) {
            labels.putScalar(i, random.nextInt(4), 1);
        }
        return new DataSet(x, labels);
    }
}
