namespace StreamRuntime.Solution.Tests.Repository;

public sealed class TextRulesTests
{
    [Fact]
    public void FolderNames_InThisRepository_AreAllowed() => Assert.Empty(TextRules.FolderNames(RepositoryFiles.All));

    [Fact]
    public void RegistryHosts_InThisRepository_AreNowhere() => Assert.Empty(TextRules.RegistryHosts(RepositoryFiles.All));

    [Fact]
    public void MachinePaths_InThisRepository_AreNowhere() => Assert.Empty(TextRules.MachinePaths(RepositoryFiles.All));

    [Fact]
    public void DocumentationSuppressions_InThisRepository_AreNowhere() => Assert.Empty(TextRules.DocumentationSuppressions(RepositoryFiles.All));

    [Fact]
    public void All_ThisRepository_HoldsWhatTheRulesRead()
    {
        Assert.Contains(RepositoryFiles.All, f => f.Path == "StreamRuntime.sln");
        Assert.Contains(RepositoryFiles.All, f => f.Path == ".ci/run");
        Assert.NotEmpty(RepositoryFiles.Sources);
        Assert.NotEmpty(RepositoryFiles.SourceProjects);
    }

    [Theory]
    [InlineData("src/StreamRuntime/Utils/A.cs", 1)]
    [InlineData("tests/X/helpers/A.cs", 1)]
    [InlineData("src/StreamRuntime/Streams/Helpers.cs", 0)]
    public void FolderNames_Sample_IsFound(string path, int found) => Assert.Equal(found, TextRules.FolderNames([new(path, "")]).Count());

    [Theory]
    [InlineData("https://api.nuget" + ".org/v3/index.json", 1)]
    [InlineData("PYPI" + ".org", 1)]
    [InlineData("dotnet nuget push", 0)]
    public void RegistryHosts_Sample_IsFound(string text, int found) => Assert.Equal(found, TextRules.RegistryHosts([new("README.md", text)]).Count());

    [Theory]
    [InlineData("x = \"/ho" + "me/someone/file\"", 1)]
    [InlineData("cd /wo" + "rk/main", 1)]
    [InlineData("'/tm" + "p/data'", 1)]
    [InlineData("C:" + "\\Users\\x", 1)]
    [InlineData("https://example.com/home/page", 0)]
    [InlineData("network/work/load", 0)]
    [InlineData("'/home/me/.pgpass' and '/tmp/x/.s.PGSQL.5432'", 0)]
    [InlineData("/usr/lib/postgresql", 0)]
    public void MachinePaths_Sample_IsFound(string text, int found) => Assert.Equal(found, TextRules.MachinePaths([new("README.md", text)]).Count());

    [Theory]
    [InlineData("src/A/A.csproj", "<NoWarn>CA1;CS1591</NoWarn>", 1)]
    [InlineData("src/A/A.cs", "#pragma warning disable CS1591", 1)]
    [InlineData(".editorconfig", "dotnet_diagnostic.CS1591.severity = none", 1)]
    [InlineData("src/A/A.csproj", "<GenerateDocumentationFile>false</GenerateDocumentationFile>", 1)]
    [InlineData("tests/A/A.csproj", "<NoWarn>CS1591</NoWarn>", 0)]
    [InlineData("src/A/A.csproj", "<NoWarn>CA1416</NoWarn>", 0)]
    public void DocumentationSuppressions_Sample_IsFound(string path, string text, int found) =>
        Assert.Equal(found, TextRules.DocumentationSuppressions([new(path, text)]).Count());
}
