using StreamRuntime.Solution.Tests.Repository;

namespace StreamRuntime.Solution.Tests.Dependencies;

public sealed class NamespaceRulesTests
{
    private static readonly SourceCode Ours = new(RepositoryFiles.Sources);

    [Fact]
    public void NamespaceIsFolder_InThisRepository_Holds() => Assert.Empty(NamespaceRules.NamespaceIsFolder(Ours));

    [Fact]
    public void RootUsesNoChild_InThisRepository_Holds() => Assert.Empty(NamespaceRules.RootUsesNoChild(Ours));

    [Fact]
    public void NoTwoUseEachOther_InThisRepository_Holds() => Assert.Empty(NamespaceRules.NoTwoUseEachOther(Ours));

    [Fact]
    public void LayersKnowOnlyThoseBelow_InThisRepository_Holds() => Assert.Empty(NamespaceRules.LayersKnowOnlyThoseBelow(Ours));

    [Fact]
    public void TimingKnowsNoWordOfTheRoot_InThisRepository_Holds() => Assert.Empty(NamespaceRules.TimingKnowsNoWordOfTheRoot(Ours));

    [Fact]
    public void ProtocolIsPure_InThisRepository_Holds() => Assert.Empty(NamespaceRules.ProtocolIsPure(Ours));

    [Fact]
    public void Uses_InThisRepository_AreFound() =>
        Assert.Contains(Ours.Uses, u => (u.From, u.To) == ("StreamRuntime.Sources", "StreamRuntime.Streams"));

    [Theory]
    [InlineData("src/StreamRuntime/Streams/A.cs", "namespace StreamRuntime.Streams;", 0)]
    [InlineData("src/StreamRuntime/Streams/A.cs", "namespace StreamRuntime;", 1)]
    [InlineData("src/StreamRuntime/A.cs", "namespace StreamRuntime.Streams;", 1)]
    [InlineData("src/StreamRuntime/Streams/A.cs", "class A;", 1)]
    [InlineData("src/StreamRuntime.Cli/Program.cs", "return 0;", 0)]
    [InlineData("src/StreamRuntime.Cli/Commands/Program.cs", "return 0;", 1)]
    [InlineData("src/StreamRuntime.DependencyInjection/A.cs", "namespace Microsoft.Extensions.DependencyInjection;", 0)]
    [InlineData("src/StreamRuntime.DependencyInjection/Health/A.cs", "namespace Microsoft.Extensions.DependencyInjection;", 1)]
    [InlineData("src/StreamRuntime.AspNetCore/A.cs", "namespace Microsoft.Extensions.DependencyInjection;", 1)]
    public void NamespaceIsFolder_Sample_IsFound(string path, string text, int found) =>
        Assert.Equal(found, NamespaceRules.NamespaceIsFolder(new SourceCode([new(path, text)])).Count());

    [Theory]
    [InlineData("using StreamRuntime.Streams;\nnamespace StreamRuntime;\nclass A;", 1)]
    [InlineData("using static StreamRuntime.Streams.Row;\nnamespace StreamRuntime;\nclass A;", 1)]
    [InlineData("using R = StreamRuntime.Streams.Row;\nnamespace StreamRuntime;\nclass A;", 1)]
    [InlineData("namespace StreamRuntime;\nclass A { Streams.Row? _row; }", 1)]
    [InlineData("namespace StreamRuntime;\nclass A { global::StreamRuntime.Streams.Row? _row; }", 1)]
    [InlineData("namespace StreamRuntime;\n/// <see cref=\"Streams.Row\"/>\nclass A { string _s = \"Streams.Row\"; }", 0)]
    [InlineData("namespace StreamRuntime;\nclass A { int N => Streams.Count; }", 0)]
    [InlineData("using System.Text;\nnamespace StreamRuntime;\nclass A;", 0)]
    public void RootUsesNoChild_Sample_IsFound(string root, int found) => Assert.Equal(
        found,
        NamespaceRules.RootUsesNoChild(new SourceCode(
        [
            new("src/StreamRuntime/A.cs", root),
            new("src/StreamRuntime/Streams/Row.cs", "namespace StreamRuntime.Streams;\npublic sealed class Row;"),
        ])).Count());

