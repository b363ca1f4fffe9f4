package io.github.dl4jqat.kernels;

/** One time step of several sequences {@code [example, feature, time]}. Stateless. */
final class Sequences {

    private Sequences() {}

    /** {@code slice[e][i] = x[from + e, i, t] - zero}. */
    static void read(int[] x, int from, int t, int steps, int zero, int[][] slice) {
        for (int e = 0; e < slice.length; e++) {
            int at = (from + e) * slice[e].length * steps + t;
            for (int i = 0; i < slice[e].length; i++) {
                slice[e][i] = x[at + i * steps] - zero;
            }
        }
    }

    /** {@code slice[e][i] = x[from + e, i] - zero}. */
    static void read(int[] x, int from, int zero, int[][] slice) {
        read(x, from, 0, 1, zero, slice);
    }

    /** {@code y[from + e, i, t] = slice[e][i] + zero}. */
    static void write(int[][] slice, int zero, int[] y, int from, int t, int steps) {
        for (int e = 0; e < slice.length; e++) {
            int at = (from + e) * slice[e].length * steps + t;
            for (int i = 0; i < slice[e].length; i++) {
                y[at + i * steps] = slice[e][i] + zero;
            }
        }
    }

    /** {@code y[from + e, i] = slice[e][i] + zero}. */
    static void write(int[][] slice, int zero, int[] y, int from) {
        write(slice, zero, y, from, 0, 1);
    }
}
