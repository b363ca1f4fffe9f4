package io.github.dl4jqat.examples.cli;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * A shape on the command line: {@code 3x416x416}, or {@code left=3x416x416} for an input by name.
 *
 * @param name of the input; null for the only one
 * @param sizes of one example, without the batch
 */
record InputShape(String name, List<Long> sizes) {

    private static final Pattern SYNTAX =
            Pattern.compile("(?:(?<name>[^=]+)=)?(?<sizes>\\d{1,9}(?:x\\d{1,9})*)");

    /** Reads one. */
    static final class Converter implements ITypeConverter<InputShape> {
        @Override
        public InputShape convert(String text) {
            Matcher m = SYNTAX.matcher(text);
            if (!m.matches()) {
                throw new TypeConversionException(
                        "'" + text + "' is no shape; expected sizes such as 3x416x416");
            }
            return new InputShape(
                    m.group("name"),
                    Arrays.stream(m.group("sizes").split("x")).map(Long::valueOf).toList());
        }
    }

    /**
     * All of them by name.
     *
     * @param inputs what the network reads
     * @throws InputException if a name is missing, wrong, or there twice
     */
    static Map<String, long[]> byName(List<InputShape> shapes, List<String> inputs)
            throws InputException {
        Map<String, long[]> byName = new LinkedHashMap<>();
        for (InputShape shape : shapes) {
            String name = shape.name() == null && inputs.size() == 1 ? inputs.get(0) : shape.name();
            if (!inputs.contains(name)) {
                throw new InputException(
                        "--input-shape: "
                                + (name == null
                                        ? "name the input"
                                        : "there is no input '" + name + "'")
                                + "; the network reads "
                                + String.join(", ", inputs));
            }
            long[] sizes = shape.sizes().stream().mapToLong(Long::longValue).toArray();
            if (byName.put(name, sizes) != null) {
                throw new InputException(
                        "--input-shape: two shapes for input '" + name + "'; give one");
            }
        }
        return byName;
    }
}
