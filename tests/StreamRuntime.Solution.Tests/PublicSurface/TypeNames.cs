using System.Reflection;

namespace StreamRuntime.Solution.Tests.PublicSurface;

/// <summary>Types as C# writes them, with nullability.</summary>
internal static class TypeNames
{
    /// <summary>What other assemblies can see, without the types in which the compiler keeps the signatures of extension members.</summary>
    public static IEnumerable<Type> Exported(Assembly library) => library.GetExportedTypes().Where(t => !t.FullName!.Contains('<', StringComparison.Ordinal));

    private static readonly Dictionary<Type, string> Keywords = new()
    {
        [typeof(void)] = "void", [typeof(object)] = "object", [typeof(string)] = "string", [typeof(bool)] = "bool", [typeof(char)] = "char",
        [typeof(byte)] = "byte", [typeof(sbyte)] = "sbyte", [typeof(short)] = "short", [typeof(ushort)] = "ushort", [typeof(int)] = "int",
        [typeof(uint)] = "uint", [typeof(long)] = "long", [typeof(ulong)] = "ulong", [typeof(float)] = "float", [typeof(double)] = "double",
        [typeof(decimal)] = "decimal", [typeof(nint)] = "nint", [typeof(nuint)] = "nuint",
    };

    /// <summary>A type's own full name, with its type parameters.</summary>
    public static string Declaration(Type type)
    {
        string name = type.DeclaringType is { } outer ? $"{Declaration(outer)}.{Bare(type.Name)}" : $"{type.Namespace}.{Bare(type.Name)}";
        Type[] own = [.. type.GetGenericArguments().Skip(type.DeclaringType?.GetGenericArguments().Length ?? 0)];
        return own.Length == 0 ? name : $"{name}<{string.Join(", ", own.Select(a => a.Name))}>";
    }

    public static string Of(PropertyInfo property) => Of(property.PropertyType, new NullabilityInfoContext().Create(property));

    public static string Of(FieldInfo field) => Of(field.FieldType, new NullabilityInfoContext().Create(field));

    public static string Of(EventInfo member) => Of(member.EventHandlerType!, new NullabilityInfoContext().Create(member));

    public static string Of(ParameterInfo parameter)
    {
        string direction = !parameter.ParameterType.IsByRef ? ""
            : parameter.Position < 0 ? (parameter.GetRequiredCustomModifiers().Any(m => m.Name == "InAttribute") ? "ref readonly " : "ref ")
            : parameter.IsOut ? "out " : parameter.IsIn ? "in " : "ref ";
        return direction + Of(parameter.ParameterType, new NullabilityInfoContext().Create(parameter));
    }

    public static string Of(Type type, NullabilityInfo? nullability = null)
    {
        if (type.IsByRef)
        {
            return Of(type.GetElementType()!, nullability?.ElementType ?? nullability);
        }

        if (Nullable.GetUnderlyingType(type) is { } underlying)
        {
            return Of(underlying) + "?";
        }

        string mark = !type.IsValueType && nullability is { } n && (n.ReadState == NullabilityState.Nullable || n.WriteState == NullabilityState.Nullable) ? "?" : "";
        if (type.IsArray)
        {
            return $"{Of(type.GetElementType()!, nullability?.ElementType)}[{new string(',', type.GetArrayRank() - 1)}]{mark}";
        }

        if (type.IsPointer)
        {
            return Of(type.GetElementType()!) + "*";
        }

        string name = Keywords.GetValueOrDefault(type) ?? (type is { IsNested: true, IsGenericParameter: false } ? $"{Bare(type.DeclaringType!.Name)}.{Bare(type.Name)}" : Bare(type.Name));
        Type[] arguments = type.GetGenericArguments();
        if (arguments.Length == 0)
        {
            return name + mark;
        }

        NullabilityInfo[] parts = nullability?.GenericTypeArguments ?? [];
        return $"{name}<{string.Join(", ", arguments.Select((a, i) => Of(a, i < parts.Length ? parts[i] : null)))}>{mark}";
    }

    public static string Constraints(IEnumerable<Type> parameters) => string.Concat(
        from parameter in parameters
        where parameter.IsGenericParameter
        let words = Words(parameter).ToArray()
        where words.Length > 0
        select $" where {parameter.Name} : {string.Join(", ", words)}");

    private static IEnumerable<string> Words(Type parameter)
    {
        GenericParameterAttributes flags = parameter.GenericParameterAttributes;
        if (flags.HasFlag(GenericParameterAttributes.NotNullableValueTypeConstraint))
        {
            yield return "struct";
        }
        else if (flags.HasFlag(GenericParameterAttributes.ReferenceTypeConstraint))
        {
            yield return "class";
        }

        foreach (Type type in parameter.GetGenericParameterConstraints().Where(t => t != typeof(ValueType)))
        {
            yield return Of(type);
        }

        if (flags.HasFlag(GenericParameterAttributes.DefaultConstructorConstraint) && !flags.HasFlag(GenericParameterAttributes.NotNullableValueTypeConstraint))
        {
            yield return "new()";
        }
    }

    private static string Bare(string name) => name.Contains('`', StringComparison.Ordinal) ? name[..name.IndexOf('`', StringComparison.Ordinal)] : name;
}
