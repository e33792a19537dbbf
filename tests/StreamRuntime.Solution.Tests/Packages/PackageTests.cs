using System.Text;
using System.Xml.Linq;
using StreamRuntime.Solution.Tests.Repository;
using StreamRuntime.TestKit.Processes;

namespace StreamRuntime.Solution.Tests.Packages;

/// <summary>What <c>dotnet pack</c> makes is what people install.</summary>
public sealed class PackageTests(PackedFixture packed) : IClassFixture<PackedFixture>
{
    private const string Tool = "streamrt";
    private static readonly string[] Libraries = ["StreamRuntime", "StreamRuntime.AspNetCore", "StreamRuntime.DependencyInjection", "StreamRuntime.Postgres", "StreamRuntime.TestKit"];

    [Fact]
    public void Pack_MakesThePackagesAndNothingElse()
    {
        string[] names = [.. Directory.EnumerateFiles(packed.Folder, "*.nupkg").Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal)];

        Assert.Equal([.. Libraries.Append(Tool).Select(n => $"{n}.{PackedFixture.Version}.nupkg")], names);
    }

    [Fact]
    public void Packages_HaveReadmeLicenceChangesAndSymbols()
    {
        Assert.All(Libraries.Append(Tool), name =>
        {
            Dictionary<string, byte[]> package = PackedFixture.Read(PathOf(name, "nupkg"));
            XElement metadata = XDocument.Parse(Encoding.UTF8.GetString(package[name + ".nuspec"]).TrimStart('\uFEFF')).Root!.Elements().First();
            Assert.Equal("MIT", Value(metadata, "license"));
            Assert.Equal("README.md", Value(metadata, "readme"));
            Assert.NotEqual("Package Description", Value(metadata, "description"));
            Assert.StartsWith("# ", Encoding.UTF8.GetString(package["README.md"]), StringComparison.Ordinal);
            Assert.Contains("CHANGELOG.md", package.Keys);

            // The symbols of ours, and the documentation that editors show.
            Dictionary<string, byte[]> symbols = PackedFixture.Read(PathOf(name, "snupkg"));
            string[] assemblies = [.. package.Keys.Where(IsOurs)];
            Assert.NotEmpty(assemblies);
            Assert.All(assemblies, assembly => Assert.Contains(Path.ChangeExtension(assembly, ".pdb"), symbols.Keys));
            Assert.True(name == Tool || package.ContainsKey($"lib/net10.0/{name}.xml"));

            // Nothing of the machine that made it.
            byte[] root = Encoding.UTF8.GetBytes(RepositoryFiles.Root);
            Assert.All(
                package.Concat(symbols).Where(e => IsOurs(Path.ChangeExtension(e.Key, ".dll"))),
                e => Assert.True(e.Value.AsSpan().IndexOf(root) < 0, $"{e.Key} of {name} names the folder it was built in."));
        });
    }

    [Fact]
    public async Task Libraries_InAFreshProject_StreamRows()
    {
        string folder = TestFolder.Create("fresh");
        IEnumerable<string> references = Libraries.Select(l => $"""<PackageReference Include="{l}" Version="{PackedFixture.Version}" />""");
        await File.WriteAllTextAsync(
            Path.Combine(folder, "fresh.csproj"),
            $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup><OutputType>Exe</OutputType><TargetFramework>net10.0</TargetFramework><ImplicitUsings>enable</ImplicitUsings></PropertyGroup>
              <ItemGroup>{string.Concat(references)}</ItemGroup>
            </Project>
            """);
        await File.WriteAllTextAsync(
            Path.Combine(folder, "Program.cs"),
            """
            using StreamRuntime.AspNetCore;
            using StreamRuntime.Postgres.Configuration;
            using StreamRuntime.Sources;
            using StreamRuntime.Streams;

            await using JsonRowStream rows = JsonRowStream.Create(new SampleRowSource(1000, 100));
            await rows.PauseAsync();
            await rows.ResumeAsync();
            int count = 0;
            while (await rows.ReadBatchAsync())
            {
                count += rows.CurrentBatch.Count;
            }

            Console.WriteLine($"{count} {ConnectionString.Parse("postgres://db.example/shop").Database} {new StreamGatewayOptions().PingInterval.TotalSeconds}");
            """);

        Assert.Equal("1000 shop 15\n", await packed.RunDotnetAsync(folder, "run", "-c", "Release", "-v", "quiet"));
    }

    [Fact]
    public async Task Tool_Installed_StreamsRows()
    {
        string folder = TestFolder.Create("tool");
        await packed.RunDotnetAsync(folder, "tool", "install", Tool, "--version", PackedFixture.Version, "--tool-path", folder);

        byte[] rows = await CommandLine.RunAsync(Path.Combine(folder, Tool), ["query", "--source", "sample:rows=10,size=100,seed=1"]);

        Assert.Equal(10, rows.Count(b => b == (byte)'\n'));
    }

    [Fact]
    public async Task Pack_Again_MakesTheSame()
    {
        string project = Environment.GetEnvironmentVariable("STREAMRUNTIME_TEST_FULL") == "1" ? "StreamRuntime.sln" : "src/StreamRuntime";
        string once = TestFolder.Create("packages");
        string again = TestFolder.Create("packages");
        string artifacts = TestFolder.Create("artifacts");
        await PackedFixture.PackAsync(project, once, artifacts);

        // In the same place, since what generators make is compiled where it lies; and from nothing.
        Directory.Delete(artifacts, recursive: true);
        await PackedFixture.PackAsync(project, again, artifacts);

        string[] files = Directory.GetFiles(once);
        Assert.NotEmpty(files);
        Assert.All(files, file =>
        {
            Dictionary<string, byte[]> first = PackedFixture.Read(file);
            Dictionary<string, byte[]> second = PackedFixture.Read(Path.Combine(again, Path.GetFileName(file)));
            Assert.Equal(first.Keys.Order(StringComparer.Ordinal), second.Keys.Order(StringComparer.Ordinal));
            Assert.All(first, e => Assert.True(e.Value.AsSpan().SequenceEqual(second[e.Key]), $"{e.Key} of {Path.GetFileName(file)} differs."));
        });
    }

    private static bool IsOurs(string path) => path.EndsWith(".dll", StringComparison.Ordinal) && Path.GetFileName(path).StartsWith("StreamRuntime", StringComparison.Ordinal);

    private static string? Value(XElement metadata, string name) => metadata.Elements().FirstOrDefault(e => e.Name.LocalName == name)?.Value;

    private string PathOf(string name, string ending) => Path.Combine(packed.Folder, $"{name}.{PackedFixture.Version}.{ending}");
}
