package io.github.dl4jqat.integer;

import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** From a choice to an engine. */
final class Engines {

    private static final Logger LOG = LoggerFactory.getLogger(Engines.class);

    private static final String COORDINATES = "com.microsoft.onnxruntime:onnxruntime";

    private Engines() {}

    static IntegerEngine create(IntegerModel model, EngineChoice choice) {
        if (choice == EngineChoice.JAVA) {
            return new JavaEngine(model);
        }
        String obstacle = obstacle(model).orElse(null);
        if (obstacle == null) {
            try {
                return new OrtEngine(model);
            } catch (UnsupportedOperationException e) {
                obstacle = e.getMessage();
            } catch (LinkageError e) {
                // A library for another processor or an older C library, or a missing nd4j-api.
                obstacle = "ONNX Runtime or a class it needs cannot be loaded: " + e;
                if (choice == EngineChoice.AUTO) {
                    LOG.warn("{}. Computing with the Java engine instead.", obstacle);
                    return new JavaEngine(model);
                }
            }
        }
        if (choice == EngineChoice.ONNX_RUNTIME) {
            throw new UnsupportedOperationException(
                    obstacle + ". Use EngineChoice.AUTO or EngineChoice.JAVA");
        }
        LOG.info("{}. Computing with the Java engine.", obstacle);
        return new JavaEngine(model);
    }

    private static Optional<String> obstacle(IntegerModel model) {
        if (!onClassPath()) {
            return Optional.of("ONNX Runtime (" + COORDINATES + ") is not on the class path");
        }
        return OnnxSupport.obstacle(model);
    }

    private static boolean onClassPath() {
        try {
            Class.forName("ai.onnxruntime.OrtEnvironment", false, Engines.class.getClassLoader());
            return true;
        } catch (ClassNotFoundException e) {
            return false;
        }
    }
}
