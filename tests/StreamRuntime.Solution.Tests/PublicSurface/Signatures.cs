using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace StreamRuntime.Solution.Tests.PublicSurface;

/// <summary>What other assemblies can see of a type, one line a member. What the compiler adds to records is left out.</summary>
public static class Signatures
{
    private const BindingFlags Declared = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    public static IReadOnlyList<string> Of(IEnumerable<Type> types) =>
        [.. types.SelectMany(Of).Order(StringComparer.Ordinal)];

    /// <summary>What can be seen of a type's members, each without the type's name. A delegate has none.</summary>
    public static IEnumerable<(MemberInfo Member, string Text)> MembersOf(Type type)
    {
        if (typeof(Delegate).IsAssignableFrom(type))
        {
            return [];
        }

        if (type.IsEnum)
        {
            return type.GetFields(BindingFlags.Public | BindingFlags.Static)
                .Select(f => ((MemberInfo)f, $"{f.Name} = {Convert.ToInt64(f.GetRawConstantValue(), CultureInfo.InvariantCulture)}"));
        }

        // A class nobody can derive from has nothing protected to show.
        return type.GetConstructors(Declared).Where(c => IsSeen(c, type)).Select(c => ((MemberInfo)c, $"{Access(c)}new({Parameters(c)})"))
            .Concat(type.GetFields(Declared).Where(f => (f.IsPublic || (IsProtected(f) && !type.IsSealed)) && !f.IsSpecialName).Select(f => ((MemberInfo)f, Field(f))))
            .Concat(type.GetEvents(Declared).Where(e => IsSeen(e.AddMethod!, type)).Select(e => ((MemberInfo)e, $"{Modifiers(e.AddMethod!)}event {e.Name}: {TypeNames.Of(e)}")))
            .Concat(type.GetProperties(Declared).Where(p => p.GetAccessors(nonPublic: true).Any(a => IsSeen(a, type))).Where(p => !IsGenerated(p.GetMethod)).Select(p => ((MemberInfo)p, Property(p, type))))
            .Concat(type.GetMethods(Declared)
                .Where(m => IsSeen(m, type) && !m.IsDefined(typeof(CompilerGeneratedAttribute)))
                .Where(m => !m.IsSpecialName || m.Name.StartsWith("op_", StringComparison.Ordinal))
                .Select(m => ((MemberInfo)m, $"{Access(m)}{Modifiers(m)}{Method(m, m.Name)}")));
    }

    /// <summary>What a type is, without its name.</summary>
    public static string HeadOf(Type type) => typeof(Delegate).IsAssignableFrom(type) ? $"delegate {Method(type.GetMethod("Invoke")!, "")}" : Head(type);

    private static IEnumerable<string> Of(Type type)
    {
        string name = TypeNames.Declaration(type);
        return MembersOf(type).Select(m => $"{name}.{m.Text}").Prepend($"{name}: {HeadOf(type)}");
    }

    private static string Head(Type type)
    {
        var words = new List<string>();
        if (type.IsEnum)
        {
            words.Add(type.IsDefined(typeof(FlagsAttribute)) ? "flags enum" : "enum");
            return $"{words[0]} {TypeNames.Of(Enum.GetUnderlyingType(type))}";
        }

        bool isRecord = type.GetMethod("<Clone>$", Declared) is not null || type.GetMethod("PrintMembers", Declared)?.IsDefined(typeof(CompilerGeneratedAttribute)) == true;
        if (type.IsInterface)
        {
            words.Add("interface");
        }
        else if (type.IsValueType)
        {
            words.Add((type.IsDefined(typeof(IsReadOnlyAttribute)) ? "readonly " : "") + (type.IsByRefLike ? "ref " : "") + (isRecord ? "record " : "") + "struct");
        }
        else
        {
            words.Add((type is { IsAbstract: true, IsSealed: true } ? "static " : type.IsAbstract ? "abstract " : type.IsSealed ? "sealed " : "") + (isRecord ? "record" : "class"));
        }

        if (type.BaseType is { } parent && parent != typeof(object) && parent != typeof(ValueType))
        {
            words.Add(TypeNames.Of(parent));
        }

        IEnumerable<Type> inherited = (type.BaseType?.GetInterfaces() ?? []).Concat(type.GetInterfaces().SelectMany(i => i.GetInterfaces()));
        words.AddRange(type.GetInterfaces().Except(inherited).Where(i => i.IsPublic || i.IsNestedPublic).Select(i => TypeNames.Of(i)).Order(StringComparer.Ordinal));
        return string.Join(", ", words) + TypeNames.Constraints(type.GetGenericArguments());
    }

