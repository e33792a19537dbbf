using StreamRuntime.Benchmarks.Micro;
using StreamRuntime.Benchmarks.Options;
using StreamRuntime.Benchmarks.Results;
using StreamRuntime.Benchmarks.Suites;

namespace StreamRuntime.Benchmarks.Tests.Micro;

public sealed class MicroLineTests
{
    [Fact]
    public void Parse_OfWhatWasFormatted_IsTheSame()
    {
        var found = new CaseFigures("a \"state\" read", "µ", new Dictionary<string, double> { [Figure.CpuNs] = 0.1 + 0.2, [Figure.AllocatedBytes] = 0 }, HasExactBytes: true);

        string line = MicroLine.Format(found);
        CaseFigures parsed = MicroLine.Parse(line);

        Assert.DoesNotContain('\n', line);
        Assert.Equal((found.Situation, found.Subject, found.HasExactBytes), (parsed.Situation, parsed.Subject, parsed.HasExactBytes));
        Assert.Equal(found.Figures, parsed.Figures);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("// Validating benchmarks:")]
    public void Parse_OfAnythingElse_Fails(string line) => Assert.Throws<RunException>(() => MicroLine.Parse(line));
}
