package io.github.dl4jqat.examples.zoo;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.deeplearning4j.nn.api.Model;
import org.deeplearning4j.nn.conf.layers.LossLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.transferlearning.FineTuneConfiguration;
import org.deeplearning4j.nn.transferlearning.TransferLearning;
import org.deeplearning4j.zoo.ZooModel;
import org.deeplearning4j.zoo.model.AlexNet;
import org.deeplearning4j.zoo.model.Darknet19;
import org.deeplearning4j.zoo.model.FaceNetNN4Small2;
import org.deeplearning4j.zoo.model.InceptionResNetV1;
import org.deeplearning4j.zoo.model.LeNet;
import org.deeplearning4j.zoo.model.ResNet50;
import org.deeplearning4j.zoo.model.SimpleCNN;
import org.deeplearning4j.zoo.model.SqueezeNet;
import org.deeplearning4j.zoo.model.TextGenerationLSTM;
import org.deeplearning4j.zoo.model.TinyYOLO;
import org.deeplearning4j.zoo.model.UNet;
import org.deeplearning4j.zoo.model.VGG16;
import org.deeplearning4j.zoo.model.VGG19;
import org.deeplearning4j.zoo.model.Xception;
import org.deeplearning4j.zoo.model.YOLO2;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/**
 * All models of Deeplearning4j's zoo with random weights, ten classes, and a small input: all that
 * is asked of them is whether and how exactly they go all the way.
 */
public final class ZooModels {

    private static final int CLASSES = 10;
    private static final long SEED = 1234;
    private static final int CHARACTERS = 47;

    /** Leaves two by two pixels behind five halvings. */
    private static final int NASNET_PIXELS = 64;

    /** More than the 50 that its back-propagation goes at once. */
    private static final int STEPS = 60;

    private static final List<ZooSubject> ALL = all();

    private ZooModels() {}

    /** The models in the order of their size, roughly. */
    public static List<ZooSubject> list() {
        return ALL;
    }

    /** Their names, in the same order. */
    public static List<String> names() {
        return ALL.stream().map(ZooSubject::name).toList();
    }

    /**
     * The model of that name, in whichever case.
     *
     * @throws IllegalArgumentException if there is none; it names them all
     */
    public static ZooSubject named(String name) {
        return ALL.stream()
                .filter(s -> s.name().equalsIgnoreCase(name))
                .findFirst()
                .orElseThrow(
                        () ->
                                new IllegalArgumentException(
                                        "no model '"
                                                + name
                                                + "' in the zoo; there are "
                                                + String.join(", ", names())));
    }

    private static List<ZooSubject> all() {
        List<ZooSubject> all = new ArrayList<>();
        all.add(digits("LeNet", 28, () -> LeNet.builder().numClasses(CLASSES).build()));
        all.add(
                new ZooSubject(
                        "SimpleCNN",
                        ZooSubject.Input.IMAGE,
                        new long[] {3, 48, 48},
                        ZooModels::simpleCnn,
                        "ends in an activation, which Deeplearning4j cannot train; here it has a"
                                + " loss layer behind that"));
        all.add(images("SqueezeNet", 64, () -> SqueezeNet.builder().numClasses(CLASSES).build()));
        all.add(images("UNet", 32, () -> UNet.builder().build()));
        all.add(images("Darknet19", 64, () -> Darknet19.builder().numClasses(CLASSES).build()));
        all.add(images("TinyYOLO", 96, () -> TinyYOLO.builder().numClasses(CLASSES).build()));
        all.add(images("YOLO2", 64, () -> YOLO2.builder().numClasses(CLASSES).build()));
        all.add(images("VGG16", 32, () -> VGG16.builder().numClasses(CLASSES).build()));
        all.add(images("VGG19", 32, () -> VGG19.builder().numClasses(CLASSES).build()));
        all.add(images("ResNet50", 96, () -> ResNet50.builder().numClasses(CLASSES).build()));
        all.add(images("Xception", 71, () -> Xception.builder().numClasses(CLASSES).build()));
        all.add(
                images(
                        "FaceNetNN4Small2",
                        96,
                        () -> FaceNetNN4Small2.builder().numClasses(CLASSES).build()));
        all.add(
                images(
                        "InceptionResNetV1",
                        128,
                        () -> InceptionResNetV1.builder().numClasses(CLASSES).build()));
        all.add(images("AlexNet", 96, () -> AlexNet.builder().numClasses(CLASSES).build()));
        all.add(
                new ZooSubject(
                        "NASNet",
                        ZooSubject.Input.IMAGE,
                        new long[] {3, NASNET_PIXELS, NASNET_PIXELS},
                        ZooModels::nasNet,
                        "the zoo's own init() fails in this version of Deeplearning4j; this is the"
                                + " same architecture, written from its paper"));
        all.add(
                new ZooSubject(
                        "TextGenerationLSTM",
                        ZooSubject.Input.CHARACTERS,
                        new long[] {CHARACTERS, STEPS},
                        ZooModels::textGeneration));
        return List.copyOf(all);
    }

    private static ZooSubject digits(String name, int pixels, Supplier<ZooModel<?>> model) {
        return new ZooSubject(
                name,
                ZooSubject.Input.ROW,
                new long[] {(long) pixels * pixels},
                () -> model.get().init());
    }

    private static ZooSubject images(String name, int pixels, Supplier<ZooModel<?>> model) {
        return new ZooSubject(
                name,
                ZooSubject.Input.IMAGE,
                new long[] {3, pixels, pixels},
                () -> {
                    ZooModel<?> of = model.get();
                    of.setInputShape(new int[][] {{3, pixels, pixels}});
                    return of.init();
                });
    }

    /** It ends in an activation, which Deeplearning4j cannot train; so it gets a loss. */
    private static Model simpleCnn() {
        MultiLayerNetwork net =
                (MultiLayerNetwork) SimpleCNN.builder().numClasses(CLASSES).build().init();
        return new TransferLearning.Builder(net)
                .fineTuneConfiguration(new FineTuneConfiguration.Builder().seed(SEED).build())
                .addLayer(
                        new LossLayer.Builder(LossFunction.MCXENT)
                                .name("loss")
                                .activation(Activation.IDENTITY)
                                .build())
                .build();
    }

    /** The paper's size, for smaller images and fewer classes. */
    private static Model nasNet() {
        NasNetMobile.Size full = NasNetMobile.Size.mobile();
        NasNetMobile.Size size =
                new NasNetMobile.Size(
                        3,
                        NASNET_PIXELS,
                        NASNET_PIXELS,
                        CLASSES,
                        full.penultimateFilters(),
                        full.cells());
        return NasNetMobile.build(size, SEED);
    }

    private static Model textGeneration() {
        TextGenerationLSTM model =
                TextGenerationLSTM.builder().totalUniqueCharacters(CHARACTERS).build();
        // The builder leaves the shape out.
        model.setInputShape(new int[][] {{STEPS, CHARACTERS}});
        return model.init();
    }
}
