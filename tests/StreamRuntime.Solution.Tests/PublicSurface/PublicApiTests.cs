using System.Reflection;
using System.Xml.Linq;
using StreamRuntime.Solution.Tests.Repository;

namespace StreamRuntime.Solution.Tests.PublicSurface;

/// <summary>Every library's public surface is a checked-in file, so that a change of it is seen in review.</summary>
public sealed class PublicApiTests
{
    private const string AcceptVariable = "STREAMRUNTIME_ACCEPT_API";
    private const string FileName = "PublicApi.txt";
    private const string ReferenceName = "Api.md";

    public static TheoryData<string> Libraries => [.. Names];

    private static bool IsAccepting => Environment.GetEnvironmentVariable(AcceptVariable) == "1";

    private static string[] Names =>
    [
        .. RepositoryFiles.SourceProjects
            .Where(p => !p.Text.Contains("<OutputType>Exe</OutputType>", StringComparison.Ordinal))
            .Select(p => Path.GetFileNameWithoutExtension(p.FileName)),
    ];

    [Theory]
    [MemberData(nameof(Libraries))]
    public void PublicApi_OfLibrary_IsTheCheckedInFile(string library)
    {
        // A library this project does not reference cannot be loaded: add the reference.
        IReadOnlyList<string> actual = Signatures.Of(TypeNames.Exported(Assembly.Load(library)));
        string file = Path.Combine(RepositoryFiles.Root, "src", library, FileName);
        if (IsAccepting)
        {
            File.WriteAllText(file, string.Concat(actual.Select(l => l + "\n")));
        }

        string[] accepted = File.Exists(file) ? File.ReadAllLines(file) : [];
        string difference = Difference(accepted, actual);
        Assert.True(
            difference.Length == 0,
            $"The public surface of {library} changed:\n{difference}If that is meant, run {AcceptVariable}=1 dotnet test -c Release tests/StreamRuntime.Solution.Tests and commit src/{library}/{FileName}.");
    }

    [Theory]
    [MemberData(nameof(Libraries))]
    public void ApiReference_OfLibrary_IsWhatItsDocumentationSays(string library)
    {
        string actual = ApiReference.Of(Assembly.Load(library), XDocument.Load(Path.Combine(AppContext.BaseDirectory, library + ".xml")));
        string file = Path.Combine(RepositoryFiles.Root, "src", library, ReferenceName);
        if (IsAccepting)
        {
            File.WriteAllText(file, actual);
        }

        Assert.True(
            File.Exists(file) && File.ReadAllText(file) == actual,
            $"src/{library}/{ReferenceName} is not what the documentation of {library} says now. Run {AcceptVariable}=1 dotnet test -c Release tests/StreamRuntime.Solution.Tests and commit it.");
    }

    [Fact]
    public void Libraries_OfThisRepository_AreFound() => Assert.Contains("StreamRuntime", Names);

    [Fact]
    public void Difference_Sample_NamesEveryChangedLine()
    {
        Assert.Equal("", Difference(["a", "b"], ["a", "b"]));
        Assert.Equal("- a\n+ c\n", Difference(["a", "b"], ["b", "c"]));
        Assert.Equal("+ a\n", Difference([], ["a"]));
        Assert.Equal("The lines are the same, but not in order.\n", Difference(["b", "a"], ["a", "b"]));
    }

    private static string Difference(IReadOnlyList<string> accepted, IReadOnlyList<string> actual)
    {
        string[] lines = [.. accepted.Except(actual).Select(l => $"- {l}\n"), .. actual.Except(accepted).Select(l => $"+ {l}\n")];
        return lines.Length > 0 || accepted.SequenceEqual(actual) ? string.Concat(lines) : "The lines are the same, but not in order.\n";
    }
}
