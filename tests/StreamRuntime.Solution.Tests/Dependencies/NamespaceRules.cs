using System.Text.RegularExpressions;
using StreamRuntime.Solution.Tests.Repository;

namespace StreamRuntime.Solution.Tests.Dependencies;

/// <summary>Which namespace may know which.</summary>
public static partial class NamespaceRules
{
    private static readonly string[] PureFolders = ["Protocol", "Authentication"];

    // The layers of the core that others build on, and all that each may know besides the root's words.
    private static readonly Dictionary<string, string[]> Layers = new()
    {
        ["StreamRuntime.Timing"] = [],
        ["StreamRuntime.Connections"] = ["StreamRuntime.Timing", "StreamRuntime.Diagnostics"],
        ["StreamRuntime.Diagnostics"] = [],
    };

    public static IEnumerable<string> NamespaceIsFolder(SourceCode code) =>
        from file in code.Files
        let expected = string.Join('.', file.File.Folders.Skip(1))
        where file.Namespace != expected && !(file.Namespace is null && MayHaveNoNamespace(file.File)) && !IsWhereHostsLook(file.File, file.Namespace)
        select $"{file.File.Path}: its namespace is {file.Namespace ?? "missing"}, its folder says {expected}";

    public static IEnumerable<string> RootUsesNoChild(SourceCode code) =>
        from use in code.Uses
        where use.From == RootOf(use.File) && use.To.StartsWith(use.From + ".", StringComparison.Ordinal) && RootsOf(code).All(r => r == use.From || !IsWithin(use.To, r))
        select $"{use.File}: the root namespace {use.From} uses its child {use.To}";

    public static IEnumerable<string> NoTwoUseEachOther(SourceCode code)
    {
        ILookup<(string From, string To), string> uses = code.Uses.ToLookup(u => (u.From, u.To), u => u.File);
        return from use in uses
               let back = (use.Key.To, use.Key.From)
               where uses.Contains(back) && string.CompareOrdinal(use.Key.From, use.Key.To) < 0
               select $"{use.Key.From} and {use.Key.To} use each other: {string.Join(", ", use)} against {string.Join(", ", uses[back])}";
    }

    public static IEnumerable<string> LayersKnowOnlyThoseBelow(SourceCode code) =>
        from use in code.Uses
        where Layers.TryGetValue(use.From, out string[]? below) && !below.Contains(use.To)
        select $"{use.File}: {use.From} must not know {use.To}";

    public static IEnumerable<string> TimingKnowsNoWordOfTheRoot(SourceCode code) =>
        from file in code.Files
        where file.Namespace == "StreamRuntime.Timing"
        from word in code.TypesIn("StreamRuntime")
        where Regex.IsMatch(file.Code, $@"\b{word}\b")
        select $"{file.File.Path}: timing needs nothing else of the project; what does {word} do here?";

    public static IEnumerable<string> ProtocolIsPure(SourceCode code) =>
        (from use in code.Uses
         where IsPure(use.File) && use.To.Split('.').Contains("Transport")
         select $"{use.File}: {use.From} uses {use.To}")
        .Concat(
            from file in code.Files
            where IsPure(file.File.Path)
            let word = ImpureWord().Match(file.Code)
            where word.Success
            select $"{file.File.Path}: bytes in, messages out; what does {word.Value} do here?");

    private static bool IsPure(string path) => path.Split('/').SkipLast(1).Any(PureFolders.Contains);

    private static bool MayHaveNoNamespace(RepositoryFile file) =>
        file.FileName is "AssemblyInfo.cs" or "GlobalUsings.cs" || (file.FileName == "Program.cs" && file.Folders.Count() == 2);

    // What is called on a host's services stands where every host has it in sight, as is usual.
    private static bool IsWhereHostsLook(RepositoryFile file, string? name) =>
        name == "Microsoft.Extensions.DependencyInjection" && file.Folders.SequenceEqual(["src", "StreamRuntime.DependencyInjection"]);

    private static string RootOf(string path) => path.Split('/')[1];

    private static IEnumerable<string> RootsOf(SourceCode code) => code.Files.Select(f => RootOf(f.File.Path)).Distinct();

    // StreamRuntime.Postgres is a project of its own, no child of the core's root.
    private static bool IsWithin(string name, string root) =>
        root.Length > 0 && root.Contains('.', StringComparison.Ordinal) && (name == root || name.StartsWith(root + ".", StringComparison.Ordinal));

    [GeneratedRegex(@"\b(async|await|Task|ValueTask|TimeProvider|Socket|NetworkStream|SslStream|PipeReader|PipeWriter)\b")]
    private static partial Regex ImpureWord();
}
