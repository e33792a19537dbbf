using StreamRuntime.Solution.Tests.Repository;

namespace StreamRuntime.Solution.Tests.Dependencies;

public sealed class ProjectRulesTests
{
    [Fact]
    public void References_InThisRepository_AreAllowed() => Assert.Empty(ProjectRules.References(RepositoryFiles.SourceProjects));

    [Fact]
    public void Friends_InThisRepository_AreTestsAndBenchmarks() =>
        Assert.Empty(ProjectRules.Friends(RepositoryFiles.SourceProjects, RepositoryFiles.Sources));

    [Theory]
    [InlineData("StreamRuntime", "<ProjectReference Include=\"../StreamRuntime.Postgres/StreamRuntime.Postgres.csproj\" />", 1)]
    [InlineData("StreamRuntime", "<PackageReference Include=\"Npgsql\" />", 1)]
    [InlineData("StreamRuntime", "<PackageReference Include=\"System.IO.Pipelines\" />", 0)]
    [InlineData("StreamRuntime.Postgres", "<ProjectReference Include=\"..\\StreamRuntime\\StreamRuntime.csproj\" />", 0)]
    [InlineData("StreamRuntime.Postgres", "<ProjectReference Include=\"../StreamRuntime.AspNetCore/StreamRuntime.AspNetCore.csproj\" />", 1)]
    [InlineData("StreamRuntime.AspNetCore", "<ProjectReference Include=\"../StreamRuntime.Postgres/StreamRuntime.Postgres.csproj\" />", 1)]
    [InlineData("StreamRuntime.DependencyInjection", "<ProjectReference Include=\"../StreamRuntime.AspNetCore/StreamRuntime.AspNetCore.csproj\" />", 1)]
    [InlineData("StreamRuntime.Cli", "<ProjectReference Include=\"../StreamRuntime.Postgres/StreamRuntime.Postgres.csproj\" />", 0)]
    [InlineData("StreamRuntime.Extras", "", 1)]
    public void References_Sample_IsFound(string project, string item, int found) =>
        Assert.Equal(found, ProjectRules.References([Project(project, item)]).Count());

    [Theory]
    [InlineData("StreamRuntime.Tests", 0)]
    [InlineData("StreamRuntime.Benchmarks", 0)]
    [InlineData("StreamRuntime.Postgres", 1)]
    public void Friends_Sample_IsFound(string friend, int found)
    {
        Assert.Equal(found, ProjectRules.Friends([Project("StreamRuntime", $"<InternalsVisibleTo Include=\"{friend}\" />")], []).Count());
        Assert.Equal(found, ProjectRules.Friends([], [new("src/StreamRuntime/A.cs", $"[assembly: InternalsVisibleTo(\"{friend}\")]")]).Count());
    }

    private static RepositoryFile Project(string name, string item) =>
        new($"src/{name}/{name}.csproj", $"<Project Sdk=\"Microsoft.NET.Sdk\"><ItemGroup>{item}</ItemGroup></Project>");
}
