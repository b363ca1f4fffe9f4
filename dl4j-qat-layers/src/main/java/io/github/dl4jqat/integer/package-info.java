/**
 * The integer model and everything that runs, stores or describes it: {@link
 * io.github.dl4jqat.integer.IntegerModel} (typed tensors and operations), two engines behind {@link
 * io.github.dl4jqat.integer.IntegerEngine} (plain Java, which is the definition, and ONNX Runtime,
 * which is fast and agrees with it to the last bit except behind float islands), the {@code .qnet}
 * file, and the facade {@link io.github.dl4jqat.integer.IntegerNetwork}.
 *
 * <p>No public class here has the name of one that a program with Deeplearning4j layers imports.
 * Some share theirs with an ND4J operator in {@code org.nd4j.linalg.api.ops.impl}, such as {@code
 * Concat} or {@code Reshape}: beside a wildcard import of those, import ours by name.
 *
 * <p>Depends on: {@code quant}, the JDK, slf4j, the shaded Jackson tree model of ND4J, the ONNX
 * message classes of nd4j-api, and, in one class and optionally, ONNX Runtime. {@code INDArray} and
 * {@code DataSetIterator} appear only behind the facade's methods that name them; the paths with
 * plain arrays load none of it. Nothing here depends on Deeplearning4j's training code.
 */
package io.github.dl4jqat.integer;
