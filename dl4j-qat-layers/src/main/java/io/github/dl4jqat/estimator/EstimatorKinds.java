package io.github.dl4jqat.estimator;

import org.nd4j.shade.jackson.annotation.JsonTypeInfo;
import org.nd4j.shade.jackson.databind.DatabindContext;
import org.nd4j.shade.jackson.databind.JavaType;
import org.nd4j.shade.jackson.databind.jsontype.impl.TypeIdResolverBase;

/**
 * From an estimator to the word for it in JSON and back. Kinds of this package have a name; one of
 * somebody else's is written under its class name, so that nobody has to register it.
 */
public final class EstimatorKinds extends TypeIdResolverBase {

    private JavaType base;

    @Override
    public void init(JavaType baseType) {
        base = baseType;
    }

    @Override
    public String idFromValue(Object value) {
        return idFromValueAndType(value, value.getClass());
    }

    @Override
    public String idFromValueAndType(Object value, Class<?> type) {
        String name = GradientEstimators.nameOf(type);
        return name == null ? type.getName() : name;
    }

    @Override
    public JavaType typeFromId(DatabindContext context, String id) {
        Class<?> type = GradientEstimators.typeOf(id);
        return context.constructSpecializedType(base, type == null ? load(id) : type);
    }

    private static Class<?> load(String className) {
        ClassLoader loader = Thread.currentThread().getContextClassLoader();
        try {
            Class<?> type =
                    Class.forName(
                            className,
                            false,
                            loader == null ? EstimatorKinds.class.getClassLoader() : loader);
            if (GradientEstimator.class.isAssignableFrom(type)) {
                return type;
            }
        } catch (ClassNotFoundException e) {
            throw unknown(className, e);
        }
        throw unknown(className, null);
    }

    private static IllegalArgumentException unknown(String id, Throwable cause) {
        return new IllegalArgumentException(
                "Unknown gradient estimator '"
                        + id
                        + "'; known are "
                        + GradientEstimators.names()
                        + ", and the class names of estimators on the class path",
                cause);
    }

    @Override
    public JsonTypeInfo.Id getMechanism() {
        return JsonTypeInfo.Id.CUSTOM;
    }
}
