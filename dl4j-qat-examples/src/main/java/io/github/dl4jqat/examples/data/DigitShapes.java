package io.github.dl4jqat.examples.data;

import java.util.ArrayList;
import java.util.List;

/**
 * How the ten digits are written: for each digit a few usual ways, each one a path of the pen.
 *
 * <p>A path is a line of text: points {@code x,y} on a field of 100 x 100 (y grows downwards), a
 * blank between points of one smooth curve, {@code |} where the pen turns a corner, {@code /} where
 * it is lifted. The curve goes through all points.
 */
final class DigitShapes {

    private static final String[][] PATHS = {
        {
            "55,5 33,15 22,48 32,84 50,95 70,84 79,50 70,17 52,5 42,9",
            "62,9 40,8 25,33 22,64 36,91 58,93 76,74 79,42 72,18 56,7",
            "46,6 62,10 72,36 70,70 54,94 36,86 28,58 30,26 44,8",
            "66,14 50,6 30,20 22,52 34,88 56,94 76,70 76,36 62,12 48,4",
        },
        {
            "50,5 50,95",
            "57,4 52,48 45,96",
            "34,24 44,16 54,5 | 53,95",
            "36,26 53,6 | 51,94 / 33,95 70,94",
            "44,6 49,50 56,95",
        },
        {
            "25,27 34,11 54,6 69,18 67,38 48,63 23,92 | 50,91 78,92",
            "26,23 44,6 65,13 69,32 54,60 30,86 22,91 20,82 32,77 50,86 66,94 80,87",
            "24,16 46,9 68,12 70,26 | 48,60 24,91 | 50,90 77,88",
            "28,30 36,12 52,5 66,14 68,34 56,58 38,80 24,88 | 44,82 60,90 78,90",
        },
        {
            "27,15 46,5 67,14 66,33 45,47 | 66,53 74,72 60,92 38,95 23,84",
            "26,8 50,8 73,8 | 47,42 | 67,50 75,71 58,93 36,94 22,84",
            "28,13 50,5 68,18 62,37 44,46 38,43 46,41 66,52 74,71 60,91 40,95 24,85",
            "30,10 52,6 64,20 56,40 42,47 | 60,50 68,68 58,90 40,97 26,92",
        },
        {
            "33,8 29,32 23,56 | 50,54 79,52 / 66,12 64,54 61,95",
            "62,95 62,50 62,6 | 40,38 19,66 | 50,65 83,64",
            "58,6 40,34 20,64 | 50,63 80,62 / 64,36 62,66 59,97",
            "28,10 24,36 34,54 52,54 68,46 / 71,8 68,50 61,96",
            "30,8 26,50 | 52,51 70,48 | 72,10 | 68,54 66,94",
        },
        {
            "73,8 52,8 32,9 | 28,45 | 50,38 70,48 76,68 64,89 42,95 22,86",
            "34,9 31,28 30,46 | 52,40 71,51 74,73 58,93 36,95 22,86 / 34,9 54,8 75,7",
            "72,10 48,8 33,20 33,38 52,46 69,57 71,76 56,93 36,94 22,85",
            "70,6 36,10 | 32,42 | 48,38 64,44 70,62 62,82 46,94 30,94",
        },
        {
            "64,6 42,23 27,50 25,76 40,94 62,89 71,72 61,57 44,57 28,71",
            "58,4 37,30 26,61 34,88 54,95 71,81 68,63 50,55 33,64 27,77",
            "50,4 34,40 26,72 36,92 56,94 72,80 68,64 48,60 28,74",
            "70,9 50,10 32,30 24,60 30,86 50,96 68,88 72,70 58,60 40,64 28,78",
        },
        {
            "22,10 50,10 77,10 | 58,48 43,95",
            "22,12 50,11 76,10 | 57,50 45,95 / 33,52 52,51 71,50",
            "22,23 24,9 | 50,10 76,10 | 54,52 42,95",
            "24,15 48,8 73,13 62,42 48,68 42,96",
            "26,12 52,16 74,10 | 64,50 60,94",
        },
        {
            "66,16 49,5 31,15 34,35 52,48 70,64 69,86 50,95 31,86 31,66 48,50 66,35 68,18 58,7",
            "50,6 33,15 33,36 50,46 67,36 67,16 50,6 / 50,46 29,58 27,82 50,95 73,82 71,58 50,46",
            "70,14 50,8 34,20 44,38 60,52 66,72 54,92 36,90 30,74 42,56 62,40 74,20",
            "56,4 40,14 40,32 54,46 64,62 62,84 46,96 32,86 34,68 50,50 64,34 66,14 54,5",
        },
        {
            "70,22 56,7 37,11 26,28 34,46 54,45 70,30 | 70,24 68,60 61,95",
            "68,17 48,6 29,18 30,41 50,49 67,36 70,18 | 67,58 64,96",
            "70,21 50,6 29,21 34,43 54,46 70,27 72,50 65,79 46,95 28,88",
            "66,12 44,8 28,26 36,44 56,42 68,16 | 62,56 50,94",
        },
    };

    private DigitShapes() {}

    /** Number of ways in which a digit is written. */
    static int variants(int digit) {
        return PATHS[digit].length;
    }

    /** The strokes of one way to write a digit. */
    static List<Stroke> strokes(int digit, int variant) {
        List<Stroke> strokes = new ArrayList<>();
        for (String stroke : PATHS[digit][variant].split("/", -1)) {
            strokes.add(Stroke.parse(stroke.strip()));
        }
        return strokes;
    }

    /**
     * One movement of the pen between setting it down and lifting it.
     *
     * @param x horizontal positions of the points, 0 to 100
     * @param y vertical positions, 0 at the top
     * @param corner for each point whether the pen turns there and leaves in a new direction
     */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    record Stroke(double[] x, double[] y, boolean[] corner) {

        private static Stroke parse(String text) {
            String[] words = text.split("\\s+", -1);
            int points = 0;
            for (String word : words) {
                points += word.equals("|") ? 0 : 1;
            }
            Stroke stroke = new Stroke(new double[points], new double[points], new boolean[points]);
            int next = 0;
            for (String word : words) {
                if (word.equals("|")) {
                    stroke.corner[next - 1] = true;
                } else {
                    int comma = word.indexOf(',');
                    stroke.x[next] = Integer.parseInt(word.substring(0, comma));
                    stroke.y[next] = Integer.parseInt(word.substring(comma + 1));
                    next++;
                }
            }
            return stroke;
        }

        int points() {
            return x.length;
        }
    }
}
