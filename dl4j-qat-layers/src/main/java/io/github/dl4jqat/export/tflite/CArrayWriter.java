package io.github.dl4jqat.export.tflite;

import io.github.dl4jqat.integer.AtomicFile;
import io.github.dl4jqat.integer.IntegerNetwork;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Set;

/**
 * Writes a TFLite file as a C header for microcontrollers, which have no file system: an array of
 * bytes that begins at a multiple of 16, its length, and an estimate of the memory that the
 * interpreter's arena needs ({@link ArenaEstimate}). C11, C++11 and older compilers that know GCC's
 * attributes take it.
 *
 * <pre>{@code
 * new CArrayWriter().write(net, "lenet", Path.of("lenet.h"));
 *
 * // in C++
 * #include "lenet.h"
 * constexpr int kArena = lenet_arena_estimate + 4096;
 * const tflite::Model* model = tflite::GetModel(lenet);
 * }</pre>
 *
 * <p>Immutable and thread-safe.
 */
public final class CArrayWriter {

    private static final int BYTES_PER_LINE = 12;
    private static final String PREFIX = "model_";
    private static final char[] HEX = "0123456789abcdef".toCharArray();

    /** Words that are no names in C or C++. */
    private static final Set<String> KEYWORDS =
            Set.of(
                    ("alignas alignof and asm auto bitand bitor bool break case catch char class"
                         + " compl concept const constexpr continue decltype default delete do"
                         + " double else enum explicit export extern false final float for friend"
                         + " goto if inline int long main mutable namespace new noexcept not"
                         + " nullptr operator or override private protected public register"
                         + " requires restrict return short signed sizeof static struct switch"
                         + " template this thread_local throw true try typedef typeid typename"
                         + " typeof union unsigned using virtual void volatile wchar_t while xor")
                            .split(" "));

    private final TfLiteExporter exporter;

    /** Exports networks with int8 at both ends, one example at a time. */
    public CArrayWriter() {
        this(
                TfLiteExporter.builder()
                        .input(TfLiteExporter.Ends.INT8)
                        .output(TfLiteExporter.Ends.INT8)
                        .batch(1)
                        .build());
    }

    /** Exports networks in another way. */
    public CArrayWriter(TfLiteExporter exporter) {
        if (exporter == null) {
            throw new IllegalArgumentException("CArrayWriter: exporter is null");
        }
        this.exporter = exporter;
    }

    /**
     * Exports a network and writes the header.
     *
     * @param name what the array is called; characters that C does not allow become underscores
     * @throws io.github.dl4jqat.integer.UnsupportedOpException if operations have no TFLite form
     * @throws IOException if the file cannot be written; one that was there before is then unharmed
     */
    public void write(IntegerNetwork network, String name, Path header) throws IOException {
        write(exporter.toBytes(network), name, header);
    }

    /** Writes the header of a TFLite file. */
    public void write(byte[] tflite, String name, Path header) throws IOException {
        String identifier = identifier(name);
        long arena = ArenaEstimate.bytes(tflite);
        AtomicFile.write(header, out -> write(tflite, identifier, arena, out));
    }

    /**
     * A name that C and C++ allow: letters, digits and underscores, with {@code model_} in front
     * where it would begin with a digit or underscore or be a keyword.
     */
    public static String identifier(String name) {
        if (name == null || name.isBlank()) {
            throw new IllegalArgumentException(
                    "CArrayWriter: name '" + name + "'; give the array a name, as in \"lenet\"");
        }
        String plain = name.strip().replaceAll("[^A-Za-z0-9_]", "_");
        boolean allowed = Character.isLetter(plain.charAt(0)) && !KEYWORDS.contains(plain);
        return allowed ? plain : PREFIX + plain;
    }

    private static void write(byte[] tflite, String name, long arena, OutputStream out)
            throws IOException {
        Writer w = new BufferedWriter(new OutputStreamWriter(out, StandardCharsets.US_ASCII));
        String guard = name.toUpperCase(Locale.ROOT) + "_H_";
        w.write(
                """
                /* A TFLite model written by dl4j-qat. */
                #ifndef %1$s
                #define %1$s

                #ifndef DL4J_QAT_ALIGN
                #if defined(__cplusplus)
                #define DL4J_QAT_ALIGN alignas(16)
                #elif defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L
                #define DL4J_QAT_ALIGN _Alignas(16)
                #else
                #define DL4J_QAT_ALIGN __attribute__((aligned(16)))
                #endif
                #endif

                /* Bytes for the tensors of one call, by their lifetimes: an estimate. Constants are
                   not part of it; add what the interpreter and its kernels keep for themselves. */
                enum { %2$s_arena_estimate = %3$d };

                enum { %2$s_len = %4$d };

                DL4J_QAT_ALIGN static const unsigned char %2$s[%4$d] = {\
                """
                        .formatted(guard, name, arena, tflite.length));
        for (int i = 0; i < tflite.length; i++) {
            w.write(i % BYTES_PER_LINE == 0 ? "\n    0x" : " 0x");
            w.write(HEX[(tflite[i] >> 4) & 0xf]);
            w.write(HEX[tflite[i] & 0xf]);
            if (i < tflite.length - 1) {
                w.write(',');
            }
        }
        w.write("\n};\n\n#endif /* " + guard + " */\n");
        w.flush();
    }
}
