package io.github.dl4jqat.examples.deploy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The bytes of the array in a C header, as a compiler reads them. */
final class CArray {

    private static final Pattern BODY = Pattern.compile("\\[\\]?[^{;]*=\\s*\\{([^}]*)\\}");
    private static final Pattern BYTE = Pattern.compile("0x([0-9a-fA-F]{1,2})");
    private static final int HEX = 16;

    private CArray() {}

    static byte[] read(Path header) throws IOException {
        Matcher body = BODY.matcher(Files.readString(header));
        if (!body.find()) {
            throw new IOException(header + ": there is no array in it");
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        Matcher next = BYTE.matcher(body.group(1));
        while (next.find()) {
            bytes.write(Integer.parseInt(next.group(1), HEX));
        }
        return bytes.toByteArray();
    }
}
