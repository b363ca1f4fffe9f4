package io.github.dl4jqat.ops;

/**
 * One thread's part of a call to {@link OffHeapBlocks}: walks over its elements block by block and,
 * within a block, over the runs of each scale.
 */
abstract class BlockWorker {

    private final boolean wholeBlocks;

    BlockWorker(boolean wholeBlocks) {
        this.wholeBlocks = wholeBlocks;
    }

    abstract void load(long at, int n);

    abstract void run(int from, int to, int channel);

    abstract void expand(int from, int to, int channel, int channels);

    abstract void each(int n);

    abstract void store(long at, int n);

    final void work(DenseLayout layout, long first, long last) {
        for (long at = first; at < last; at += OffHeapBlocks.BLOCK) {
            int n = (int) Math.min(OffHeapBlocks.BLOCK, last - at);
            load(at, n);
            if (layout.scales() == 1) {
                run(0, n, 0);
            } else {
                segments(layout, at, n);
                if (wholeBlocks) {
                    each(n);
                }
            }
            store(at, n);
        }
        finish();
    }

    /** Called when all blocks of this part are done. */
    void finish() {
        // Most have nothing left.
    }

    private void segments(DenseLayout layout, long at, int n) {
        int channel = (int) (at / layout.inner() % layout.channels());
        if (wholeBlocks && layout.inner() == 1) {
            for (int done = 0; done < n; channel = 0) {
                int to = Math.min(n, done + layout.channels() - channel);
                expand(done, to, channel, to - done);
                done = to;
            }
            return;
        }
        long within = at % layout.inner();
        for (int done = 0; done < n; ) {
            long end = layout.inner();
            int scale = channel;
            if (layout.group() > 0) {
                long group = within / layout.group();
                end = Math.min(end, (group + 1) * layout.group());
                scale = channel * layout.groupsPerChannel() + (int) group;
            }
            int to = (int) Math.min(n, done + end - within);
            if (wholeBlocks) {
                expand(done, to, scale, 1);
            } else {
                run(done, to, scale);
            }
            within += to - done;
            done = to;
            if (within == layout.inner()) {
                within = 0;
                channel = channel + 1 == layout.channels() ? 0 : channel + 1;
            }
        }
    }
}
