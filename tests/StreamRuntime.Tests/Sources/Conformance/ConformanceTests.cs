using StreamRuntime.TestKit.Conformance;

namespace StreamRuntime.Tests.Sources.Conformance;

/// <summary>The built-in sources keep the rules that a driver's author is held to.</summary>
public sealed class ConformanceTests
{
    // Another source is one more line, with a class that says how it is opened.
    private static readonly Dictionary<string, SourceUnderTest> Sources = new()
    {
        ["sample"] = new SampleSubject(),
        ["data table"] = new DataTableSubject(),
        ["NDJSON memory"] = new NdjsonMemorySubject(),
        ["NDJSON file"] = new NdjsonFileSubject(),
        ["NDJSON stream"] = new NdjsonPipeSubject(asStream: true),
        ["NDJSON pipe"] = new NdjsonPipeSubject(asStream: false),
    };

    public static TheoryData<string, string> Rules
    {
        get
        {
            var all = new TheoryData<string, string>();
            foreach ((string name, SourceUnderTest source) in Sources)
            {
                foreach (string rule in RowSourceConformance.NamesFor(source.Abilities))
                {
                    all.Add(name, rule);
                }
            }

            return all;
        }
    }

    [Theory]
    [MemberData(nameof(Rules))]
    public Task Source_KeepsTheRule(string source, string rule) => RowSourceConformance.RunAsync(rule, Sources[source]);
}
