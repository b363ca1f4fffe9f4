package io.github.dl4jqat.zoo;

import java.io.IOException;

/** Where the manifest and the model files of a zoo are. */
interface ZooStore {

    /**
     * Reads the manifest.
     *
     * @throws ZooException if there is none or it cannot be understood
     */
    ZooManifest manifest() throws IOException;

    /**
     * Reads a model file; what comes back has the size and the checksum of the entry.
     *
     * @throws ZooException if that is not to be had
     */
    byte[] model(ZooEntry entry) throws IOException;

    /** What messages call a file of the zoo. */
    String place(String file);
}
