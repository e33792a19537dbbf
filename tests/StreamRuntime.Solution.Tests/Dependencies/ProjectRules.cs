using System.Text.RegularExpressions;
using System.Xml.Linq;
using StreamRuntime.Solution.Tests.Repository;

namespace StreamRuntime.Solution.Tests.Dependencies;

/// <summary>Which project may know which.</summary>
public static partial class ProjectRules
{
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["StreamRuntime"] = [],
        ["StreamRuntime.Postgres"] = ["StreamRuntime"],
        ["StreamRuntime.AspNetCore"] = ["StreamRuntime"],
        ["StreamRuntime.DependencyInjection"] = ["StreamRuntime", "StreamRuntime.Postgres"],
        ["StreamRuntime.Cli"] = ["StreamRuntime", "StreamRuntime.Postgres", "StreamRuntime.AspNetCore"],
    };

    private static readonly string[] CorePackages =
        ["System.IO.Pipelines", "Microsoft.Extensions.ObjectPool", "Microsoft.Extensions.Logging.Abstractions"];

    public static IEnumerable<string> References(IEnumerable<RepositoryFile> projects)
    {
        foreach (RepositoryFile project in projects)
        {
            string name = NameOf(project.FileName);
            if (!Allowed.TryGetValue(name, out string[]? allowed))
            {
                yield return $"{project.Path}: src has no place for a project called {name}";
                continue;
            }

            foreach (string reference in Includes(project, "ProjectReference").Select(NameOf).Except(allowed))
            {
                yield return $"{project.Path}: {name} must not know {reference}";
            }

            if (name == "StreamRuntime")
            {
                foreach (string package in Includes(project, "PackageReference").Except(CorePackages))
                {
                    yield return $"{project.Path}: the core does without the package {package}";
                }
            }
        }
    }

    public static IEnumerable<string> Friends(IEnumerable<RepositoryFile> projects, IEnumerable<RepositoryFile> sources) =>
        projects.SelectMany(p => Includes(p, "InternalsVisibleTo").Select(f => (p.Path, Friend: f)))
            .Concat(sources.SelectMany(s => FriendAttribute().Matches(s.Text).Select(m => (s.Path, Friend: m.Groups[1].Value))))
            .Where(f => !f.Friend.EndsWith(".Tests", StringComparison.Ordinal) && f.Friend is not ("StreamRuntime.TestKit" or "StreamRuntime.Benchmarks"))
            .Select(f => $"{f.Path}: internals are for tests and benchmarks, not for {f.Friend}");

    private static IEnumerable<string> Includes(RepositoryFile project, string item) =>
        XDocument.Parse(project.Text).Descendants(item).Select(e => e.Attribute("Include")?.Value ?? "");

    private static string NameOf(string project)
    {
        string file = project[(project.LastIndexOfAny(['/', '\\']) + 1)..];
        return file.EndsWith(".csproj", StringComparison.Ordinal) ? file[..^".csproj".Length] : file;
    }

    [GeneratedRegex("""\bInternalsVisibleTo(?:Attribute)?\(\s*"([^",]+)""")]
    private static partial Regex FriendAttribute();
}
