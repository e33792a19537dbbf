using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace StreamRuntime.Solution.Tests.PublicSurface;

/// <summary>A library's reference for people: what is public, with what its documentation says, as Markdown.</summary>
internal static partial class ApiReference
{
    /// <summary>One page: a part for each namespace, a heading for each type, an item for each member.</summary>
    /// <param name="library">The built library.</param>
    /// <param name="documentation">The file that the compiler made of its documentation comments.</param>
    public static string Of(Assembly library, XDocument documentation)
    {
        var members = documentation.Descendants("member").ToDictionary(m => m.Attribute("name")!.Value);
        var page = new StringBuilder($"# {library.GetName().Name}\n\nMade from the documentation comments; not written by hand.\n");
        foreach (IGrouping<string?, Type> space in TypeNames.Exported(library).OrderBy(TypeNames.Declaration, StringComparer.Ordinal).GroupBy(t => t.Namespace).OrderBy(g => g.Key, StringComparer.Ordinal))
        {
            page.Append($"\n## {space.Key}\n");
            foreach (Type type in space)
            {
                AppendType(page, type, members);
            }
        }

        return page.ToString();
    }

    private static void AppendType(StringBuilder page, Type type, Dictionary<string, XElement> members)
    {
        XElement? said = Find(type, members);
        page.Append($"\n### {TypeNames.Declaration(type)[(type.Namespace!.Length + 1)..]}\n\n`{Signatures.HeadOf(type)}`\n");
        foreach (string part in (string[])["summary", "remarks"])
        {
            if (said?.Element(part) is { } element)
            {
                page.Append($"\n{Text(element)}\n");
            }
        }

        (MemberInfo Member, string Text)[] all = [.. Signatures.MembersOf(type).OrderBy(m => m.Member is FieldInfo ? 0 : m.Member is ConstructorInfo ? 1 : m.Member is PropertyInfo ? 2 : 3)];
        if (all.Length > 0)
        {
            page.Append('\n');
        }

        foreach ((MemberInfo member, string text) in all)
        {
            page.Append($"- `{text}`\n");
            if (Find(member, members) is { } of)
            {
                AppendDetails(page, of);
            }
        }
    }

    private static void AppendDetails(StringBuilder page, XElement said)
    {
        AppendDetail(page, "", said.Element("summary"));
        foreach (XElement parameter in said.Elements().Where(e => e.Name.LocalName is "param" or "typeparam"))
        {
            AppendDetail(page, $"`{parameter.Attribute("name")?.Value}`: ", parameter);
        }

        AppendDetail(page, "Returns: ", said.Element("returns"));
        AppendDetail(page, "", said.Element("remarks"));
        foreach (XElement exception in said.Elements("exception"))
        {
            AppendDetail(page, $"Throws `{Cited(exception)}`: ", exception);
        }
    }

    private static void AppendDetail(StringBuilder page, string label, XElement? element)
    {
        if (element is not null && Text(element) is { Length: > 0 } text)
        {
            page.Append($"  - {label}{text.Replace("\n\n", "\n\n    ", StringComparison.Ordinal)}\n");
        }
    }

    /// <summary>What is said of a member, by itself or by what it takes its documentation from.</summary>
    private static XElement? Find(MemberInfo member, Dictionary<string, XElement> members)
    {
        if (!members.TryGetValue(DocumentationIds.Of(member), out XElement? said) || said.Element("inheritdoc") is not { } inherited)
        {
            return said;
        }

        XElement? origin = inherited.Attribute("cref") is { } cited ? members.GetValueOrDefault(cited.Value)
            : Origins(member).Select(o => members.GetValueOrDefault(DocumentationIds.Of(o))).FirstOrDefault(o => o is not null);
        if (origin is null)
        {
            return said;
        }

        // What stands beside the inherited part is the member's own, and comes first.
        string[] own = [.. said.Elements().Select(e => e.Name.LocalName)];
        return new XElement(said.Name, said.Elements().Where(e => e.Name != "inheritdoc"), origin.Elements().Where(e => !own.Contains(e.Name.LocalName)));
    }

    private static IEnumerable<MemberInfo> Origins(MemberInfo member)
    {
        Type type = member.DeclaringType ?? (Type)member;
        IEnumerable<Type> parents = type.BaseType is { } parent ? type.GetInterfaces().Prepend(parent) : type.GetInterfaces();
        return parents
            .Select(p => p.IsGenericType ? p.GetGenericTypeDefinition() : p)
            .SelectMany(p => member is Type ? [p] : p.GetMember(member.Name).Where(m => m.MemberType == member.MemberType));
    }

    private static string Text(XElement element) => BlankRuns().Replace(string.Concat(element.Nodes().Select(Text)).Trim(), "\n\n");

    private static string Text(XNode node) => node switch
    {
        XText text => Blanks().Replace(text.Value, " "),
        XElement { Name.LocalName: "para" } paragraph => $"\n\n{Text(paragraph)}\n\n",
        XElement { Name.LocalName: "item" } item => $"\n\n* {Text(item)}\n\n",
        XElement { Name.LocalName: "code" } code => $"\n\n```csharp\n{code.Value.Trim()}\n```\n\n",
        XElement { Name.LocalName: "c" } code => $"`{code.Value}`",
        XElement { Name.LocalName: "paramref" or "typeparamref" } name => $"`{name.Attribute("name")?.Value}`",
        XElement { Name.LocalName: "see" or "seealso" } see => see.Value.Length > 0 ? Text(see) : see.Attribute("langword") is { } word ? $"`{word.Value}`" : $"`{Cited(see)}`",
        XElement other => Text(other),
        _ => "",
    };

    /// <summary>The last part of what a reference names, with the type where it is a member.</summary>
    private static string Cited(XElement element)
    {
        string id = element.Attribute("cref")?.Value ?? element.Attribute("href")?.Value ?? "";
        if (id.Length < 2 || id[1] != ':')
        {
            return id;
        }

        bool isType = id[0] == 'T' || id.Contains("#ctor", StringComparison.Ordinal);
        string name = Arity().Replace(id[2..].Split('(')[0], "").Replace(".#ctor", "", StringComparison.Ordinal);
        return string.Join('.', name.Split('.').TakeLast(isType ? 1 : 2));
    }

    [GeneratedRegex(@"\s+")]
    private static partial Regex Blanks();

    [GeneratedRegex(@" *\n\n\s*")]
    private static partial Regex BlankRuns();

    [GeneratedRegex(@"`+\d+")]
    private static partial Regex Arity();
}
