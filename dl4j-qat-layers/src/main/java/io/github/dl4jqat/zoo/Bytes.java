package io.github.dl4jqat.zoo;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.UUID;

/** Whole files in memory: read with a bound, checked, written all or not at all. */
final class Bytes {

    private Bytes() {}

    static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    /**
     * Reads a stream to its end.
     *
     * @throws ZooException if it has more bytes than that; no more are read
     */
    static byte[] read(InputStream in, int most, String place) throws IOException {
        byte[] bytes = in.readNBytes(most);
        if (bytes.length == most && in.read() >= 0) {
            throw new ZooException(place, "more than the " + most + " bytes it may have");
        }
        return bytes;
    }

    /**
     * Passes the bytes of a model file on.
     *
     * @throws ZooException if they are not those that the entry promises
     */
    static byte[] checked(byte[] bytes, ZooEntry entry, String place) throws ZooException {
        if (bytes.length != entry.bytes()) {
            throw new ZooException(
                    place, bytes.length + " bytes, the manifest promises " + entry.bytes());
        }
        String found = sha256(bytes);
        if (!found.equals(entry.sha256())) {
            throw new ZooException(
                    place, "its SHA-256 is " + found + ", the manifest promises " + entry.sha256());
        }
        return bytes;
    }

    /** Writes a file beside its place and moves it in: at every moment the old or the new one. */
    static void install(byte[] bytes, Path file) throws IOException {
        Path draft = file.resolveSibling("." + file.getFileName() + "." + UUID.randomUUID());
        try {
            try (FileChannel channel =
                    FileChannel.open(
                            draft, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
                ByteBuffer left = ByteBuffer.wrap(bytes);
                while (left.hasRemaining()) {
                    channel.write(left);
                }
                // the name must not come to stand for data that a power cut could still lose
                channel.force(true);
            }
            move(draft, file);
        } finally {
            Files.deleteIfExists(draft);
        }
    }

    /** Moves a complete file in place of what is there. */
    static void move(Path from, Path to) throws IOException {
        try {
            Files.move(
                    from, to, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (AtomicMoveNotSupportedException e) {
            Files.move(from, to, StandardCopyOption.REPLACE_EXISTING);
        }
    }
}
