package io.github.dl4jqat.examples.cli;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** Marks an option as a place that the command writes to; {@link Outputs} looks at it first. */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.FIELD)
@interface Writes {

    /** Whether it is a folder, which is made if it is not there, and not a file. */
    boolean folder() default false;
}
