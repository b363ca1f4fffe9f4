package io.github.dl4jqat.layers;

import java.util.Locale;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How FLOAT convolutions of images are computed. ND4J's native operators are fast where it was
 * built with oneDNN and there are not too many weights; elsewhere they are many times slower than a
 * copy of the windows and a matrix product. Chosen once, when the first convolution is set up.
 */
enum ConvolutionPath {
    /** ND4J's {@code conv2d} and {@code conv2d_bp}. */
    NATIVE,

    /** {@link GemmConvolution}. */
    GEMM,

    /**
     * The native operators, but the matrix product where there are many times more weights than
     * numbers that go in and come out. Such weights are copied at each call, in the native backward
     * pass ten times over: that is where its time and its memory go.
     */
    BY_SHAPE;

    /** Weights for each number that goes in or comes out, from where on a product is faster. */
    private static final int WORTH_FORWARD = 32;

    private static final int WORTH_BACKWARD = 4;

    /** System property that chooses by name, in whichever case. */
    static final String PROPERTY = "io.github.dl4jqat.convolution";

    private static final Logger LOG = LoggerFactory.getLogger(ConvolutionPath.class);

    private static final class Chosen {
        private static final ConvolutionPath PATH = choose(System.getProperty(PROPERTY));
    }

    /**
     * Whether a convolution is to be a matrix product.
     *
     * @param weights how many there are
     * @param activations how many numbers go in and come out
     * @param backward whether it is about the gradients
     */
    boolean prefersGemm(long weights, long activations, boolean backward) {
        int worth = backward ? WORTH_BACKWARD : WORTH_FORWARD;
        return this == GEMM || (this == BY_SHAPE && weights >= worth * activations);
    }

    /** What this JVM uses. */
    static ConvolutionPath chosen() {
        return Chosen.PATH;
    }

    /**
     * The path for a setting.
     *
     * @param setting name of a path, or null for the faster one
     */
    static ConvolutionPath choose(String setting) {
        if (setting != null) {
            try {
                return valueOf(setting.toUpperCase(Locale.ROOT));
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException(
                        "System property "
                                + PROPERTY
                                + ": expected native, gemm or by_shape, got '"
                                + setting
                                + "'; leave it out for the faster one",
                        e);
            }
        }
        String build = buildInfo();
        ConvolutionPath path = build.contains("HAVE_ONEDNN") ? BY_SHAPE : GEMM;
        if (build.isEmpty()) {
            path = NATIVE;
        }
        LOG.debug("Convolutions run on path {}; ND4J was built with {}", path, build);
        return path;
    }

    /** What the backend says about itself; empty for one that says nothing, such as CUDA's. */
    private static String buildInfo() {
        try {
            Object holder =
                    Class.forName("org.nd4j.nativeblas.NativeOpsHolder")
                            .getMethod("getInstance")
                            .invoke(null);
            Object ops = holder.getClass().getMethod("getDeviceNativeOps").invoke(holder);
            Class<?> type = Class.forName("org.nd4j.nativeblas.NativeOps");
            String build = (String) type.getMethod("buildInfo").invoke(ops);
            boolean cpu = build != null && build.contains("ENGINE_CPU");
            return cpu ? build.replaceAll("\\s+", " ").strip() : "";
        } catch (ReflectiveOperationException | LinkageError e) {
            LOG.debug("ND4J does not say what it was built with", e);
            return "";
        }
    }
}
