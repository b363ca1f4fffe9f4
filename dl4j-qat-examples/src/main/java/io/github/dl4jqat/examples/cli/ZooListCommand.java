package io.github.dl4jqat.examples.cli;

import io.github.dl4jqat.zoo.ModelCard;
import io.github.dl4jqat.zoo.ZooEntry;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** The {@code qat zoo list} command: which models are there? */
@Command(
        name = "list",
        header = "Show which models a zoo has",
        mixinStandardHelpOptions = true,
        footer = {
            "",
            "Examples:",
            "  qat zoo list",
            "  qat zoo list mnist lenet",
            "",
            "Next: qat zoo show NAME"
        })
final class ZooListCommand implements Callable<Integer> {

    @ParentCommand private ZooCommand zoo;
    @Mixin private JsonOption json;

    @Parameters(
            arity = "0..*",
            paramLabel = "WORD",
            description =
                    "Only models with all these words in name, task, description, data set or"
                            + " licence.")
    private List<String> words = List.of();

    @Override
    public Integer call() throws Exception {
        List<ZooEntry> entries = zoo.zoo(z -> z.search(String.join(" ", words)));
        Table table = new Table("model", "version", "bits", "right", "size");
        for (ZooEntry entry : entries) {
            ModelCard card = entry.card();
            table.row(
                    entry.name(),
                    entry.version(),
                    "W" + card.weightBits() + "A" + card.activationBits(),
                    card.measured().map(a -> Percent.of(a.value())).orElse("-"),
                    String.format(Locale.ROOT, "%.1f kB", entry.bytes() / 1e3));
        }
        zoo.console().text(entries.isEmpty() ? "No such models." : table.toString());
        json.write(entries.stream().map(ZooText::entries).toList());
        return 0;
    }
}
