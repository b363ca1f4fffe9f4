package io.github.dl4jqat.zoo;

import io.github.dl4jqat.integer.IntegerNetwork;
import java.io.IOException;
import java.nio.file.Path;

/** Publishes models one after the other: one of the processes that a test lets do so at once. */
final class PublishingProgram {

    private PublishingProgram() {}

    /**
     * Publishes versions 1, 2 and so on of one name.
     *
     * @param arguments the folder, the name, how many
     */
    public static void main(String[] arguments) throws IOException {
        publish(Path.of(arguments[0]), arguments[1], Integer.parseInt(arguments[2]));
    }

    static void publish(Path folder, String name, int versions) throws IOException {
        IntegerModelZoo zoo = IntegerModelZoo.open(folder);
        for (int version = 1; version <= versions; version++) {
            try (IntegerNetwork network = ZooModels.network(version)) {
                zoo.publish(name, Integer.toString(version), network, ZooModels.card());
            }
        }
    }
}
