package io.github.dl4jqat.zoo;

import java.io.IOException;
import java.net.URI;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A zoo on a web server: a folder of plain files. Its manifest is asked for once; when the server
 * is not there, the one from the last time serves.
 */
final class HttpStore implements ZooStore {

    private static final Logger LOG = LoggerFactory.getLogger(HttpStore.class);

    private final URI base;
    private final HttpFetch http;
    private final ModelCache cache;
    private ZooManifest manifest;

    /**
     * Describes it; nothing is asked for yet.
     *
     * @param base the address of the folder, ending in a slash
     */
    HttpStore(URI base, ZooOptions options) {
        this.base = base;
        this.http = new HttpFetch(options);
        this.cache = new ModelCache(options.cache());
    }

    @Override
    public synchronized ZooManifest manifest() throws IOException {
        if (manifest == null) {
            manifest = fetchManifest();
        }
        return manifest;
    }

    private ZooManifest fetchManifest() throws IOException {
        String place = place(ZooManifest.FILE);
        try {
            byte[] json = http.bytes(base.resolve(ZooManifest.FILE), ZooLimits.MANIFEST_BYTES);
            ZooManifest fresh = ZooManifest.parse(json, place);
            cache.keepManifest(base, json);
            return fresh;
        } catch (ZooUnreachableException e) {
            Optional<byte[]> kept = cache.manifest(base);
            if (kept.isEmpty()) {
                throw e;
            }
            LOG.warn("{}; going on with the manifest from the last time", e.getMessage());
            return ZooManifest.parse(kept.get(), place);
        }
    }

    @Override
    public byte[] model(ZooEntry entry) throws IOException {
        return cache.model(entry, base.resolve(entry.file()), http);
    }

    @Override
    public String place(String file) {
        return base.resolve(file).toString();
    }
}
