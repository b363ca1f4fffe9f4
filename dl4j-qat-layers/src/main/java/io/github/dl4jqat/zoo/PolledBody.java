package io.github.dl4jqat.zoo;

import java.io.Closeable;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * The body of an answer, taken piece by piece with a limit on the wait for each. The time-out of a
 * request ends with the headers, and a stream over the body waits for ever; a server that stops in
 * the middle would hold its client with it.
 *
 * <p>One piece is asked for at a time, so a body that nobody takes fills no memory.
 */
final class PolledBody implements HttpResponse.BodySubscriber<PolledBody>, Closeable {

    /** Bytes, or the end if there are none, with its cause if it is a bad one. */
    private record Piece(List<ByteBuffer> bytes, Throwable failure) {}

    private final LinkedBlockingQueue<Piece> pieces = new LinkedBlockingQueue<>();
    private volatile Flow.Subscription subscription;

    @Override
    public CompletionStage<PolledBody> getBody() {
        return CompletableFuture.completedFuture(this);
    }

    @Override
    public void onSubscribe(Flow.Subscription given) {
        subscription = given;
        given.request(1);
    }

    @Override
    public void onNext(List<ByteBuffer> bytes) {
        pieces.add(new Piece(bytes, null));
    }

    @Override
    public void onError(Throwable failure) {
        pieces.add(new Piece(null, failure));
    }

    @Override
    public void onComplete() {
        pieces.add(new Piece(null, null));
    }

    /**
     * The next bytes; none at all behind the last.
     *
     * @throws HttpTimeoutException if nothing comes in that time
     * @throws IOException if the connection breaks
     */
    List<ByteBuffer> next(Duration patience) throws IOException, InterruptedException {
        List<ByteBuffer> bytes;
        do {
            Piece piece = pieces.poll(patience.toNanos(), TimeUnit.NANOSECONDS);
            if (piece == null) {
                throw new HttpTimeoutException("nothing came for " + patience.toMillis() + " ms");
            }
            if (piece.failure() != null) {
                throw new IOException(piece.failure());
            }
            if (piece.bytes() == null) {
                return List.of();
            }
            subscription.request(1);
            bytes = piece.bytes();
        } while (bytes.isEmpty());
        return bytes;
    }

    /** Lets go of the connection. */
    @Override
    public void close() {
        Flow.Subscription given = subscription;
        if (given != null) {
            given.cancel();
        }
    }
}
