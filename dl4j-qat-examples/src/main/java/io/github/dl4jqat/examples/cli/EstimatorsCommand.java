package io.github.dl4jqat.examples.cli;

import io.github.dl4jqat.examples.comparison.Comparison;
import io.github.dl4jqat.examples.comparison.ComparisonPage;
import io.github.dl4jqat.examples.comparison.ComparisonRow;
import io.github.dl4jqat.examples.comparison.EstimatorRecipe;
import io.github.dl4jqat.examples.comparison.EstimatorRecipes;
import io.github.dl4jqat.examples.comparison.Protocol;
import io.github.dl4jqat.examples.data.DigitData;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.deeplearning4j.optimize.api.TrainingListener;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

/** The {@code qat estimators} command: reads the options, runs a {@link Comparison}, shows it. */
@Command(
        name = "estimators",
        header = "Compare all gradient estimators at several widths",
        mixinStandardHelpOptions = true,
        description = {
            "",
            "Train a LeNet in float, then train it on with quantization: once for every estimator"
                    + " and every width, always on the same digits in the same order. Rows 'ptq'"
                    + " (calibrated, not trained) and 'float' (not quantized) are the floor and"
                    + " the ceiling.",
            "",
            "Where an estimator is for weights only, or for activations only, the page of --html"
                    + " says what stands beside it.",
            "",
            "Without --data it uses the MNIST files that Deeplearning4j has cached, or else digits"
                    + " that it draws itself. Nothing is downloaded.",
            ""
        },
        footer = {
            "",
            "Examples:",
            "  qat estimators --data mnist --json estimators.json --html estimators.html",
            "  qat estimators --data mnist --estimators clipped,lsq --bits 4,2 --seeds 3",
            "",
            "Next: qat prepare --estimator NAME, with the one that did best."
        })
final class EstimatorsCommand implements Callable<Integer>, Comparison.Watcher {

    private static final int MOST_BITS = 8;

    @ParentCommand private QatCli cli;
    @Mixin private DigitOptions digits;
    @Mixin private JsonOption json;

    @Option(
            names = "--bits",
            paramLabel = "B",
            split = ",",
            defaultValue = "8,4,3,2,1",
            description =
                    "Widths of weights and activations, 1 to 8, with commas. Default:"
                            + " ${DEFAULT-VALUE}.")
    private List<Integer> bits;

    @Option(
            names = "--estimators",
            paramLabel = "NAME",
            split = ",",
            completionCandidates = EstimatorChoice.Names.class,
            description = "Which estimators, with commas: ${COMPLETION-CANDIDATES}. Default: all.")
    private List<String> names;

    @Option(
            names = "--epochs",
            paramLabel = "N",
            defaultValue = "1",
            description =
                    "Passes with quantization, each over the first "
                            + Protocol.USUAL_DIGITS
                            + " training digits (fewer from 3 bits on). Default:"
                            + " ${DEFAULT-VALUE}.")
    private int epochs;

    @Option(
            names = "--seeds",
            paramLabel = "K",
            defaultValue = "1",
            description =
                    "How many times to do it all, with other seeds. Default: ${DEFAULT-VALUE}.")
    private int seeds;

    @Writes
    @Option(
            names = "--html",
            paramLabel = "FILE",
            description = "Write a page with tables and plots to this file.")
    private Path html;

    private final long start = System.nanoTime();

    @Override
    public Integer call() throws Exception {
        DigitOptions.requirePositive("--epochs", epochs);
        DigitOptions.requirePositive("--seeds", seeds);
        List<Integer> widths = widths();
        List<EstimatorRecipe> recipes = recipes(widths);
        DigitData data = digits.data();
        Protocol protocol = Protocol.usual(epochs, seeds);
        cli.console()
                .line(
                        "Digits: %,d to train on, %,d to test on (%s)",
                        data.train().size(), data.test().size(), data.source());
        List<ComparisonRow> rows =
                new Comparison(data, protocol, recipes, widths, LeNetRecipe::network, this).run();
        json.write(rows.stream().map(ComparisonRow::entries).toList());
        if (html != null) {
            String page = ComparisonPage.of(data, protocol, rows);
            AtomicFile.write(html, draft -> Files.writeString(draft, page));
        }
        conclude(rows, widths);
        return 0;
    }

