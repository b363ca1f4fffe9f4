package io.github.dl4jqat.examples.equivalence;

/** What a network says about the test digits. */
final class Predictions {

    private final double[] logits;
    private final int[] labels;

    /**
     * @param logits the numbers before the softmax, example after example
     * @param labels the right classes
     */
    Predictions(double[] logits, int[] labels) {
        this.logits = logits;
        this.labels = labels;
    }

    private int classes() {
        return logits.length / labels.length;
    }

    /** The class with the largest number. */
    int label(int example) {
        int n = classes();
        int best = 0;
        for (int c = 1; c < n; c++) {
            best = logits[example * n + c] > logits[example * n + best] ? c : best;
        }
        return best;
    }

    /** Share of right labels. */
    double accuracy() {
        int right = 0;
        for (int i = 0; i < labels.length; i++) {
            right += label(i) == labels[i] ? 1 : 0;
        }
        return (double) right / labels.length;
    }

    /** Mean cross entropy. */
    double loss() {
        int n = classes();
        double sum = 0;
        for (int i = 0; i < labels.length; i++) {
            double largest = logits[i * n + label(i)];
            double exponentials = 0;
            for (int c = 0; c < n; c++) {
                exponentials += Math.exp(logits[i * n + c] - largest);
            }
            sum += largest + Math.log(exponentials) - logits[i * n + labels[i]];
        }
        return sum / labels.length;
    }

    /** Share of the digits on which both say the same. */
    double agreement(Predictions other) {
        int equal = 0;
        for (int i = 0; i < labels.length; i++) {
            equal += label(i) == other.label(i) ? 1 : 0;
        }
        return (double) equal / labels.length;
    }

    /** Among the digits that both get wrong, the share on which they say the same; NaN for none. */
    double agreementInError(Predictions other) {
        int wrong = 0;
        int equal = 0;
        for (int i = 0; i < labels.length; i++) {
            if (label(i) != labels[i] && other.label(i) != labels[i]) {
                wrong++;
                equal += label(i) == other.label(i) ? 1 : 0;
            }
        }
        return wrong == 0 ? Double.NaN : (double) equal / wrong;
    }

    /** Mean squared difference of the logits. */
    double logitError(Predictions other) {
        double sum = 0;
        for (int i = 0; i < logits.length; i++) {
            double d = logits[i] - other.logits[i];
            sum += d * d;
        }
        return sum / logits.length;
    }
}
