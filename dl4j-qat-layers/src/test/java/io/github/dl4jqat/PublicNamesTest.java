package io.github.dl4jqat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.syntax.ArchRuleDefinition;
import java.util.List;

/** A program may import our packages and those of a usual DL4J program with wildcards. */
@AnalyzeClasses(
        packages = "io.github.dl4jqat",
        importOptions = ImportOption.DoNotIncludeTests.class)
final class PublicNamesTest {

    private static final List<String> USUAL =
            List.of(
                    "org.deeplearning4j.nn.conf",
                    "org.deeplearning4j.nn.conf.graph",
                    "org.deeplearning4j.nn.conf.inputs",
                    "org.deeplearning4j.nn.conf.layers",
                    "org.deeplearning4j.nn.conf.layers.recurrent",
                    "org.deeplearning4j.nn.conf.preprocessor",
                    "org.deeplearning4j.nn.graph",
                    "org.deeplearning4j.nn.multilayer",
                    "org.deeplearning4j.nn.weights",
                    "org.deeplearning4j.util",
                    "org.deeplearning4j.zoo",
                    "org.deeplearning4j.zoo.model",
                    "org.nd4j.autodiff.samediff",
                    "org.nd4j.linalg.activations",
                    "org.nd4j.linalg.api.ndarray",
                    "org.nd4j.linalg.dataset",
                    "org.nd4j.linalg.dataset.api.iterator",
                    "org.nd4j.linalg.factory",
                    "org.nd4j.linalg.learning.config",
                    "org.nd4j.linalg.lossfunctions");

    @ArchTest
    static final ArchRule public_classes_have_names_of_their_own =
            ArchRuleDefinition.noClasses()
                    .that()
                    .areTopLevelClasses()
                    .should(
                            ArchCondition.from(
                                    DescribedPredicate.describe(
                                            "be public and named as one of DL4J",
                                            PublicNamesTest::taken)))
                    .because("a wildcard import of both would be ambiguous");

    private static boolean taken(JavaClass ours) {
        return ours.getModifiers().contains(JavaModifier.PUBLIC)
                && USUAL.stream().anyMatch(p -> exists(p + "." + ours.getSimpleName()));
    }

    private static boolean exists(String name) {
        return PublicNamesTest.class.getResource("/" + name.replace('.', '/') + ".class") != null;
    }
}
