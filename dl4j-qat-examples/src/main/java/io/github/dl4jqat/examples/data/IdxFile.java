package io.github.dl4jqat.examples.data;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;

/**
 * The IDX file format of the MNIST database, plain or gzip-compressed, for unsigned bytes.
 *
 * <p>A file is two zero bytes, the type (8: unsigned byte), the number of dimensions, each
 * dimension as a big-endian int, then the values, the last dimension running fastest. Images have
 * three dimensions [count, rows, columns], labels one [count].
 *
 * <p>Everything is checked before it is believed: a header may not ask for more memory than the
 * file can fill, and a file must end exactly where its header says.
 *
 * @param file where it came from, for messages
 * @param shape the dimensions
 * @param values the bytes, as many as the product of the dimensions
 */
@SuppressWarnings("ArrayRecordComponent") // a plain carrier that is read once and never compared
record IdxFile(Path file, int[] shape, byte[] values) {

    private static final int UNSIGNED_BYTE = 0x08;
    private static final int GZIP_MAGIC = 0x1f8b;

    /** Deflate cannot compress better than this (RFC 1951 blocks of one repeated byte). */
    private static final long MAX_DEFLATE_RATIO = 1032;

    /**
     * Reads a file with the given number of dimensions.
     *
     * @throws DataFormatException if it is missing, not IDX, truncated or longer than its header
     *     says
     */
    static IdxFile read(Path file, int dimensions) throws IOException {
        if (Files.isDirectory(file)) {
            throw new DataFormatException(file + ": expected an IDX file, got a folder");
        }
        long stored;
        boolean gzip;
        try {
            stored = Files.size(file);
            gzip = startsWithGzipMagic(file);
        } catch (NoSuchFileException e) {
            throw new DataFormatException(file + ": no such file", e);
        }
        long capacity = gzip ? stored * MAX_DEFLATE_RATIO : stored;
        try (InputStream raw = Files.newInputStream(file);
                DataInputStream in =
                        new DataInputStream(
                                gzip
                                        ? new GZIPInputStream(raw, 1 << 16)
                                        : new BufferedInputStream(raw, 1 << 16))) {
            return read(file, in, dimensions, capacity);
        } catch (EOFException e) {
            throw new DataFormatException(
                    file + ": truncated" + (gzip ? " gzip file" : " in the header"), e);
        } catch (ZipException e) {
            throw new DataFormatException(file + ": damaged gzip file (" + e.getMessage() + ")", e);
        }
    }

    private static boolean startsWithGzipMagic(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            return in.read() == GZIP_MAGIC >> 8 && in.read() == (GZIP_MAGIC & 0xFF);
        }
    }

    private static IdxFile read(Path file, DataInputStream in, int dimensions, long capacity)
            throws IOException {
        int expected = UNSIGNED_BYTE << 8 | dimensions;
        int magic = in.readInt();
        if (magic != expected) {
            throw new DataFormatException(
                    String.format(
                            "%s: not an IDX file of unsigned bytes with %d dimension%s:"
                                    + " expected magic number 0x%08x, got 0x%08x",
                            file, dimensions, dimensions == 1 ? "" : "s", expected, magic));
        }
        int[] shape = new int[dimensions];
        long size = 1;
        for (int i = 0; i < dimensions; i++) {
            shape[i] = in.readInt();
            if (shape[i] < 1) {
                throw new DataFormatException(
                        file
                                + ": dimension "
                                + i
                                + " in the header is "
                                + shape[i]
                                + ", expected at least 1");
            }
            size = size > Integer.MAX_VALUE ? size : size * shape[i];
        }
        if (size > Math.min(capacity, Integer.MAX_VALUE - 8)) {
            throw new DataFormatException(
                    file
                            + ": truncated: the header promises "
                            + describe(shape)
                            + " bytes, more than the file can hold");
        }
        byte[] values = new byte[(int) size];
        int got = in.readNBytes(values, 0, values.length);
        if (got < values.length) {
            throw new DataFormatException(
                    file
                            + ": truncated: the header promises "
                            + describe(shape)
                            + " = "
                            + size
                            + " bytes, got "
                            + got);
        }
        if (in.read() >= 0) {
            throw new DataFormatException(
                    file
                            + ": too long: the header promises "
                            + describe(shape)
                            + " = "
                            + size
                            + " bytes, more follow");
        }
        return new IdxFile(file, shape, values);
    }

    private static String describe(int[] shape) {
        StringBuilder text = new StringBuilder();
        for (int size : shape) {
            text.append(text.length() == 0 ? "" : " x ").append(size);
        }
        return text.toString();
    }
}
