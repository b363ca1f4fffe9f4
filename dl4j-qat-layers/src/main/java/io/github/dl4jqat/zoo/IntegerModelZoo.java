package io.github.dl4jqat.zoo;

import io.github.dl4jqat.integer.IntegerModel;
import io.github.dl4jqat.integer.IntegerNetwork;
import io.github.dl4jqat.integer.Qnet;
import io.github.dl4jqat.integer.QnetFormatException;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Integer models by name, from a folder, the class path or a web server.
 *
 * <pre>{@code
 * IntegerModelZoo zoo = IntegerModelZoo.open(URI.create("https://example.org/models/"));
 * zoo.list().forEach(entry -> System.out.println(entry.name() + " " + entry.version()));
 * try (IntegerNetwork net = zoo.initPretrained("lenet-mnist-int8")) {
 *     float[] probabilities = net.output(pixels, 1);
 * }
 * }</pre>
 *
 * <p>It feels like the {@code ZooModel} of Deeplearning4j, and shares its folder for downloads, but
 * needs nothing of it. Nothing is used before its size and SHA-256 were compared with the manifest.
 * Those find damage and files that were exchanged; whom to believe about the manifest is a question
 * of where it comes from, so take strangers' zoos over https.
 *
 * <p>Versions compare as numbers: 1.10 is newer than 1.9. Where none is given, the newest release
 * is meant. A folder's manifest is read anew each time, a server's once.
 *
 * <p>Errors: {@link IllegalArgumentException} for a model that the zoo does not have, {@link
 * ZooException} for a zoo or a file that cannot be used, {@link QnetFormatException} for a file
 * that is what the manifest promises and still no model, {@link UnsupportedOperationException} for
 * changing a zoo that is no folder. Thread-safe.
 */
public final class IntegerModelZoo {

    private static final Logger LOG = LoggerFactory.getLogger(IntegerModelZoo.class);

    private final ZooStore store;
    private final String place;

    private IntegerModelZoo(ZooStore store, String place) {
        this.store = store;
        this.place = place;
    }

    /**
     * A zoo in a folder. The folder need not exist: {@link #publish} makes it.
     *
     * @throws IllegalArgumentException if it is a file
     */
    public static IntegerModelZoo open(Path folder) {
        if (Files.exists(folder) && !Files.isDirectory(folder)) {
            throw new IllegalArgumentException(
                    "zoo " + folder + ": expected the folder of a zoo, this is a file");
        }
        return new IntegerModelZoo(new FolderStore(folder), folder.toString());
    }

    /** A zoo with {@linkplain ZooOptions#defaults() default} options. */
    public static IntegerModelZoo open(URI location) {
        return open(location, ZooOptions.defaults());
    }

    /**
     * A zoo by its address: {@code file:///folder}, {@code classpath:folder}, {@code http://} or
     * {@code https://} and the address of a folder. Nothing is asked for yet.
     *
     * @throws IllegalArgumentException if the address has another form
     */
    public static IntegerModelZoo open(URI location, ZooOptions options) {
        String scheme =
                location.getScheme() == null ? "" : location.getScheme().toLowerCase(Locale.ROOT);
        return switch (scheme) {
            case "file" -> open(Path.of(location));
            case "classpath" -> {
                String folder = location.getSchemeSpecificPart();
                yield new IntegerModelZoo(new ClassPathStore(folder), "classpath:" + folder);
            }
            case "http", "https" -> {
                URI base = base(location);
                yield new IntegerModelZoo(new HttpStore(base, options), base.toString());
            }
            default ->
                    throw new IllegalArgumentException(
                            "zoo "
                                    + Quote.of(location.toString())
                                    + ": expected file:, classpath:, http: or https:");
        };
    }

