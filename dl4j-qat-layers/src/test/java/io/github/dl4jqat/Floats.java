package io.github.dl4jqat;

/** Arrays of floats for tests; the JDK fills only the other types by a function. */
public final class Floats {

    private Floats() {}

    /** A float for each index. */
    public interface ByIndex {
        float at(int i);
    }

    /** {@code n} floats. */
    public static float[] of(int n, ByIndex value) {
        float[] floats = new float[n];
        for (int i = 0; i < n; i++) {
            floats[i] = value.at(i);
        }
        return floats;
    }
}
