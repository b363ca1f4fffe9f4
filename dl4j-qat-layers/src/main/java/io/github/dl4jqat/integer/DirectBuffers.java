package io.github.dl4jqat.integer;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * Memory outside the heap that is used again: to allocate it takes longer than to fill it. There
 * are never more buffers than callers at the same time. Thread-safe.
 */
final class DirectBuffers {

    private final ConcurrentLinkedQueue<ByteBuffer> free = new ConcurrentLinkedQueue<>();

    /** A buffer of at least that many bytes; belongs to the caller until it is given back. */
    ByteBuffer take(int bytes) {
        ByteBuffer buffer = free.poll();
        return buffer != null && buffer.capacity() >= bytes
                ? buffer
                : ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder());
    }

    /** Gives a buffer back. */
    void giveBack(ByteBuffer buffer) {
        free.add(buffer);
    }
}
