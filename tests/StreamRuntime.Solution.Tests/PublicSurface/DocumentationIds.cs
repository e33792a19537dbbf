using System.Reflection;

namespace StreamRuntime.Solution.Tests.PublicSurface;

/// <summary>What a member is called in a documentation file, as the C# language specification's annex on documentation comments says.</summary>
internal static class DocumentationIds
{
    public static string Of(MemberInfo member) => member switch
    {
        Type type => "T:" + Name(type),
        FieldInfo field => $"F:{Name(field.DeclaringType!)}.{field.Name}",
        EventInfo @event => $"E:{Name(@event.DeclaringType!)}.{@event.Name}",
        PropertyInfo property => $"P:{Name(property.DeclaringType!)}.{property.Name}{Parameters(property.GetIndexParameters(), property.DeclaringType!)}",
        MethodBase method => $"M:{Name(method.DeclaringType!)}.{Method(method)}",
        _ => throw new ArgumentException($"A {member.MemberType} has no documentation.", nameof(member)),
    };

    private static string Method(MethodBase method)
    {
        string name = method.IsConstructor ? "#ctor" : method.Name.Replace('.', '#');
        string generic = method.IsGenericMethodDefinition ? $"``{method.GetGenericArguments().Length}" : "";
        string result = method is MethodInfo { Name: "op_Implicit" or "op_Explicit" } conversion ? "~" + Name(conversion.ReturnType, method.DeclaringType) : "";
        return name + generic + Parameters(method.GetParameters(), method.DeclaringType!) + result;
    }

    private static string Parameters(ParameterInfo[] parameters, Type declaring) =>
        parameters.Length == 0 ? "" : $"({string.Join(",", parameters.Select(p => Name(p.ParameterType, declaring)))})";

    /// <summary>A type where it is used; without <paramref name="declaring"/> where it is declared.</summary>
    private static string Name(Type type, Type? declaring = null)
    {
        if (type.IsByRef)
        {
            return Name(type.GetElementType()!, declaring) + "@";
        }

        if (type.IsArray)
        {
            return $"{Name(type.GetElementType()!, declaring)}[{string.Join(",", Enumerable.Repeat(type.GetArrayRank() > 1 ? "0:" : "", type.GetArrayRank()))}]";
        }

        if (type.IsGenericParameter)
        {
            return (type.DeclaringMethod is null ? "`" : "``") + type.GenericParameterPosition;
        }

        string outer = type.DeclaringType is { } container ? Name(container) : type.Namespace!;
        if (declaring is null || !type.IsGenericType)
        {
            return $"{outer}.{type.Name}";
        }

        string bare = type.Name.Contains('`', StringComparison.Ordinal) ? type.Name[..type.Name.IndexOf('`', StringComparison.Ordinal)] : type.Name;
        return $"{outer}.{bare}{{{string.Join(",", type.GetGenericArguments().Select(a => Name(a, declaring)))}}}";
    }
}