    private static URI base(URI location) {
        if (location.getHost() == null
                || location.getRawQuery() != null
                || location.getRawFragment() != null
                || location.getRawUserInfo() != null) {
            throw new IllegalArgumentException(
                    "zoo "
                            + Quote.of(location.toString())
                            + ": expected the address of a folder, such as"
                            + " https://example.org/models/, without user, query and fragment");
        }
        String text = location.toString();
        return URI.create(text.endsWith("/") ? text : text + "/").normalize();
    }

    /** All models in all versions, by name and then from the oldest version to the newest. */
    public List<ZooEntry> list() throws IOException {
        return store.manifest().entries();
    }

    /**
     * The models whose name, task, description, data set or licence has all words of a text, in
     * lower or upper case.
     */
    public List<ZooEntry> search(String text) throws IOException {
        List<String> words =
                Stream.of(text.toLowerCase(Locale.ROOT).strip().split("\\s+")).toList();
        return list().stream()
                .filter(
                        entry -> {
                            String said = said(entry).toLowerCase(Locale.ROOT);
                            return words.stream().allMatch(said::contains);
                        })
                .toList();
    }

    private static String said(ZooEntry entry) {
        ModelCard card = entry.card();
        return String.join(
                "\n",
                entry.name(),
                card.task(),
                card.description(),
                card.measured().map(ModelCard.Accuracy::dataSet).orElse(""),
                card.licence());
    }

    /** Whether there is a model of that name, in any version. */
    public boolean pretrainedAvailable(String name) throws IOException {
        return store.manifest().newest(name).isPresent();
    }

    /** The newest release of a model. */
    public ZooEntry entry(String name) throws IOException {
        ZooManifest manifest = store.manifest();
        return manifest.newest(name).orElseThrow(() -> unknown(manifest, name));
    }

    /** A model in one version. */
    public ZooEntry entry(String name, String version) throws IOException {
        ZooManifest manifest = store.manifest();
        if (manifest.newest(name).isEmpty()) {
            throw unknown(manifest, name);
        }
        return manifest.find(name, ModelVersion.of(version))
                .orElseThrow(
                        () ->
                                new IllegalArgumentException(
                                        "zoo "
                                                + place
                                                + ": there is no version "
                                                + version
                                                + " of "
                                                + name
                                                + ", only "
                                                + versions(manifest, name)));
    }

    private static List<String> versions(ZooManifest manifest, String name) {
        return manifest.entries().stream()
                .filter(entry -> entry.name().equals(name))
                .map(ZooEntry::version)
                .toList();
    }

    private IllegalArgumentException unknown(ZooManifest manifest, String name) {
        List<String> names =
                manifest.entries().stream().map(ZooEntry::name).distinct().limit(50).toList();
        return new IllegalArgumentException(
                "zoo "
                        + place
                        + ": there is no model "
                        + Quote.of(name)
                        + (names.isEmpty() ? "; it is empty" : ", only " + names));
    }

    /** The card of the newest release of a model. */
    public ModelCard card(String name) throws IOException {
        return entry(name).card();
    }

    /** The card of a model in one version. */
    public ModelCard card(String name, String version) throws IOException {
        return entry(name, version).card();
    }

    /** The newest release of a model, ready to run; the caller closes it. */
    public IntegerNetwork load(String name) throws IOException {
        return load(entry(name));
    }

    /** A model in one version, ready to run; the caller closes it. */
    public IntegerNetwork load(String name, String version) throws IOException {
        return load(entry(name, version));
    }

    /** {@link #load(String)} by the word that users of Deeplearning4j's zoo know. */
    public IntegerNetwork initPretrained(String name) throws IOException {
        return load(name);
    }

    private IntegerNetwork load(ZooEntry entry) throws IOException {
        IntegerModel model = Qnet.read(store.model(entry), store.place(entry.file()));
        LOG.info("Loaded {} from {}", entry.title(), store.place(entry.file()));
        return IntegerNetwork.of(model);
    }

    /** Copies the checked {@code .qnet} file of the newest release of a model. */
    public void copy(String name, Path to) throws IOException {
        copy(entry(name), to);
    }

