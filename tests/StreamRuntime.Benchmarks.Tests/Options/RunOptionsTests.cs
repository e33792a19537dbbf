using StreamRuntime.Benchmarks.Options;
using StreamRuntime.Benchmarks.Suites;

namespace StreamRuntime.Benchmarks.Tests.Options;

public class RunOptionsTests
{
    [Fact]
    public void Parse_Nothing_MeasuresEverythingAndRecordsNothing()
    {
        var options = RunOptions.Parse([]);

        Assert.Equal(AllSuites.Names, options.Suites);
        Assert.Null(options.Phase);
        Assert.Equal(1_000_000, options.Rows);
    }

    [Theory]
    [InlineData("-Suite", "postgres-cpu", "-Phase", "row-streams", "-Rounds", "9", "-Rows", "5000")]
    [InlineData("-suite", "postgres-cpu,postgres-cpu", "-ROUNDS", "9", "-rows", "5000", "-phase", "row-streams")]
    public void Parse_Options_AsPowerShellPassesThem(params string[] arguments)
    {
        var options = RunOptions.Parse(arguments);

        Assert.Equal(["postgres-cpu"], options.Suites);
        Assert.Equal("row-streams", options.Phase);
        Assert.Equal(9, options.Rounds);
        Assert.Equal(5000, options.Rows);
    }

    [Theory]
    [InlineData("-Suite", "nothing")]
    [InlineData("-Suite")]
    [InlineData("-Rounds", "0")]
    [InlineData("-Rounds", "many")]
    [InlineData("-Rounds")]
    [InlineData("-Phase", "a/../b")]
    [InlineData("-Phase", "a", "b")]
    [InlineData("-Report", "now")]
    [InlineData("-Gate")]
    [InlineData("-Gate", "main")]
    [InlineData("-Against")]
    [InlineData("-Against", "main", "other")]
    [InlineData("-Tolerance", "5")]
    [InlineData("-Against", "main", "-Tolerance", "-5")]
    [InlineData("-Against", "main", "-Tolerance", "5%")]
    [InlineData("-Against", "main", "-Tolerance", "1e3")]
    [InlineData("-Against", "main", "-Phase", "now")]
    [InlineData("-Against", "main", "-Report")]
    [InlineData("-Phase", "baseline")]
    [InlineData("-Colour")]
    [InlineData("postgres-cpu")]
    public void Parse_WhatMakesNoSense_IsWrongUsage(params string[] arguments) =>
        Assert.Equal(2, Assert.Throws<RunException>(() => RunOptions.Parse(arguments)).ExitCode);

    [Fact]
    public void Parse_Against_AllowsFivePercentAndFailsNothing()
    {
        var options = RunOptions.Parse(["-Against", "main"]);

        Assert.Equal(("main", false, 0.05), (options.Against, options.Gate, options.Tolerance));
        Assert.Null(options.Rounds);
        Assert.Null(options.NamedSuites);
    }

    [Theory]
    [InlineData("15", 0.15)]
    [InlineData("2.5", 0.025)]
    [InlineData("0", 0)]
    public void Parse_Gate_TakesATolerance(string percent, double tolerance)
    {
        var options = RunOptions.Parse(["-gate", "-quick", "-against", "HEAD~1", "-tolerance", percent]);

        Assert.Equal(("HEAD~1", true, true, tolerance), (options.Against, options.Gate, options.Quick, options.Tolerance));
    }

    // What the gate is checked with runs when it is named, and is nobody else's concern.
    [Fact]
    public void Parse_SelfCheck_IsKnownAndNotListed()
    {
        Assert.Equal(["self-check"], RunOptions.Parse(["-Suite", "self-check"]).Suites);
        Assert.DoesNotContain("self-check", RunOptions.Help, StringComparison.Ordinal);
        Assert.DoesNotContain("self-check", Assert.Throws<RunException>(() => RunOptions.Parse(["-Suite", "nothing"])).Message, StringComparison.Ordinal);
    }
}
