package io.github.dl4jqat.zoo;

/** How much of anything a zoo may hold; what has more is refused before it takes memory. */
public final class ZooLimits {

    /** Bytes of a manifest: room for some thousand models. */
    public static final int MANIFEST_BYTES = 8 << 20;

    /** Bytes of a model file. */
    public static final int MODEL_BYTES = 1 << 30;

    /** Entries of a manifest. */
    public static final int MODELS = 10_000;

    /** How deep a manifest may be nested. */
    public static final int DEPTH = 12;

    /** Characters of a text in a card. */
    public static final int TEXT = 4_000;

    /** Elements of a list in a card, such as labels. */
    public static final int LIST = 20_000;

    private ZooLimits() {}
}