    private static string Field(FieldInfo field) =>
        field.IsLiteral
            ? $"const {field.Name}: {TypeNames.Of(field)} = {Value(field.GetRawConstantValue(), field.FieldType)}"
            : $"{(field.IsFamily ? "protected " : "")}{(field.IsStatic ? "static " : "")}{(field.IsInitOnly ? "readonly " : "")}{field.Name}: {TypeNames.Of(field)}";

    private static string Property(PropertyInfo property, Type type)
    {
        MethodInfo first = property.GetAccessors(nonPublic: true).First(a => IsSeen(a, type));
        string accessors = string.Concat(
            property.GetMethod is { } get && IsSeen(get, type) ? " get;" : "",
            property.SetMethod is { } set && IsSeen(set, type) ? $" {Access(set)}{(IsInit(set) ? "init" : "set")};" : "");
        string index = property.GetIndexParameters() is { Length: > 0 } parameters ? $"[{string.Join(", ", parameters.Select(Parameter))}]" : "";
        string required = property.IsDefined(typeof(RequiredMemberAttribute)) ? "required " : "";
        return $"{Access(first)}{Modifiers(first)}{required}{property.Name}{index}: {TypeNames.Of(property)} {{{accessors} }}";
    }

    private static string Method(MethodInfo method, string name)
    {
        string generic = method.IsGenericMethodDefinition ? $"<{string.Join(", ", method.GetGenericArguments().Select(a => a.Name))}>" : "";
        return $"{name}{generic}({Parameters(method)}) -> {TypeNames.Of(method.ReturnParameter)}{TypeNames.Constraints(method.IsGenericMethodDefinition ? method.GetGenericArguments() : [])}";
    }

    private static string Parameters(MethodBase method) =>
        (method.IsDefined(typeof(ExtensionAttribute)) ? "this " : "") + string.Join(", ", method.GetParameters().Select(Parameter));

    private static string Parameter(ParameterInfo parameter)
    {
        string array = parameter.IsDefined(typeof(ParamArrayAttribute)) || parameter.IsDefined(typeof(ParamCollectionAttribute)) ? "params " : "";
        string value = parameter.HasDefaultValue ? $" = {Value(parameter.RawDefaultValue, parameter.ParameterType)}" : "";
        return $"{array}{TypeNames.Of(parameter)} {parameter.Name}{value}";
    }

    private static string Value(object? value, Type type)
    {
        Type bare = Nullable.GetUnderlyingType(type) ?? type;
        return value switch
        {
            null => type.IsValueType && bare == type ? "default" : "null",
            string text => $"\"{text.Replace("\n", "\\n", StringComparison.Ordinal)}\"",
            char letter => $"'{letter}'",
            bool yes => yes ? "true" : "false",
            _ when bare.IsEnum => $"{bare.Name}.{Enum.ToObject(bare, value)}",
            _ => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "",
        };
    }

    private static bool IsSeen(MethodBase method, Type type) => method.IsPublic || ((method.IsFamily || method.IsFamilyOrAssembly) && !type.IsSealed);

    private static bool IsProtected(FieldInfo field) => field.IsFamily || field.IsFamilyOrAssembly;

    private static string Access(MethodBase method) => method.IsPublic ? "" : "protected ";

    private static string Modifiers(MethodInfo method)
    {
        if (method.DeclaringType is { IsInterface: true })
        {
            return method.IsStatic ? "static " : method.IsAbstract ? "" : "virtual ";
        }

        bool isOverride = method.GetBaseDefinition() != method;
        return method.IsStatic ? "static " : isOverride ? "override " : method.IsAbstract ? "abstract " : method is { IsVirtual: true, IsFinal: false } ? "virtual " : "";
    }

    private static bool IsInit(MethodInfo set) => set.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit));

    // A record's EqualityContract: its getter is generated, but not for a backing field of a name of ours.
    private static bool IsGenerated(MethodInfo? get) => get?.Name == "get_EqualityContract";
}
