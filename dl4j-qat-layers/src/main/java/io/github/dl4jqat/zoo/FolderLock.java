package io.github.dl4jqat.zoo;

import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/**
 * One holder at a time, among the threads of this process and all processes that see the file
 * system. The lock file stays: deleting it would let two processes lock two files of one name. A
 * process that dies lets go.
 *
 * <p>Held by the thread that took it, and closed by that thread.
 */
final class FolderLock implements Closeable {

    private static final long BETWEEN_TRIES_MILLIS = 20;

    /** A file lock belongs to the whole process, so threads need one of their own. */
    private static final Map<Path, ReentrantLock> OF_THREADS = new ConcurrentHashMap<>();

    private final ReentrantLock ofThreads;
    private final FileChannel channel;
    private final FileLock ofProcesses;

    private FolderLock(ReentrantLock ofThreads, FileChannel channel, FileLock ofProcesses) {
        this.ofThreads = ofThreads;
        this.channel = channel;
        this.ofProcesses = ofProcesses;
    }

    /**
     * Waits for the lock.
     *
     * @param file the lock file, made if it is not there, in a folder that is
     * @throws ZooException if others hold it for longer than the patience lasts
     */
    static FolderLock take(Path file, Duration patience) throws IOException {
        long end = System.nanoTime() + patience.toNanos();
        Path key = file.toAbsolutePath().getParent().toRealPath().resolve(file.getFileName());
        ReentrantLock threads = OF_THREADS.computeIfAbsent(key, path -> new ReentrantLock());
        FileChannel channel = null;
        FolderLock taken = null;
        boolean mine = false;
        try {
            mine = threads.tryLock(patience.toNanos(), TimeUnit.NANOSECONDS);
            if (mine) {
                channel =
                        FileChannel.open(
                                key,
                                StandardOpenOption.CREATE,
                                StandardOpenOption.WRITE,
                                LinkOption.NOFOLLOW_LINKS);
                FileLock processes = channel.tryLock();
                while (processes == null && System.nanoTime() - end < 0) {
                    Thread.sleep(BETWEEN_TRIES_MILLIS);
                    processes = channel.tryLock();
                }
                taken = processes == null ? null : new FolderLock(threads, channel, processes);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ZooException(file.toString(), "interrupted while waiting for the lock", e);
        } finally {
            if (taken == null) {
                release(mine ? threads : null, channel);
            }
        }
        if (taken == null) {
            throw new ZooException(
                    file.toString(),
                    "another process has held this lock for "
                            + patience.toSeconds()
                            + " seconds; try again when it is done");
        }
        return taken;
    }

    private static void release(ReentrantLock threads, FileChannel channel) throws IOException {
        try {
            if (channel != null) {
                channel.close();
            }
        } finally {
            if (threads != null) {
                threads.unlock();
            }
        }
    }

    @Override
    public void close() throws IOException {
        try {
            ofProcesses.release();
        } finally {
            release(ofThreads, channel);
        }
    }
}