    /** Copies the checked {@code .qnet} file of a model in one version. */
    public void copy(String name, String version, Path to) throws IOException {
        copy(entry(name, version), to);
    }

    private void copy(ZooEntry entry, Path to) throws IOException {
        Path target = to.toAbsolutePath();
        if (Files.isDirectory(target) || !Files.isDirectory(target.getParent())) {
            throw new ZooException(to.toString(), "expected a file in a folder that exists");
        }
        byte[] bytes = store.model(entry);
        Qnet.read(bytes, store.place(entry.file()));
        Bytes.install(bytes, target);
    }

    /**
     * Puts a model into the zoo: first the file, then the entry that names it. Publishers in other
     * processes wait for each other, and none loses anything.
     *
     * @param name 1 to 64 lower-case letters, digits, dots, dashes and underscores
     * @param version such as {@code 1.2.0}
     * @return the new entry
     * @throws IllegalArgumentException if the zoo has that version already, or if card and model
     *     contradict each other
     * @throws UnsupportedOperationException if this zoo is no folder
     */
    public ZooEntry publish(String name, String version, IntegerNetwork network, ModelCard card)
            throws IOException {
        FolderStore folder = folder("publish");
        ZooNames.name(name);
        ModelVersion parsed = ModelVersion.of(version);
        List<String> contradictions = card.contradictions(network.model());
        if (!contradictions.isEmpty()) {
            throw new IllegalArgumentException(
                    "model " + name + ": " + String.join("; ", contradictions));
        }
        ZooEntry entry = folder.publish(name, parsed, network.model(), card);
        LOG.info("Published {} to {}", entry.title(), store.place(entry.file()));
        return entry;
    }

    /**
     * Takes one version of a model out of the zoo and deletes its file.
     *
     * @throws IllegalArgumentException if the zoo does not have it
     * @throws UnsupportedOperationException if this zoo is no folder
     */
    public void remove(String name, String version) throws IOException {
        FolderStore folder = folder("remove");
        ZooEntry entry = entry(name, version);
        folder.remove(entry);
        LOG.info("Removed {} from {}", entry.title(), place);
    }

    /**
     * Compares all files with the manifest: is each there, has it the promised size and SHA-256, is
     * it a model, does its card go with it? In a folder, also: is there a model file that the
     * manifest does not name? What a server has is fetched for it, unless it is in the cache.
     *
     * @return what is wrong; nothing if all is well
     * @throws ZooException if there is no manifest, or if it cannot be understood
     */
    public List<ZooProblem> verify() throws IOException {
        List<ZooProblem> problems = new ArrayList<>();
        for (ZooEntry entry : list()) {
            problem(entry).ifPresent(why -> problems.add(new ZooProblem(entry.file(), why)));
        }
        if (store instanceof FolderStore folder) {
            for (String file : folder.strays()) {
                problems.add(new ZooProblem(file, "the manifest does not name it"));
            }
        }
        return problems;
    }

    private Optional<String> problem(ZooEntry entry) throws IOException {
        try {
            IntegerModel model = Qnet.read(store.model(entry), entry.file());
            List<String> contradictions = entry.card().contradictions(model);
            return contradictions.isEmpty()
                    ? Optional.empty()
                    : Optional.of(String.join("; ", contradictions));
        } catch (ZooUnreachableException e) {
            throw e;
        } catch (ZooException | QnetFormatException e) {
            return Optional.of(e.getMessage());
        }
    }

    private FolderStore folder(String verb) {
        if (store instanceof FolderStore folder) {
            return folder;
        }
        throw new UnsupportedOperationException(
                "zoo "
                        + place
                        + " can only be read; "
                        + verb
                        + " in a folder and copy that folder there");
    }

    @Override
    public String toString() {
        return "IntegerModelZoo(" + place + ")";
    }
}
