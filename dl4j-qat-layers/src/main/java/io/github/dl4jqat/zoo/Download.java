package io.github.dl4jqat.zoo;

import java.io.IOException;
import java.net.URI;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * One model file on its way from a server: an unfinished file and the tag of the version that the
 * server was sending. What is there already is not fetched again, if the server can send the rest.
 */
final class Download {

    /** A strong tag; a weak one promises no equal bytes. */
    private static final Pattern TAG = Pattern.compile("\"[!#-~]{0,200}\"");

    private static final int LONGEST_TAG_FILE = 210;

    private final HttpFetch http;
    private final URI uri;
    private final Path part;
    private final Path tag;
    private final long bytes;

    /**
     * Describes it.
     *
     * @param uri the address
     * @param part the unfinished file; its tag is beside it
     * @param bytes the size of the whole
     */
    Download(HttpFetch http, URI uri, Path part, long bytes) {
        this.http = http;
        this.uri = uri;
        this.part = part;
        this.tag = part.resolveSibling(part.getFileName() + ".tag");
        this.bytes = bytes;
    }

    /**
     * Fetches what is missing. After an error that another try may mend, what arrived is kept.
     *
     * @return whether some of it was there before
     */
    boolean run() throws IOException {
        long have = Files.exists(part) ? Files.size(part) : 0;
        if (have == bytes) {
            return true;
        }
        if (have > 0 && have < bytes && resume(have)) {
            return true;
        }
        discard();
        try (HttpFetch.Answer answer = http.get(uri, Map.of())) {
            whole(answer);
        }
        return false;
    }

    /** Whether the server sent the rest, rather than something else. */
    private boolean resume(long have) throws IOException {
        Map<String, String> headers = new LinkedHashMap<>();
        headers.put("Range", "bytes=" + have + "-");
        String known = knownTag();
        if (!known.isEmpty()) {
            headers.put("If-Range", known);
        }
        try (HttpFetch.Answer answer = http.get(uri, headers)) {
            if (answer.status() == HttpFetch.OK) {
                discard();
                whole(answer);
                return true;
            }
            if (answer.status() == HttpFetch.RANGE_NOT_SATISFIABLE) {
                return false;
            }
            if (answer.status() != HttpFetch.PARTIAL) {
                throw HttpFetch.refused(answer);
            }
            String rest = "bytes " + have + "-" + (bytes - 1) + "/" + bytes;
            String sent = answer.header("ETag");
            boolean same = known.isEmpty() || sent.isEmpty() || known.equals(sent);
            if (!same || !answer.header("Content-Range").strip().equals(rest)) {
                return false;
            }
            receive(answer, have);
            return true;
        }
    }

    private void whole(HttpFetch.Answer answer) throws IOException {
        if (answer.status() != HttpFetch.OK) {
            throw HttpFetch.refused(answer);
        }
        if (answer.length() >= 0 && answer.length() != bytes) {
            throw new ZooException(
                    uri.toString(),
                    "the server has " + answer.length() + " bytes, the manifest promises " + bytes);
        }
        String sent = answer.header("ETag");
        if (TAG.matcher(sent).matches()) {
            Files.writeString(tag, sent);
        }
        receive(answer, 0);
    }

    private void receive(HttpFetch.Answer answer, long have) throws IOException {
        long now;
        try (FileChannel out =
                FileChannel.open(
                        part,
                        StandardOpenOption.CREATE,
                        StandardOpenOption.WRITE,
                        StandardOpenOption.APPEND)) {
            now = http.copy(answer, out, have, bytes);
            out.force(true);
        } catch (ZooUnreachableException e) {
            throw e;
        } catch (ZooException e) {
            discard();
            throw e;
        }
        if (now < bytes) {
            throw new ZooUnreachableException(
                    uri.toString(), "ended after " + now + " of " + bytes + " bytes");
        }
    }

    private String knownTag() throws IOException {
        if (!Files.isRegularFile(tag) || Files.size(tag) > LONGEST_TAG_FILE) {
            return "";
        }
        String known = new String(Files.readAllBytes(tag), StandardCharsets.ISO_8859_1);
        return TAG.matcher(known).matches() ? known : "";
    }

    /** Forgets what has arrived. */
    void discard() throws IOException {
        Files.deleteIfExists(part);
        Files.deleteIfExists(tag);
    }
}
