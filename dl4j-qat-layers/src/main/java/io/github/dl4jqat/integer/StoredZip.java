package io.github.dl4jqat.integer;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.LocalDateTime;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/**
 * The plainest zip file: every entry stored without compression, one after the other from the first
 * byte on, then the directory, nothing before, between or after. Its reader takes nothing else, so
 * that a file has one meaning only: what a zip tool shows is what is read here.
 */
final class StoredZip {

    /** The reader holds a whole file in one array. */
    static final long LARGEST_FILE = Integer.MAX_VALUE - 64L;

    /** Without the 64-bit extension a zip file has no more. */
    static final int MOST_ENTRIES = 0xFFFE;

    private static final int LOCAL = 0x04034b50;
    private static final int CENTRAL = 0x02014b50;
    private static final int END = 0x06054b50;
    private static final int LOCAL_SIZE = 30;
    private static final int CENTRAL_SIZE = 46;
    private static final int END_SIZE = 22;
    private static final int UTF8_NAMES = 1 << 11;

    private final ByteBuffer file;
    private final String source;

    private StoredZip(byte[] bytes, String source) {
        this.file = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        this.source = source;
    }

    /** Writes entries in order, with a fixed time, so that equal models give equal files. */
    static void write(Map<String, byte[]> entries, OutputStream out) throws IOException {
        if (entries.size() > MOST_ENTRIES) {
            throw new IOException(
                    "a .qnet file holds "
                            + MOST_ENTRIES
                            + " entries, the model needs "
                            + entries.size());
        }
        long total = entries.values().stream().mapToLong(b -> b.length + 256L).sum();
        if (total > LARGEST_FILE) {
            throw new IOException(
                    "a .qnet file holds " + LARGEST_FILE + " bytes, the model needs " + total);
        }
        ZipOutputStream zip = new ZipOutputStream(out, StandardCharsets.UTF_8);
        zip.setMethod(ZipOutputStream.STORED);
        for (Map.Entry<String, byte[]> e : entries.entrySet()) {
            ZipEntry entry = new ZipEntry(e.getKey());
            entry.setTimeLocal(LocalDateTime.of(1980, 2, 1, 0, 0));
            entry.setSize(e.getValue().length);
            entry.setCrc(crc(ByteBuffer.wrap(e.getValue())));
            zip.putNextEntry(entry);
            zip.write(e.getValue());
            zip.closeEntry();
        }
        zip.finish();
    }

    private static long crc(ByteBuffer bytes) {
        CRC32 crc = new CRC32();
        crc.update(bytes);
        return crc.getValue();
    }

    /** The entries of a file by name, as windows on its bytes. */
    static Map<String, ByteBuffer> read(byte[] bytes, String source) throws QnetFormatException {
        return new StoredZip(bytes, source).entries();
    }

    private Map<String, ByteBuffer> entries() throws QnetFormatException {
        int end = file.capacity() - END_SIZE;
        if (end < 0 || file.getInt(end) != END) {
            throw broken("it does not end like a .qnet file; it is another file or cut short");
        }
        int count = u16(end + 10);
        int directory = i32(end + 16);
        boolean oneDisk = u16(end + 4) == 0 && u16(end + 6) == 0 && u16(end + 8) == count;
        boolean closed = u16(end + 20) == 0 && (long) directory + i32(end + 12) == end;
        if (!oneDisk || !closed) {
            throw broken("the end of its directory does not fit its size");
        }
        Map<String, ByteBuffer> entries = new LinkedHashMap<>();
        int local = 0;
        int central = directory;
        for (int i = 0; i < count; i++) {
            int nameLength = header(central, CENTRAL, CENTRAL_SIZE, 28, end, i);
            String name = name(central + CENTRAL_SIZE, nameLength);
            if (i32(central + 42) != local || u16(central + 32) != 0 || u16(central + 34) != 0) {
                throw broken("entry '" + name + "' is not where it should be");
            }
            int localName = header(local, LOCAL, LOCAL_SIZE, 26, directory, i);
            if (!sameHeader(local, central, localName, nameLength)) {
                throw broken("entry '" + name + "' is not the same in directory and data");
            }
            int size = i32(central + 24);
            int data = local + LOCAL_SIZE + localName;
            if (i32(central + 20) != size || size > directory - data) {
                throw broken("entry '" + name + "' claims " + size + " bytes and has fewer");
            }
            ByteBuffer content = file.slice(data, size);
            if ((int) crc(content.duplicate()) != file.getInt(central + 16)) {
                throw broken("the checksum of entry '" + name + "' does not match its bytes");
            }
            if (entries.put(name, content) != null) {
                throw broken("entry '" + name + "' is there twice");
            }
            local = data + size;
            central += CENTRAL_SIZE + nameLength;
        }
        if (local != directory || central != end) {
            throw broken("there are bytes between its entries and its directory, or after");
        }
        return entries;
    }

    /** Checks a header and gives the length of the name behind it. */
    private int header(int at, int signature, int size, int nameField, int limit, int index)
            throws QnetFormatException {
        if (at > limit - size || file.getInt(at) != signature) {
            throw broken("header " + index + " is missing");
        }
        int fields = signature == LOCAL ? at + 6 : at + 8;
        if ((u16(fields) & ~UTF8_NAMES) != 0 || u16(fields + 2) != ZipEntry.STORED) {
            throw broken(
                    "entry " + index + " is compressed or encrypted; a .qnet file stores only");
        }
        int nameLength = u16(at + nameField);
        if (u16(at + nameField + 2) != 0 || nameLength > limit - size - at) {
            throw broken("entry " + index + " has a name that is too long or extra fields");
        }
        return nameLength;
    }

    /** Flags, method, time, checksum, sizes and name stand in both headers. */
    private boolean sameHeader(int local, int central, int localName, int centralName) {
        ByteBuffer a = file.slice(local + 6, 20);
        ByteBuffer b = file.slice(central + 8, 20);
        return a.equals(b)
                && file.slice(local + LOCAL_SIZE, localName)
                        .equals(file.slice(central + CENTRAL_SIZE, centralName));
    }

    private String name(int at, int length) {
        byte[] bytes = new byte[length];
        file.get(at, bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private int u16(int at) {
        return Short.toUnsignedInt(file.getShort(at));
    }

    /** An unsigned number that must fit into the file, and so into an int. */
    private int i32(int at) throws QnetFormatException {
        int value = file.getInt(at);
        if (value < 0 || value > file.capacity()) {
            throw broken(
                    "it claims a size or position of "
                            + Integer.toUnsignedString(value)
                            + " in a file of "
                            + file.capacity()
                            + " bytes");
        }
        return value;
    }

    private QnetFormatException broken(String reason) {
        return new QnetFormatException(source, reason);
    }
}
