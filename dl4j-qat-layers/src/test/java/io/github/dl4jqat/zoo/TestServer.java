package io.github.dl4jqat.zoo;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** A web server that does as a test tells it, on a free port of this machine. */
final class TestServer implements AutoCloseable {

    /** What it does with a request. */
    interface Behavior {
        void answer(HttpExchange exchange) throws IOException;
    }

    /** Held until the end, so that an answer can stand still. */
    final CountDownLatch end = new CountDownLatch(1);

    /** Path and range of each request, in their order. */
    final List<String> requests = new CopyOnWriteArrayList<>();

    private final Map<String, Behavior> behaviors = new ConcurrentHashMap<>();
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final HttpServer server;

    TestServer() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(threads);
        server.createContext("/", this::answer);
        server.start();
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            String path = exchange.getRequestURI().getPath();
            String range = exchange.getRequestHeaders().getFirst("Range");
            requests.add(path + (range == null ? "" : " " + range));
            Behavior behavior = behaviors.get(path);
            if (behavior == null) {
                exchange.sendResponseHeaders(404, -1);
            } else {
                behavior.answer(exchange);
            }
        }
    }

    URI uri(String path) {
        return URI.create("http://localhost:" + server.getAddress().getPort() + path);
    }

    TestServer on(String path, Behavior behavior) {
        behaviors.put(path, behavior);
        return this;
    }

    /** Serves a file whole, as the simplest servers do. */
    TestServer file(String path, byte[] bytes) {
        return on(path, exchange -> send(exchange, 200, bytes, 0));
    }

    /** Serves a file with ranges and a tag. */
    TestServer file(String path, byte[] bytes, String tag) {
        return on(
                path,
                exchange -> {
                    exchange.getResponseHeaders().set("ETag", tag);
                    String range = exchange.getRequestHeaders().getFirst("Range");
                    String condition = exchange.getRequestHeaders().getFirst("If-Range");
                    if (range == null || (condition != null && !condition.equals(tag))) {
                        send(exchange, 200, bytes, 0);
                    } else {
                        int from = Integer.parseInt(range.replaceAll("bytes=(\\d+)-", "$1"));
                        String rest =
                                "bytes " + from + "-" + (bytes.length - 1) + "/" + bytes.length;
                        exchange.getResponseHeaders().set("Content-Range", rest);
                        send(exchange, 206, bytes, from);
                    }
                });
    }

    static void send(HttpExchange exchange, int status, byte[] bytes, int from) throws IOException {
        exchange.sendResponseHeaders(status, bytes.length - from);
        try (OutputStream out = exchange.getResponseBody()) {
            out.write(bytes, from, bytes.length - from);
        }
    }

    /** Promises a file, sends its beginning and then closes the connection. */
    static Behavior cutOff(byte[] bytes, int after, String tag) {
        return exchange -> {
            exchange.getResponseHeaders().set("ETag", tag);
            exchange.sendResponseHeaders(200, bytes.length);
            exchange.getResponseBody().write(bytes, 0, after);
            exchange.getResponseBody().flush();
        };
    }

    /** Promises a file, sends its beginning and then nothing, until the end of the test. */
    Behavior standStill(byte[] bytes, int after) {
        return exchange -> {
            exchange.sendResponseHeaders(200, bytes.length);
            exchange.getResponseBody().write(bytes, 0, after);
            exchange.getResponseBody().flush();
            await();
        };
    }

    /** Sends nothing at all, until the end of the test. */
    Behavior silence() {
        return exchange -> await();
    }

    private void await() {
        try {
            end.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    static Behavior status(int status) {
        return exchange -> exchange.sendResponseHeaders(status, -1);
    }

    static Behavior redirect(int status, String location) {
        return exchange -> {
            exchange.getResponseHeaders().set("Location", location);
            exchange.sendResponseHeaders(status, -1);
        };
    }

    @Override
    public void close() {
        end.countDown();
        server.stop(0);
        threads.shutdownNow();
    }
}
