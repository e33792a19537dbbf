using System.Text.RegularExpressions;
using StreamRuntime.Solution.Tests.Repository;

namespace StreamRuntime.Solution.Tests.Dependencies;

/// <summary>The namespaces of a set of source files, and which uses which.</summary>
public sealed partial class SourceCode
{
    private readonly List<(RepositoryFile File, string Code, string? Namespace)> _files;
    private readonly ILookup<string, string> _typesByNamespace;

    public SourceCode(IEnumerable<RepositoryFile> files)
    {
        _files = [.. files.Select(f => (f, Code: Strip(f.Text), Namespace: (string?)null)).Select(f => (f.f, f.Code, NamespaceOf(f.Code)))];
        _typesByNamespace = _files
            .Where(f => f.Namespace?.StartsWith("StreamRuntime", StringComparison.Ordinal) == true) // a namespace that is not ours has types of others, whom everybody may use
            .SelectMany(f => TypePattern().Matches(f.Code).Select(m => (f.Namespace, Type: m.Groups[1].Value)))
            .ToLookup(t => t.Namespace!, t => t.Type);
        Uses = [.. _files.SelectMany(UsesOf).Distinct()];
    }

    /// <summary>Every use of one namespace by another; a child's use of its parents, which needs no word, is left out.</summary>
    public IReadOnlyList<(string File, string From, string To)> Uses { get; }

    /// <summary>Each file with its code, free of comments and literals, and its namespace.</summary>
    public IEnumerable<(RepositoryFile File, string Code, string? Namespace)> Files => _files;

    /// <summary>The names of a namespace's types.</summary>
    public IEnumerable<string> TypesIn(string name) => _typesByNamespace[name].Distinct();

    /// <summary>Code without comments, strings and characters, so that words in them do not count.</summary>
    public static string Strip(string text) => CommentsAndLiterals().Replace(text, m => m.Value.StartsWith('/') ? " " : "\"\"");

    private static string? NamespaceOf(string code) => NamespacePattern().Match(code) is { Success: true } m ? m.Groups[1].Value : null;

    // Top-level programs belong to no namespace: they are where the parts meet.
    private IEnumerable<(string File, string From, string To)> UsesOf((RepositoryFile File, string Code, string? Namespace) file)
    {
        if (file.Namespace is not { } from)
        {
            return [];
        }

        IEnumerable<string> named = UsingPattern().Matches(file.Code).Select(m => Nearest(m.Groups[1].Value));
        IEnumerable<string> qualified = _typesByNamespace.Select(n => n.Key).Where(n => IsQualifiedIn(file.Code, from, n));
        return named.Concat(qualified).Where(to => to.Length > 0 && to != from).Distinct().Select(to => (file.File.Path, from, to));
    }

    // "using static A.B.Type" and "using X = A.B.Type" name a type; what counts is the longest namespace in front.
    private string Nearest(string name)
    {
        for (string at = name; at.Length > 0; at = at[..Math.Max(at.LastIndexOf('.'), 0)])
        {
            if (_typesByNamespace.Contains(at))
            {
                return at;
            }
        }

        return name.StartsWith("StreamRuntime.", StringComparison.Ordinal) ? name : "";
    }

    // In full, or from any namespace around: inside A.B, "C.Type" may mean A.C.Type.
    private bool IsQualifiedIn(string code, string from, string to)
    {
        for (string around = from; ; around = around[..Math.Max(around.LastIndexOf('.'), 0)])
        {
            string? name = around.Length == 0 ? to : to.StartsWith(around + ".", StringComparison.Ordinal) ? to[(around.Length + 1)..] : null;
            if (name is not null && Regex.Matches(code, $@"(?<![\w.]){Regex.Escape(name)}\s*\.\s*(\w+)").Any(m => _typesByNamespace[to].Contains(m.Groups[1].Value)))
            {
                return true;
            }

            if (around.Length == 0)
            {
                return false;
            }
        }
    }

    [GeneratedRegex(""""//[^\n]*|/\*.*?\*/|(\$*)"""(?s:.*?)"""|[$@]*@[$]?"(?:""|[^"])*"|\$?"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])+'"""", RegexOptions.Singleline)]
    private static partial Regex CommentsAndLiterals();

    [GeneratedRegex(@"^\s*namespace\s+([\w.]+)", RegexOptions.Multiline)]
    private static partial Regex NamespacePattern();

    [GeneratedRegex(@"^\s*(?:global\s+)?using\s+(?:static\s+)?(?:\w+\s*=\s*)?(?:global::)?(\w[\w.]*)[^;(]*;", RegexOptions.Multiline)]
    private static partial Regex UsingPattern();

    [GeneratedRegex(@"\b(?:class|struct|interface|enum|record|delegate\s+[\w<>\[\]?.,]+)\s+(?!struct\b|class\b)(\w+)")]
    private static partial Regex TypePattern();
}
