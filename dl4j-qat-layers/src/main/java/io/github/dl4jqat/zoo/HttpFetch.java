package io.github.dl4jqat.zoo;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.WritableByteChannel;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * GET requests to servers that may be slow, broken or hostile: every wait ends, every size is
 * bounded, redirects stay with HTTP and never give up encryption.
 *
 * <p>Thread-safe.
 */
final class HttpFetch {

    static final int OK = 200;
    static final int PARTIAL = 206;
    static final int RANGE_NOT_SATISFIABLE = 416;

    private static final Set<Integer> REDIRECTS = Set.of(301, 302, 303, 307, 308);
    private static final Set<Integer> LATER = Set.of(408, 425, 429);
    private static final int MOST_REDIRECTS = 5;

    /** A transfer may take a minute, and besides one second for each of these bytes. */
    private static final int SLOWEST_BYTES_PER_SECOND = 1_000;

    private static final Duration LEAST_TOTAL = Duration.ofMinutes(1);

    private final HttpClient client;
    private final Duration stall;

    HttpFetch(ZooOptions options) {
        stall = options.stallTimeout();
        client =
                HttpClient.newBuilder()
                        .connectTimeout(options.connectTimeout())
                        .followRedirects(HttpClient.Redirect.NEVER)
                        .version(HttpClient.Version.HTTP_1_1)
                        .build();
    }

    /** An answer whose body has not been read yet, and the address that gave it. */
    record Answer(URI uri, HttpResponse<PolledBody> response) implements AutoCloseable {

        int status() {
            return response.statusCode();
        }

        String header(String name) {
            return response.headers().firstValue(name).orElse("");
        }

        /** The length that the server announces, or -1. */
        long length() {
            String length = header("Content-Length");
            return length.matches("[0-9]{1,18}") ? Long.parseLong(length) : -1;
        }

        @Override
        public void close() {
            response.body().close();
        }
    }

    /** Reads a small document into memory. */
    byte[] bytes(URI uri, int most) throws ZooException {
        try (Answer answer = get(uri, Map.of())) {
            if (answer.status() != OK) {
                throw refused(answer);
            }
            if (answer.length() > most) {
                throw tooLong(uri, most);
            }
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            copy(answer, Channels.newChannel(bytes), 0, most);
            return bytes.toByteArray();
        }
    }

    /**
     * Sends a request and follows redirects.
     *
     * @throws ZooUnreachableException if no answer begins in time
     * @throws ZooException if a redirect leads where none may
     */
    Answer get(URI start, Map<String, String> headers) throws ZooException {
        URI uri = start;
        for (int redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
            Answer answer = send(uri, headers);
            if (!REDIRECTS.contains(answer.status())) {
                return answer;
            }
            try (answer) {
                uri = target(uri, answer.header("Location"));
            }
        }
        throw new ZooException(
                start.toString(), "redirects again and again, more than " + MOST_REDIRECTS);
    }

    private Answer send(URI uri, Map<String, String> headers) throws ZooException {
        try {
            HttpRequest.Builder request =
                    HttpRequest.newBuilder(uri).timeout(stall).header("User-Agent", "dl4j-qat");
            headers.forEach(request::header);
            return new Answer(uri, client.send(request.build(), info -> new PolledBody()));
        } catch (IllegalArgumentException e) {
            throw new ZooException(uri.toString(), "no address to ask: " + e.getMessage(), e);
        } catch (IOException e) {
            throw unreachable(uri, "no answer", e);
        } catch (InterruptedException e) {
            throw interrupted(uri, e);
        }
    }

    /**
     * Where a redirect leads.
     *
     * @throws ZooException if that is no place to follow it to
     */
    static URI target(URI from, String location) throws ZooException {
        URI to;
        try {
            to = from.resolve(location);
        } catch (IllegalArgumentException e) {
            throw new ZooException(
                    from.toString(), "redirects to " + Quote.of(location) + ", no address", e);
        }
        String scheme = to.getScheme() == null ? "" : to.getScheme().toLowerCase(Locale.ROOT);
        boolean web = scheme.equals("http") || scheme.equals("https");
        if (location.isEmpty() || !web || to.getHost() == null) {
            throw new ZooException(
                    from.toString(),
                    "redirects to " + Quote.of(location) + "; only http and https are followed");
        }
        if (scheme.equals("http") && "https".equalsIgnoreCase(from.getScheme())) {
            throw new ZooException(
                    from.toString(),
                    "redirects to "
                            + Quote.of(location)
                            + ", which gives up encryption; that is not followed");
        }
        return to;
    }

    /**
     * Takes the body.
     *
     * @param have bytes of the whole that were there before
     * @param most bytes that the whole may have
     * @return bytes of the whole that are there now
     */
    long copy(Answer answer, WritableByteChannel out, long have, long most) throws ZooException {
        URI uri = answer.uri();
        Duration total = LEAST_TOTAL.plusSeconds((most - have) / SLOWEST_BYTES_PER_SECOND);
        long end = System.nanoTime() + total.toNanos();
        long count = have;
        while (true) {
            List<ByteBuffer> piece = next(answer, end, count);
            if (piece.isEmpty()) {
                return count;
            }
            for (ByteBuffer bytes : piece) {
                count += bytes.remaining();
                if (count > most) {
                    throw tooLong(uri, most);
                }
                write(uri, out, bytes);
            }
        }
    }

    private List<ByteBuffer> next(Answer answer, long end, long count) throws ZooException {
        URI uri = answer.uri();
        long left = end - System.nanoTime();
        if (left <= 0) {
            throw new ZooUnreachableException(
                    uri.toString(), "too slow, " + count + " bytes are there by now");
        }
        try {
            return answer.response().body().next(Duration.ofNanos(Math.min(left, stall.toNanos())));
        } catch (IOException e) {
            throw unreachable(uri, "broke off after " + count + " bytes", e);
        } catch (InterruptedException e) {
            throw interrupted(uri, e);
        }
    }

    private static void write(URI uri, WritableByteChannel out, ByteBuffer bytes)
            throws ZooException {
        try {
            while (bytes.hasRemaining()) {
                out.write(bytes);
            }
        } catch (IOException e) {
            throw new ZooException(uri.toString(), "cannot be stored (" + e + ")", e);
        }
    }

    /** The error for an answer that is not the wanted one. */
    static ZooException refused(Answer answer) {
        int status = answer.status();
        String place = answer.uri().toString();
        String reason = "the server answers with status " + status;
        return status >= 500 || LATER.contains(status)
                ? new ZooUnreachableException(place, reason)
                : new ZooException(place, reason);
    }

    private static ZooException tooLong(URI uri, long most) {
        return new ZooException(uri.toString(), "more than the " + most + " bytes it may have");
    }

    private static ZooException unreachable(URI uri, String what, IOException e) {
        Throwable cause = e.getCause() == null ? e : e.getCause();
        String why =
                cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage();
        return new ZooUnreachableException(uri.toString(), what + " (" + why + ")", e);
    }

    private static ZooException interrupted(URI uri, InterruptedException e) {
        Thread.currentThread().interrupt();
        return new ZooUnreachableException(uri.toString(), "interrupted", e);
    }
}
