package io.github.dl4jqat.integer;

/** Which engine an {@link IntegerNetwork} computes with. */
public enum EngineChoice {
    /** ONNX Runtime where it is on the class path and can run the model, otherwise Java. */
    AUTO,
    /** {@link JavaEngine}. */
    JAVA,
    /** ONNX Runtime; an error where it is missing or cannot run the model. */
    ONNX_RUNTIME
}
