package io.github.dl4jqat.examples.data;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPOutputStream;

/** Writes IDX files, right ones and wrong ones. */
public final class IdxBytes {

    private IdxBytes() {}

    /** A header for unsigned bytes with the given dimensions. */
    public static byte[] header(int... shape) {
        ByteBuffer header = ByteBuffer.allocate(4 + 4 * shape.length);
        header.putInt(0x0800 | shape.length);
        for (int size : shape) {
            header.putInt(size);
        }
        return header.array();
    }

    /** Two arrays after each other. */
    public static byte[] join(byte[] head, byte[] body) {
        byte[] all = new byte[head.length + body.length];
        System.arraycopy(head, 0, all, 0, head.length);
        System.arraycopy(body, 0, all, head.length, body.length);
        return all;
    }

    /** The bytes as a gzip file. */
    public static byte[] gzip(byte[] bytes) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(out)) {
            gzip.write(bytes);
        } catch (IOException e) {
            throw new AssertionError("memory cannot fail", e);
        }
        return out.toByteArray();
    }

    /** Writes a set as two IDX files named as those of MNIST, the images compressed. */
    public static void write(Path folder, String part, DigitSet digits) throws IOException {
        byte[] pixels = new byte[digits.size() * DigitSet.PIXELS];
        byte[] labels = new byte[digits.size()];
        int next = 0;
        for (int i = 0; i < digits.size(); i++) {
            labels[i] = (byte) digits.label(i);
            for (int p = 0; p < DigitSet.PIXELS; p++) {
                pixels[next++] = (byte) digits.pixel(i, p / DigitSet.SIDE, p % DigitSet.SIDE);
            }
        }
        byte[] images = join(header(digits.size(), DigitSet.SIDE, DigitSet.SIDE), pixels);
        Files.write(folder.resolve(part + "-images-idx3-ubyte.gz"), gzip(images));
        Files.write(
                folder.resolve(part + "-labels-idx1-ubyte"), join(header(digits.size()), labels));
    }
}
