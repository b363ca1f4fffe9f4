package io.github.dl4jqat.export.tflite;

import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerPointer;
import org.bytedeco.tensorflowlite.Free_TfLiteOpaqueContext_Pointer;
import org.bytedeco.tensorflowlite.OpResolver;
import org.bytedeco.tensorflowlite.TfLiteOpaqueContext;
import org.bytedeco.tensorflowlite.global.tensorflowlite;

/**
 * TFLite's reference kernels. The native library has them, but no Java class is bound to the
 * resolver that picks them. So its constructor is found by its symbol and called, on zeroed memory,
 * through a function pointer of another type that takes at least one pointer.
 */
final class ReferenceKernels {

    private static final String CONSTRUCTOR = "_ZN6tflite3ops7builtin20BuiltinRefOpResolverC1Ev";

    /** Far more than an object of a vtable and three hash maps needs. */
    private static final int SIZE = 4096;

    /** Null where the library does not show the symbol. Made once, never freed. */
    private static final OpResolver RESOLVER = create();

    private ReferenceKernels() {}

    static boolean available() {
        return RESOLVER != null;
    }

    static OpResolver resolver() {
        return RESOLVER;
    }

    private static OpResolver create() {
        try {
            Loader.loadGlobal(Loader.load(tensorflowlite.class));
        } catch (UnsatisfiedLinkError e) {
            return null;
        }
        Pointer constructor = Loader.addressof(CONSTRUCTOR);
        if (constructor == null || constructor.isNull()) {
            return null;
        }
        PointerPointer<Pointer> function = new PointerPointer<>(4L);
        Pointer.memset(function, 0, 4L * Long.BYTES);
        function.put(0, constructor);
        BytePointer memory = new BytePointer(SIZE);
        Pointer.memset(memory, 0, SIZE);
        new Free_TfLiteOpaqueContext_Pointer(function).call(new TfLiteOpaqueContext(memory), null);
        return new OpResolver(memory);
    }
}
