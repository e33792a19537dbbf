using System.Text.RegularExpressions;

namespace StreamRuntime.Solution.Tests.Repository;

/// <summary>What no file of the repository may hold.</summary>
public static partial class TextRules
{
    private static readonly string[] BannedFolders = ["Utils", "Helpers", "Common", "Infrastructure"];

    public static IEnumerable<string> FolderNames(IEnumerable<RepositoryFile> files) =>
        from file in files
        from folder in file.Folders
        where BannedFolders.Contains(folder, StringComparer.OrdinalIgnoreCase)
        select $"{file.Path}: a folder called {folder} says nothing about what is in it";

    public static IEnumerable<string> RegistryHosts(IEnumerable<RepositoryFile> files) => Matches(files, RegistryHost(), "names a package registry");

    public static IEnumerable<string> MachinePaths(IEnumerable<RepositoryFile> files) => Matches(files, MachinePath(), "holds a path of one machine");

    public static IEnumerable<string> DocumentationSuppressions(IEnumerable<RepositoryFile> files) =>
        Matches(files.Where(f => f.Path.StartsWith("src/", StringComparison.Ordinal) || !f.Path.Contains('/', StringComparison.Ordinal)), DocumentationSuppression(), "turns off the check that public members are documented");

    private static IEnumerable<string> Matches(IEnumerable<RepositoryFile> files, Regex pattern, string what) =>
        from file in files
        from line in file.Text.Split('\n').Select((text, i) => (Text: text, Number: i + 1))
        let match = pattern.Match(line.Text)
        where match.Success
        select $"{file.Path}:{line.Number}: {what}: {match.Value}";

    // Character classes keep the patterns from matching this file.
    [GeneratedRegex(@"\b(nuget[.]org|npmjs[.](com|org)|pypi[.]org|crates[.]io|pkgs[.]dev[.]azure|myget[.]org|proxy[.]golang[.]org|rubygems[.]org)\b", RegexOptions.IgnoreCase)]
    private static partial Regex RegistryHost();

    // "/home/me" and "/tmp/x" are what samples call them.
    [GeneratedRegex(@"(?<![\w.~*\]-])(/(work|root|Users)[/]\w[\w./-]*|/home[/](?!me\b)\w[\w./-]*|/tmp[/](?!x\b)[\w-][\w./-]*)|\b[A-Z]:\\Users[\\]")]
    private static partial Regex MachinePath();

    [GeneratedRegex(@"(NoWarn|pragma warning disable|dotnet_diagnostic|SuppressMessage).*1591|<GenerateDocumentationFile>\s*false", RegexOptions.IgnoreCase)]
    private static partial Regex DocumentationSuppression();
}
