package io.github.dl4jqat;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/** The packages form a ladder; whoever adds a rung adds it here. */
@AnalyzeClasses(
        packages = "io.github.dl4jqat",
        importOptions = ImportOption.DoNotIncludeTests.class)
final class PackageLadderTest {

    private static final String ROOT = "io.github.dl4jqat";

    @ArchTest
    static final ArchRule packages_depend_only_on_lower_rungs =
            layeredArchitecture()
                    .consideringOnlyDependenciesInLayers()
                    .withOptionalLayers(true)
                    .layer("quant")
                    .definedBy(ROOT + ".quant..")
                    .layer("kernels")
                    .definedBy(ROOT + ".kernels..")
                    .layer("ops")
                    .definedBy(ROOT + ".ops..")
                    .layer("estimator")
                    .definedBy(ROOT + ".estimator..")
                    .layer("observer")
                    .definedBy(ROOT + ".observer..")
                    .layer("layers")
                    .definedBy(ROOT + ".layers..")
                    .layer("prepare")
                    .definedBy(ROOT + ".prepare..")
                    .layer("integer")
                    .definedBy(ROOT + ".integer..")
                    .layer("convert")
                    .definedBy(ROOT + ".convert..")
                    .layer("export")
                    .definedBy(ROOT + ".export..")
                    .layer("zoo")
                    .definedBy(ROOT + ".zoo..")
                    .layer("report")
                    .definedBy(ROOT + ".report..")
                    .layer("facade")
                    .definedBy(ROOT)
                    .whereLayer("quant")
                    .mayNotAccessAnyLayer()
                    .whereLayer("kernels")
                    .mayOnlyAccessLayers("quant")
                    .whereLayer("estimator")
                    .mayOnlyAccessLayers("quant", "kernels")
                    .whereLayer("ops")
                    .mayOnlyAccessLayers("quant", "kernels", "estimator")
                    .whereLayer("observer")
                    .mayOnlyAccessLayers("quant")
                    .whereLayer("layers")
                    .mayOnlyAccessLayers("quant", "kernels", "ops", "estimator", "observer")
                    .whereLayer("prepare")
                    .mayOnlyAccessLayers(
                            "quant", "kernels", "ops", "estimator", "observer", "layers")
                    .whereLayer("integer")
                    .mayOnlyAccessLayers("quant", "kernels")
                    .whereLayer("convert")
                    .mayOnlyAccessLayers(
                            "quant", "kernels", "ops", "estimator", "observer", "layers", "integer")
                    .whereLayer("export")
                    .mayOnlyAccessLayers("quant", "integer")
                    .whereLayer("zoo")
                    .mayOnlyAccessLayers("quant", "integer")
                    .whereLayer("report")
                    .mayOnlyAccessLayers(
                            "quant", "kernels", "ops", "estimator", "observer", "layers")
                    .whereLayer("facade")
                    .mayNotBeAccessedByAnyLayer();

    @ArchTest
    static final ArchRule packages_have_no_cycles =
            slices().matching(ROOT + ".(*)..").should().beFreeOfCycles();

    @ArchTest
    static final ArchRule integer_models_run_without_the_training_code =
            noClasses()
                    .that()
                    .resideInAnyPackage(ROOT + ".integer..", ROOT + ".export..", ROOT + ".zoo..")
                    .should()
                    .dependOnClassesThat()
                    .resideInAPackage("org.deeplearning4j..")
                    .allowEmptyShould(true);

    @ArchTest
    static final ArchRule arithmetic_needs_the_jdk_only =
            noClasses()
                    .that()
                    .resideInAPackage(ROOT + ".quant..")
                    .should()
                    .dependOnClassesThat()
                    .resideOutsideOfPackages("java..", ROOT + ".quant..");

    @ArchTest
    static final ArchRule kernels_need_the_jdk_and_the_arithmetic_only =
            noClasses()
                    .that()
                    .resideInAPackage(ROOT + ".kernels..")
                    .should()
                    .dependOnClassesThat()
                    .resideOutsideOfPackages("java..", ROOT + ".quant..", ROOT + ".kernels..");
}