    [Theory]
    [InlineData("using StreamRuntime.Streams;", "using StreamRuntime.Sources;", 1)]
    [InlineData("using StreamRuntime.Streams;", "", 0)]
    [InlineData("", "", 0)]
    public void NoTwoUseEachOther_Sample_IsFound(string inSources, string inStreams, int found) => Assert.Equal(
        found,
        NamespaceRules.NoTwoUseEachOther(new SourceCode(
        [
            new("src/StreamRuntime/Sources/A.cs", inSources + "\nnamespace StreamRuntime.Sources;\nclass A;"),
            new("src/StreamRuntime/Streams/B.cs", inStreams + "\nnamespace StreamRuntime.Streams;\nclass B;"),
        ])).Count());

    [Fact]
    public void NoTwoUseEachOther_QualifiedNames_AreFound() => Assert.Single(
        NamespaceRules.NoTwoUseEachOther(new SourceCode(
        [
            new("src/StreamRuntime/Sources/A.cs", "namespace StreamRuntime.Sources;\nclass A { Streams.B? _b; }"),
            new("src/StreamRuntime/Streams/B.cs", "using StreamRuntime.Sources;\nnamespace StreamRuntime.Streams;\nclass B;"),
        ])));

    [Theory]
    [InlineData("Connections", "using StreamRuntime.Timing;\n", 0)]
    [InlineData("Connections", "using StreamRuntime.Streams;\n", 1)]
    [InlineData("Timing", "using StreamRuntime.Connections;\n", 1)]
    [InlineData("Timing", "using System.Threading;\n", 0)]
    [InlineData("Sources", "using StreamRuntime.Streams;\n", 0)]
    public void LayersKnowOnlyThoseBelow_Sample_IsFound(string folder, string head, int found) => Assert.Equal(
        found,
        NamespaceRules.LayersKnowOnlyThoseBelow(new SourceCode(
        [
            new($"src/StreamRuntime/{folder}/A.cs", $"{head}namespace StreamRuntime.{folder};\nclass A;"),
            new("src/StreamRuntime/Timing/Wheel.cs", "namespace StreamRuntime.Timing;\nclass Wheel;"),
            new("src/StreamRuntime/Streams/Row.cs", "namespace StreamRuntime.Streams;\nclass Row;"),
            new("src/StreamRuntime/Connections/Link.cs", "namespace StreamRuntime.Connections;\nclass Link;"),
        ])).Count());

    [Theory]
    [InlineData("ErrorKind _kind;", 1)]
    [InlineData("int _errorKind; /* ErrorKind */", 0)]
    public void TimingKnowsNoWordOfTheRoot_Sample_IsFound(string member, int found) => Assert.Equal(
        found,
        NamespaceRules.TimingKnowsNoWordOfTheRoot(new SourceCode(
        [
            new("src/StreamRuntime/ErrorKind.cs", "namespace StreamRuntime;\npublic enum ErrorKind;"),
            new("src/StreamRuntime/Timing/Wheel.cs", $"namespace StreamRuntime.Timing;\nclass Wheel {{ {member} }}"),
        ])).Count());

    [Theory]
    [InlineData("using StreamRuntime.Postgres.Transport;\n", "", 1)]
    [InlineData("", "Transport.Loop? _loop;", 1)]
    [InlineData("", "System.Net.Sockets.Socket? _socket;", 1)]
    [InlineData("", "async void Run() { }", 1)]
    [InlineData("", "int _async;", 0)]
    public void ProtocolIsPure_Sample_IsFound(string head, string member, int found) => Assert.Equal(
        found,
        NamespaceRules.ProtocolIsPure(new SourceCode(
        [
            new("src/StreamRuntime.Postgres/Protocol/A.cs", $"{head}namespace StreamRuntime.Postgres.Protocol;\nclass A {{ {member} }}"),
            new("src/StreamRuntime.Postgres/Transport/Loop.cs", "namespace StreamRuntime.Postgres.Transport;\nclass Loop { Socket? _s; }"),
        ])).Count());

    [Theory]
    [InlineData("a // x\nb", "a  \nb")]
    [InlineData("a /* x\n */ b", "a   b")]
    [InlineData("a \"x \\\" // y\" b", "a \"\" b")]
    [InlineData("a @\"x \"\" y\" b", "a \"\" b")]
    [InlineData("a '\"' b", "a \"\" b")]
    [InlineData("a \"\"\"x \" y\"\"\" b", "a \"\" b")]
    public void Strip_CommentOrLiteral_Goes(string code, string stripped) => Assert.Equal(stripped, SourceCode.Strip(code));
}
