package io.github.dl4jqat.export.tflite;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.tensorflow.lite.schema.Model;
import org.tensorflow.lite.schema.Operator;
import org.tensorflow.lite.schema.SubGraph;
import org.tensorflow.lite.schema.Tensor;
import org.tensorflow.lite.schema.TensorType;

/**
 * How much memory the tensors of a TFLite file need while it runs: each lives from the operator
 * that writes it to the last one that reads it, inputs from the beginning and to the end, and those
 * that live at the same time must not overlap. They are placed as TFLite Micro places them, the
 * largest first, each at the lowest free offset, in multiples of 16 bytes.
 *
 * <p>It is an estimate. Included are inputs, outputs and all tensors between; not included are the
 * constants, which stay in the file, the scratch buffers of kernels, and what the interpreter keeps
 * for each tensor, operator and output channel, for which a few kilobytes must be added. A runtime
 * that uses an input's memory again, or lets a reshape share it, needs less.
 */
public final class ArenaEstimate {

    private static final int ALIGNMENT = 16;

    private ArenaEstimate() {}

    /** A tensor with the operators between which it lives, ends included. */
    private record Span(long size, int first, int last) {

        boolean meets(Span other) {
            return first <= other.last && other.first <= last;
        }
    }

    /** A tensor and where it begins. */
    private record Place(Span span, long offset) {

        long end() {
            return offset + span.size();
        }
    }

    /**
     * Bytes for the tensors of a file, for as many examples as its shapes say; a file for any
     * number says one.
     *
     * @param tflite what {@link TfLiteExporter#toBytes} gives
     */
    public static long bytes(byte[] tflite) {
        List<Span> spans = spans(Model.getRootAsModel(ByteBuffer.wrap(tflite)));
        spans.sort(Comparator.comparingLong(Span::size).reversed());
        List<Place> places = new ArrayList<>();
        long total = 0;
        for (Span span : spans) {
            Place place = new Place(span, offset(span, places));
            places.add(place);
            total = Math.max(total, place.end());
        }
        return total;
    }

    private static long offset(Span span, List<Place> places) {
        List<Place> meeting =
                places.stream()
                        .filter(p -> p.span().meets(span))
                        .sorted(Comparator.comparingLong(Place::offset))
                        .toList();
        long offset = 0;
        for (Place p : meeting) {
            if (p.offset() - offset >= span.size()) {
                break;
            }
            offset = Math.max(offset, p.end());
        }
        return offset;
    }

    private static List<Span> spans(Model model) {
        SubGraph graph = model.subgraphs(0);
        int[] first = new int[graph.tensorsLength()];
        int[] last = new int[first.length];
        Arrays.fill(first, Integer.MAX_VALUE);
        Arrays.fill(last, -1);
        for (int i = 0; i < graph.operatorsLength(); i++) {
            Operator op = graph.operators(i);
            for (int k = 0; k < op.outputsLength(); k++) {
                first[op.outputs(k)] = i;
                last[op.outputs(k)] = Math.max(last[op.outputs(k)], i);
            }
            for (int k = 0; k < op.inputsLength(); k++) {
                last[op.inputs(k)] = i;
            }
        }
        for (int k = 0; k < graph.inputsLength(); k++) {
            first[graph.inputs(k)] = 0;
            last[graph.inputs(k)] = graph.operatorsLength();
        }
        for (int k = 0; k < graph.outputsLength(); k++) {
            last[graph.outputs(k)] = graph.operatorsLength();
        }
        List<Span> spans = new ArrayList<>();
        for (int t = 0; t < first.length; t++) {
            if (first[t] <= last[t]) {
                spans.add(new Span(bytes(graph.tensors(t)), first[t], last[t]));
            }
        }
        return spans;
    }

    private static long bytes(Tensor tensor) {
        long bytes = tensor.type() == TensorType.INT8 ? 1 : Integer.BYTES;
        for (int axis = 0; axis < tensor.shapeLength(); axis++) {
            bytes = Math.multiplyExact(bytes, tensor.shape(axis));
        }
        return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }
}
