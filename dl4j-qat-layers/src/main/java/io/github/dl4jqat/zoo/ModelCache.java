package io.github.dl4jqat.zoo;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What was downloaded once: manifests by the address of their zoo, models by their checksum. No
 * name that a server gives becomes the name of a file here.
 *
 * <p>A model is under its name only when it is complete and its checksum was right; it is checked
 * again each time it is read. Any number of processes may share the folder.
 */
final class ModelCache {

    private static final Logger LOG = LoggerFactory.getLogger(ModelCache.class);

    /** Another process may be fetching the same model over a slow line. */
    private static final Duration PATIENCE = Duration.ofMinutes(30);

    private static final int HASH_DIGITS = 16;

    private final Path folder;

    ModelCache(Path folder) {
        this.folder = folder;
    }

    /** Where the manifest of the zoo at that address is kept. */
    private Path manifestOf(URI zoo) {
        byte[] address = zoo.toString().getBytes(StandardCharsets.UTF_8);
        String hash = Bytes.sha256(address).substring(0, HASH_DIGITS);
        return folder.resolve("zoos").resolve(hash + ".json");
    }

    Optional<byte[]> manifest(URI zoo) throws IOException {
        Path file = manifestOf(zoo);
        if (!Files.isRegularFile(file)) {
            return Optional.empty();
        }
        try (InputStream in = Files.newInputStream(file)) {
            return Optional.of(Bytes.read(in, ZooLimits.MANIFEST_BYTES, file.toString()));
        }
    }

    void keepManifest(URI zoo, byte[] json) throws IOException {
        Path file = manifestOf(zoo);
        createFolder(file.getParent());
        Bytes.install(json, file);
    }

    /** Bytes of a model, from here or from there. */
    byte[] model(ZooEntry entry, URI uri, HttpFetch http) throws IOException {
        Path models = folder.resolve("files");
        createFolder(models);
        Path file = models.resolve(entry.sha256() + ZooNames.EXTENSION);
        Optional<byte[]> kept = kept(entry, file, false);
        if (kept.isPresent()) {
            return kept.get();
        }
        try (FolderLock lock =
                FolderLock.take(models.resolve(entry.sha256() + ".lock"), PATIENCE)) {
            kept = kept(entry, file, true);
            return kept.isPresent() ? kept.get() : fetch(entry, uri, http, file);
        }
    }

    private Optional<byte[]> kept(ZooEntry entry, Path file, boolean warn) throws IOException {
        if (!Files.isRegularFile(file)) {
            return Optional.empty();
        }
        try (InputStream in = Files.newInputStream(file)) {
            byte[] bytes = Bytes.read(in, (int) entry.bytes(), file.toString());
            Bytes.checked(bytes, entry, file.toString());
            LOG.info("Using the cached model {} at {}", entry.title(), file);
            return Optional.of(bytes);
        } catch (ZooException e) {
            if (warn) {
                LOG.warn(
                        "The cached model {} is damaged and fetched again: {}",
                        entry.title(),
                        e.getMessage());
            }
            return Optional.empty();
        }
    }

    private byte[] fetch(ZooEntry entry, URI uri, HttpFetch http, Path file) throws IOException {
        Path part = file.resolveSibling(entry.sha256() + ".part");
        Download download = new Download(http, uri, part, entry.bytes());
        LOG.info("Downloading {} ({} bytes) from {}", entry.title(), entry.bytes(), uri);
        boolean resumed = download.run();
        byte[] bytes;
        try {
            bytes = received(entry, uri, part);
        } catch (ZooException e) {
            download.discard();
            if (!resumed) {
                throw e;
            }
            LOG.warn("What was there of {} does not go with the rest; once more", entry.title());
            download.run();
            try {
                bytes = received(entry, uri, part);
            } catch (ZooException again) {
                download.discard();
                throw again;
            }
        }
        Bytes.move(part, file);
        download.discard();
        LOG.info("The SHA-256 is right; {} is kept at {}", entry.title(), file);
        return bytes;
    }

    private static byte[] received(ZooEntry entry, URI uri, Path part) throws IOException {
        try (InputStream in = Files.newInputStream(part)) {
            byte[] bytes = Bytes.read(in, (int) entry.bytes(), part.toString());
            return Bytes.checked(bytes, entry, uri.toString());
        }
    }

    private static void createFolder(Path folder) throws ZooException {
        try {
            Files.createDirectories(folder);
        } catch (FileSystemException e) {
            throw new ZooException(
                    folder.toString(),
                    "cannot be made the folder for downloaded models; choose another one with"
                            + " ZooOptions or -Dorg.deeplearning4j.resources.directory=...",
                    e);
        } catch (IOException e) {
            throw new ZooException(folder.toString(), "cannot be made a folder", e);
        }
    }
}