    private List<Integer> widths() throws InputException {
        for (int b : bits) {
            if (b < 1 || b > MOST_BITS) {
                throw new InputException(
                        "--bits: expected widths from 1 to " + MOST_BITS + ", got " + b);
            }
        }
        return bits.stream().distinct().toList();
    }

    private List<EstimatorRecipe> recipes(List<Integer> widths) throws InputException {
        if (names == null) {
            return EstimatorRecipes.list();
        }
        List<EstimatorRecipe> chosen = new ArrayList<>();
        for (String name : names.stream().distinct().toList()) {
            EstimatorRecipe recipe;
            try {
                recipe = EstimatorRecipes.named(name);
            } catch (IllegalArgumentException e) {
                throw new InputException("--estimators: " + e.getMessage(), e);
            }
            if (widths.stream().noneMatch(recipe::serves)) {
                throw new InputException(
                        String.format(
                                Locale.ROOT,
                                "--estimators: '%s' serves %s, none of --bits %s",
                                name,
                                recipe.fewestBits() == recipe.mostBits()
                                        ? Count.of(recipe.fewestBits(), "bit")
                                        : recipe.fewestBits()
                                                + " to "
                                                + Count.of(recipe.mostBits(), "bit"),
                                joined(widths)));
            }
            chosen.add(recipe);
        }
        return chosen;
    }

    private static String joined(List<Integer> widths) {
        return widths.stream().map(String::valueOf).collect(Collectors.joining(","));
    }

    @Override
    public TrainingListener floatTraining(long seed, int iterations) {
        return new Progress(cli.console(), "float, seed " + seed, iterations);
    }

    @Override
    public void measured(ComparisonRow row, long seed, int done, int all) {
        Duration left =
                Duration.ofNanos(
                        (long) ((double) (System.nanoTime() - start) / done * (all - done)));
        cli.console()
                .line(
                        "  [%d/%d] seed %d, %s %s: %s%s",
                        done,
                        all,
                        seed,
                        row.estimator(),
                        Count.of(row.bits(), "bit"),
                        Percent.of(row.accuracy()),
                        done == 1 || done == all
                                ? ""
                                : ", about " + Math.max(1, left.toMinutes()) + " min left");
    }

    private void conclude(List<ComparisonRow> rows, List<Integer> widths) {
        List<String> header = new ArrayList<>(List.of("digits right"));
        widths.forEach(b -> header.add(Count.of(b, "bit")));
        Table table = new Table(header.toArray(String[]::new));
        for (String name : rows.stream().map(ComparisonRow::estimator).distinct().toList()) {
            List<String> cells = new ArrayList<>(List.of(name));
            for (int b : widths) {
                cells.add(
                        rows.stream()
                                .filter(r -> r.estimator().equals(name))
                                .filter(r -> r.bits() == b || r.bits() == ComparisonRow.FLOAT_BITS)
                                .findFirst()
                                .map(r -> Percent.of(r.accuracy()))
                                .orElse("-"));
            }
            table.row(cells.toArray(String[]::new));
        }
        cli.console().text("");
        cli.console().text(table.toString());
        cli.console().text("");
        double spread = rows.stream().mapToDouble(ComparisonRow::spread).max().orElse(0);
        cli.console()
                .line(
                        "  %s. The whole run took %.0f seconds.",
                        seeds == 1
                                ? "One seed"
                                : "Means of "
                                        + seeds
                                        + " seeds; the largest difference between seeds is "
                                        + Percent.of(spread),
                        (System.nanoTime() - start) / 1e9);
    }
}
