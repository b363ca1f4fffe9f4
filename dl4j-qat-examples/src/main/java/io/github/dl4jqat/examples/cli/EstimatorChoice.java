package io.github.dl4jqat.examples.cli;

import io.github.dl4jqat.estimator.GradientEstimator;
import io.github.dl4jqat.estimator.TensorRole;
import io.github.dl4jqat.examples.comparison.EstimatorRecipe;
import io.github.dl4jqat.examples.comparison.EstimatorRecipes;
import io.github.dl4jqat.quant.QuantSpec;
import io.github.dl4jqat.quant.Quantizers;
import java.io.Serial;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * An estimator by its name, for tensors of a role at a width, as the comparison of all estimators
 * uses it.
 *
 * @param estimator the estimator
 * @param integers what it quantizes to
 */
record EstimatorChoice(GradientEstimator estimator, QuantSpec integers) {

    /** For help texts. */
    static final class Names extends ArrayList<String> {

        @Serial private static final long serialVersionUID = 1L;

        Names() {
            super(EstimatorRecipes.names());
        }
    }

    /**
     * What an option asks for.
     *
     * @param option its name
     * @param name the name of an estimator
     * @param paired whether another estimator is meant where that one is not for the role
     * @throws InputException if there is no such estimator, or not for that
     */
    static EstimatorChoice of(String option, String name, TensorRole role, int bits, boolean paired)
            throws InputException {
        if (!EstimatorRecipes.names().contains(name)) {
            throw new InputException(
                    option
                            + ": unknown estimator '"
                            + name
                            + "', expected one of "
                            + joined(EstimatorRecipes.names()));
        }
        EstimatorChoice choice = find(name, role, bits);
        if (choice == null || !(paired || choice.estimator.name().equals(name))) {
            throw new InputException(
                    option
                            + ": '"
                            + name
                            + "' is not for "
                            + role.name().toLowerCase(Locale.ROOT)
                            + "s of "
                            + Count.of(bits, "bit")
                            + ", expected one of "
                            + joined(serving(role, bits)));
        }
        return choice;
    }

    private static List<String> serving(TensorRole role, int bits) {
        return EstimatorRecipes.names().stream()
                .filter(
                        name -> {
                            EstimatorChoice choice = find(name, role, bits);
                            return choice != null && choice.estimator.name().equals(name);
                        })
                .toList();
    }

    /** What stands for a name, or null where that does not serve the role at the width. */
    private static EstimatorChoice find(String name, TensorRole role, int bits) {
        EstimatorRecipe recipe = EstimatorRecipes.named(name);
        try {
            EstimatorChoice choice =
                    role == TensorRole.WEIGHT
                            ? new EstimatorChoice(
                                    recipe.weights().apply(bits), recipe.integers().apply(bits))
                            : new EstimatorChoice(
                                    recipe.activations().apply(bits),
                                    Quantizers.uintPerTensor(bits));
            choice.estimator.requireServes(choice.integers, role);
            return choice;
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    private static String joined(List<String> names) {
        return String.join(", ", names);
    }
}
