package io.github.dl4jqat.ops;

import org.nd4j.imports.converters.ImportClassMapping;

/**
 * Makes the ops of this package known to SameDiff, which looks an op up by its name whenever it
 * copies or loads a graph. Whoever builds a graph with {@link FakeQuantize} has done so without
 * knowing. Only a program that loads a saved graph and touches no other class of this library must
 * call {@link #register()} first:
 *
 * <pre>
 *   QatOps.register();
 *   SameDiff sd = SameDiff.load(file, true);
 * </pre>
 *
 * Without it {@code SameDiff.load} stops with ND4J's {@code IllegalStateException: No op known for
 * hash: 0 and name qat_fake_quantize}; it never computes with another op instead.
 *
 * <p>Thread-safe.
 */
public final class QatOps {

    static {
        // The map is the live one that SameDiff reads; its keys are what saved graphs contain.
        ImportClassMapping.getOpNameMapping().put(FakeQuantize.OP_NAME, new FakeQuantize());
        ImportClassMapping.getOpNameMapping().put(FakeQuantizeBp.OP_NAME, new FakeQuantizeBp());
    }

    private QatOps() {}

    /** Registers the ops with SameDiff; calling it again does nothing. */
    public static void register() {
        // The static initializer has done it, once, under the lock of the class.
    }
}
