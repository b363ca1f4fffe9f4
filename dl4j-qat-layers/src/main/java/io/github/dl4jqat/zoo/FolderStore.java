package io.github.dl4jqat.zoo;

import io.github.dl4jqat.integer.IntegerModel;
import io.github.dl4jqat.integer.Qnet;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/**
 * A zoo in a folder, which can be written to.
 *
 * <p>Whoever changes it holds a lock, reads the manifest, and replaces it as a whole; so of any
 * number of publishers in any number of processes, none undoes what another one did. Readers need
 * no lock. A model file is there before the manifest names it and until the manifest does not.
 */
final class FolderStore implements ZooStore {

    private static final String LOCK = ".zoo.lock";
    private static final Duration PATIENCE = Duration.ofMinutes(1);

    private final Path folder;

    FolderStore(Path folder) {
        this.folder = folder;
    }

    @Override
    public ZooManifest manifest() throws IOException {
        Path file = folder.resolve(ZooManifest.FILE);
        if (!Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
            throw new ZooException(
                    folder.toString(),
                    Files.isDirectory(folder)
                            ? "there is no " + ZooManifest.FILE + "; publish a model to make one"
                            : "there is no such folder");
        }
        byte[] json = read(ZooManifest.FILE, ZooLimits.MANIFEST_BYTES);
        return ZooManifest.parse(json, file.toString());
    }

    @Override
    public byte[] model(ZooEntry entry) throws IOException {
        return Bytes.checked(read(entry.file(), (int) entry.bytes()), entry, place(entry.file()));
    }

    private byte[] read(String name, int most) throws IOException {
        Path file = inside(name);
        if (!Files.isRegularFile(file)) {
            throw new ZooException(
                    place(name),
                    Files.exists(file)
                            ? "not an ordinary file"
                            : "the manifest names it, the folder has it not");
        }
        try (InputStream in = Files.newInputStream(file)) {
            return Bytes.read(in, most, place(name));
        }
    }

    /** The path of a file whose name was checked; symbolic links may not lead out of the folder. */
    private Path inside(String name) throws IOException {
        Path file = folder.resolve(name);
        Path root = folder.toRealPath();
        Path there = file;
        while (!Files.exists(there, LinkOption.NOFOLLOW_LINKS)) {
            there = there.getParent();
        }
        if (!Files.exists(there)) {
            throw new ZooException(place(name), "a symbolic link that leads nowhere");
        }
        if (!there.toRealPath().startsWith(root)) {
            throw new ZooException(
                    place(name), "a symbolic link leads out of the zoo, which is not followed");
        }
        return file;
    }

    /**
     * Puts a model file and its entry in.
     *
     * @throws IllegalArgumentException if the zoo has that version already
     */
    ZooEntry publish(String name, ModelVersion version, IntegerModel model, ModelCard card)
            throws IOException {
        Files.createDirectories(folder);
        byte[] bytes = bytesOf(model);
        String file = ZooNames.pathOf(name, version);
        ZooEntry entry =
                new ZooEntry(
                        name, version.toString(), file, bytes.length, Bytes.sha256(bytes), card);
        change(
                manifest -> {
                    manifest.find(name, version)
                            .ifPresent(
                                    old -> {
                                        throw new IllegalArgumentException(
                                                folder
                                                        + " has "
                                                        + old.title()
                                                        + " already, which others may rely on;"
                                                        + " publish a higher version, or remove"
                                                        + " that one first");
                                    });
                    return manifest.with(entry);
                },
                () -> {
                    Path target = inside(file);
                    Files.createDirectories(target.getParent());
                    Bytes.install(bytes, target);
                },
                () -> {});
        return entry;
    }

    private byte[] bytesOf(IntegerModel model) throws IOException {
        Path draft = folder.resolve(".draft." + UUID.randomUUID());
        try {
            Qnet.write(model, draft);
            if (Files.size(draft) > ZooLimits.MODEL_BYTES) {
                throw new ZooException(
                        folder.toString(),
                        "a model of more than " + ZooLimits.MODEL_BYTES + " bytes has no place");
            }
            return Files.readAllBytes(draft);
        } finally {
            Files.deleteIfExists(draft);
        }
    }

    /** Takes the entry out of the manifest, then deletes its file. */
    void remove(ZooEntry entry) throws IOException {
        change(manifest -> manifest.without(entry), () -> {}, () -> delete(entry.file()));
    }

    private void delete(String name) throws IOException {
        Path file = inside(name);
        Files.deleteIfExists(file);
        Path parent = file.getParent();
        if (!parent.equals(folder) && Files.isDirectory(parent)) {
            boolean empty;
            try (Stream<Path> rest = Files.list(parent)) {
                empty = rest.findAny().isEmpty();
            }
            if (empty) {
                Files.delete(parent);
            }
        }
    }

    private interface FileWork {
        void run() throws IOException;
    }

    private void change(UnaryOperator<ZooManifest> change, FileWork before, FileWork after)
            throws IOException {
        try (FolderLock lock = FolderLock.take(folder.resolve(LOCK), PATIENCE)) {
            boolean first =
                    !Files.exists(folder.resolve(ZooManifest.FILE), LinkOption.NOFOLLOW_LINKS);
            ZooManifest changed = change.apply(first ? ZooManifest.empty() : manifest());
            byte[] json = changed.toJson();
            before.run();
            Bytes.install(json, folder.resolve(ZooManifest.FILE));
            after.run();
        }
    }

    /** Model files that the manifest does not name. */
    List<String> strays() throws IOException {
        Set<String> known = new HashSet<>();
        manifest().entries().forEach(entry -> known.add(entry.file()));
        List<String> strays = new ArrayList<>();
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.filter(Files::isRegularFile).sorted().toList()) {
                String name = folder.relativize(file).toString().replace('\\', '/');
                if (name.endsWith(ZooNames.EXTENSION) && !known.contains(name)) {
                    strays.add(name);
                }
            }
        }
        return strays;
    }

    @Override
    public String place(String file) {
        return folder.resolve(file).toString();
    }
}
