package io.github.dl4jqat.zoo;

import java.io.IOException;
import java.io.InputStream;
import java.util.Optional;

/** A zoo among the resources of the class path. */
final class ClassPathStore implements ZooStore {

    private final String location;

    /**
     * Names the place.
     *
     * @param location the folder of the manifest, such as {@code models/digits}
     */
    ClassPathStore(String location) {
        String plain = location.startsWith("/") ? location.substring(1) : location;
        this.location = plain.isEmpty() || plain.endsWith("/") ? plain : plain + "/";
    }

    @Override
    public ZooManifest manifest() throws IOException {
        String place = place(ZooManifest.FILE);
        try (InputStream in =
                open(ZooManifest.FILE)
                        .orElseThrow(
                                () ->
                                        new ZooException(
                                                place,
                                                "there is no such resource on the class path; is"
                                                        + " the jar with the zoo there?"))) {
            return ZooManifest.parse(Bytes.read(in, ZooLimits.MANIFEST_BYTES, place), place);
        }
    }

    @Override
    public byte[] model(ZooEntry entry) throws IOException {
        String place = place(entry.file());
        try (InputStream in =
                open(entry.file())
                        .orElseThrow(
                                () ->
                                        new ZooException(
                                                place,
                                                "the manifest names it, the class path has it"
                                                        + " not"))) {
            return Bytes.checked(Bytes.read(in, (int) entry.bytes(), place), entry, place);
        }
    }

    /** Looks where the application is first: libraries may sit in another loader. */
    private Optional<InputStream> open(String file) {
        ClassLoader application = Thread.currentThread().getContextClassLoader();
        InputStream in =
                application == null ? null : application.getResourceAsStream(location + file);
        return Optional.ofNullable(
                in != null
                        ? in
                        : ClassPathStore.class
                                .getClassLoader()
                                .getResourceAsStream(location + file));
    }

    @Override
    public String place(String file) {
        return "classpath:" + location + file;
    }
}
