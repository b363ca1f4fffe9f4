package io.github.dl4jqat.kernels;

/**
 * The gradient rules under the number and the name by which saved graphs know them. Neither may
 * change once a release has written it; a new rule is a new line here and a new {@link
 * BackwardKernel}.
 *
 * <p>Immutable and thread-safe.
 */
public enum BackwardRule {
    /** {@code dx = grad} everywhere. */
    IDENTITY(1, "identity", IdentityBackward.INSTANCE),
    /** {@code dx = grad} within the range of the grid, 0 outside. */
    CLIPPED(2, "clipped", ClippedBackward.INSTANCE);

    private final int id;
    private final String ruleName;

    /** Kernels are stateless, which the compiler plug-in cannot see from an interface. */
    @SuppressWarnings("ImmutableEnumChecker")
    private final BackwardKernel kernel;

    BackwardRule(int id, String ruleName, BackwardKernel kernel) {
        this.id = id;
        this.ruleName = ruleName;
        this.kernel = kernel;
    }

    /** The number in saved graphs. */
    public int id() {
        return id;
    }

    /** The name in configurations and messages. */
    public String ruleName() {
        return ruleName;
    }

    /** The loop. */
    public BackwardKernel kernel() {
        return kernel;
    }

    /**
     * The rule with a number.
     *
     * @throws IllegalArgumentException if this version knows no such rule
     */
    public static BackwardRule ofId(long id) {
        for (BackwardRule rule : values()) {
            if (rule.id == id) {
                return rule;
            }
        }
        throw new IllegalArgumentException(
                "BackwardRule: no rule has the number "
                        + id
                        + "; this version knows "
                        + known()
                        + ". A graph that was saved by a newer version needs that version");
    }

    /**
     * The rule with a name.
     *
     * @throws IllegalArgumentException if there is none
     */
    public static BackwardRule ofName(String name) {
        for (BackwardRule rule : values()) {
            if (rule.ruleName.equals(name)) {
                return rule;
            }
        }
        throw new IllegalArgumentException(
                "BackwardRule: no rule is called \"" + name + "\"; there are " + known());
    }

    private static String known() {
        StringBuilder text = new StringBuilder();
        for (BackwardRule rule : values()) {
            text.append(text.length() == 0 ? "" : ", ")
                    .append(rule.id)
                    .append(" \"")
                    .append(rule.ruleName)
                    .append('"');
        }
        return text.toString();
    }
}
