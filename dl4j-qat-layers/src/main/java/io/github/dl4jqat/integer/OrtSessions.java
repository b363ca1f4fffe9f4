package io.github.dl4jqat.integer;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * The sessions of one graph, apart from the engine so that a cleaner can hold them: one that runs
 * on the calling thread alone, for what is over sooner than other threads wake up and for parts of
 * a batch that run side by side, and one of as many threads as there are processors. Each is opened
 * when it is first needed. Thread-safe.
 */
final class OrtSessions implements Runnable {

    private final OrtEnvironment environment = OrtEnvironment.getEnvironment();
    private final byte[] graph;
    private final BatchCut.Work work;
    private final OrtSelfCheck.Products products;
    private final ReadWriteLock lock = new ReentrantReadWriteLock();
    private OrtSession alone;
    private OrtSession together;
    private boolean closed;

    /**
     * Opens the session that one example takes.
     *
     * @param optimized where ONNX Runtime leaves the graph as it runs it, or null
     * @throws OrtException if it refuses the graph
     */
    OrtSessions(byte[] graph, BatchCut.Work work, Path optimized, OrtSelfCheck.Products products)
            throws OrtException {
        this.products = products;
        this.graph = graph;
        this.work = work;
        open(cut(1).alone(), optimized);
    }

    /** How to run a batch. */
    BatchCut cut(int batch) {
        return BatchCut.of(batch, work, Runtime.getRuntime().availableProcessors());
    }

    private void open(boolean onOneThread, Path optimized) throws OrtException {
        try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
            int threads = onOneThread ? 1 : Runtime.getRuntime().availableProcessors();
            options.setIntraOpNumThreads(threads);
            options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.ALL_OPT);
            // Threads that spin between operators take the processor from everyone else.
            options.addConfigEntry("session.intra_op.allow_spinning", "0");
            if (products == OrtSelfCheck.Products.WIDE) {
                options.addConfigEntry("session.x64quantprecision", "1");
            }
            options.setSessionLogLevel(OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR);
            if (optimized != null) {
                options.setOptimizedModelFilePath(optimized.toString());
            }
            OrtSession session = environment.createSession(graph, options);
            if (onOneThread) {
                alone = session;
            } else {
                together = session;
            }
        }
    }

    OrtEnvironment environment() {
        return environment;
    }

    /** What is done with a session's results, which are gone afterwards. */
    interface Reader {
        void read(OrtSession.Result result) throws OrtException;
    }

    /** What a run reads. */
    interface Feeder {
        Map<String, OnnxTensor> inputs() throws OrtException;
    }

    /**
     * Runs the graph; a session stays open for as long as that takes.
     *
     * @param onOneThread which session
     * @throws IllegalStateException if this is closed
     */
    void run(boolean onOneThread, Feeder feeder, Set<String> outputs, Reader reader)
            throws OrtException {
        prepare(onOneThread);
        lock.readLock().lock();
        try {
            requireOpen();
            OrtSession session = onOneThread ? alone : together;
            try (OrtSession.Result result = session.run(feeder.inputs(), outputs)) {
                reader.read(result);
            }
        } finally {
            lock.readLock().unlock();
        }
    }

    private void prepare(boolean onOneThread) throws OrtException {
        lock.readLock().lock();
        try {
            if ((onOneThread ? alone : together) != null) {
                return;
            }
        } finally {
            lock.readLock().unlock();
        }
        lock.writeLock().lock();
        try {
            requireOpen();
            if ((onOneThread ? alone : together) == null) {
                open(onOneThread, null);
            }
        } finally {
            lock.writeLock().unlock();
        }
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("it is closed");
        }
    }

    /** Closes; waits for runs under way: freeing a session in use would end the JVM. */
    @Override
    public void run() {
        lock.writeLock().lock();
        try {
            closed = true;
            for (OrtSession session : new OrtSession[] {alone, together}) {
                if (session != null) {
                    session.close();
                }
            }
            alone = null;
            together = null;
        } catch (OrtException e) {
            throw new IllegalStateException("ONNX Runtime cannot close its session", e);
        } finally {
            lock.writeLock().unlock();
        }
    }
}
